#pragma once

#include "mail/result.hpp"
#include "relay/net/coro.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace net {

/// How many addresses of one name are tried.
inline constexpr std::size_t tried_addresses = 8;
/// How long one address may be silent before the next is tried beside it (RFC 8305 section 8).
inline constexpr auto connection_attempt_delay = std::chrono::milliseconds(250);

/// The order of RFC 8305 section 4: IPv6 first, then the families by turns, each in the order
/// given; no more than `tried_addresses`.
[[nodiscard]] std::vector<asio::ip::tcp::endpoint> by_turns(
    std::span<const asio::ip::tcp::endpoint> found);

/// Connects once, to the first of a name's addresses that answers ("happy eyeballs", RFC 8305). The
/// name is looked up each time. Lives on one thread.
class Connecting {
 public:
  /// All of it takes `within` at most, counted from to() or to_first_of().
  Connecting(const asio::any_io_executor& executor,
             std::chrono::milliseconds within,
             std::chrono::milliseconds attempt_delay = connection_attempt_delay);

  /// `host` is a name or a literal address. The failure is a sentence that names each address
  /// tried. The Connecting outlives the awaitable.
  asio::awaitable<mail::Result<asio::ip::tcp::socket>> to(std::string host, std::uint16_t port);
  /// The same for known addresses, in their order; the failure is the list of those tried.
  asio::awaitable<mail::Result<asio::ip::tcp::socket>> to_first_of(
      const std::vector<asio::ip::tcp::endpoint>& addresses);
  /// Ends it at once, also before it begins.
  void abort();

 private:
  class Race;
  std::shared_ptr<Race> race_;  ///< shared with handlers that may come after the end
  std::chrono::milliseconds within_;
};

}  // namespace net
