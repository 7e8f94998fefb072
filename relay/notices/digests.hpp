#pragma once

#include "policy/digest.hpp"
#include "relay/config/config.hpp"
#include "relay/net/clock.hpp"
#include "relay/net/coro.hpp"
#include "relay/notices/audience.hpp"
#include "relay/observe/log.hpp"
#include "relay/spool/store.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace notices {

/// How far the digests are. Kept in the store with each digest that it accepts, so that a restart
/// leaves none out and sends none twice.
struct DigestState {
  spool::WallTime at{};        ///< of the last round
  std::int64_t told_to = 0;    ///< the number of the last refusal that was told of
  std::int64_t until = 0;      ///< of a round that is under way: as far as it tells; 0: none is
  std::set<std::string> done;  ///< of that round: apps that have theirs; `*` is the operator

  [[nodiscard]] std::string text() const;
  /// Nothing if it is no such text.
  [[nodiscard]] static std::optional<DigestState> parse(std::string_view text);
};

/// Tells each app's contact, and the operator of all apps, what was refused since the last time and
/// what is held: one mail each, none where nothing happened. Lives on one executor.
class Digests : public std::enable_shared_from_this<Digests> {
 public:
  static constexpr std::string_view note = "digests";
  struct Parts {
    boost::asio::any_io_executor executor;
    spool::Store& store;
    net::Clock& clock;
    observe::Log& log;
    net::ExceptionSink sink;
    std::function<Audience()> audience;
    Mail mail;
    std::function<void(const policy::Digest&)> post;  ///< of all apps, to the webhook
  };
  struct Settings {
    std::chrono::seconds every{};  ///< 0: never
    config::LogAddresses addresses{};
  };

  /// \param kept what the store kept of the note
  /// \param last_refusal the number of the newest refusal in the store
  Digests(Parts parts, Settings settings, std::string_view kept, std::int64_t last_refusal);

  void start();
  void stop();
  void reload(Settings settings);

 private:
  net::asio::awaitable<void> run();
  net::asio::awaitable<bool> round();
  net::asio::awaitable<std::optional<std::uint64_t>> fold(policy::RefusalFold& fold);
  net::asio::awaitable<bool> tell(const std::string& app,
                                  const policy::Digest& digest,
                                  const std::string& to);
  [[nodiscard]] policy::Digest digest(const policy::RefusalFold& fold,
                                      const std::string& app,
                                      std::uint64_t forgotten,
                                      const Audience& audience) const;
  [[nodiscard]] std::chrono::milliseconds until_next();
  void take(policy::RefusalFold& fold, policy::Event refusal) const;

  Parts parts_;
  Settings settings_;
  DigestState state_;
  std::string address_key_;  ///< of hashed addresses
  net::asio::steady_timer timer_;
  bool stopped_ = false;
};

}  // namespace notices
