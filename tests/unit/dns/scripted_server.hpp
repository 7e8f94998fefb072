#pragma once

#include "packet.hpp"

#include "relay/config/config.hpp"
#include "relay/net/coro.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

/// A DNS server that does what a test says, on UDP and TCP of one port of a loopback address.
class ScriptedServer {
 public:
  enum class Over { udp, tcp };
  /// The messages to send for a query; none: silence.
  using Script = std::function<std::vector<packet::Octets>(const packet::Octets& query, Over over)>;

  ScriptedServer(boost::asio::io_context& context,
                 Script script,
                 const std::string& address = "127.0.0.1",
                 std::uint16_t port = 0);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] config::Endpoint endpoint() const;
  /// What was asked, in order.
  [[nodiscard]] const std::vector<packet::Octets>& queries() const;
  /// From now on this is done; what came before is answered so now.
  void become(Script script);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Answers with these records, with authority.
ScriptedServer::Script saying(std::vector<packet::Octets> answers,
                              std::uint16_t flags = packet::authoritative);
ScriptedServer::Script silence();

inline constexpr std::chrono::seconds long_enough{30};  ///< no test waits for it

/// Runs the context until `met`.
template <class Condition>
void run_until(boost::asio::io_context& context, Condition met) {
  const auto end = std::chrono::steady_clock::now() + long_enough;
  context.restart();
  while (!met()) {
    if (context.run_one_until(end) == 0) throw std::runtime_error("waited too long");
  }
}

/// Begins to wait for the answer, and puts it there.
template <class T>
void begin(boost::asio::io_context& context,
           boost::asio::awaitable<T> question,
           std::optional<T>& answer) {
  auto keep = [](boost::asio::awaitable<T> asked,
                 std::optional<T>& kept) -> boost::asio::awaitable<void> {
    kept = co_await std::move(asked);
  };
  auto start = [keep,
                asked = std::make_shared<boost::asio::awaitable<T>>(std::move(question)),
                &answer] { return keep(std::move(*asked), answer); };
  net::spawn(
      context.get_executor(), std::move(start), [](std::string_view) {}, [] {});
}

template <class T>
T answer_of(boost::asio::io_context& context, boost::asio::awaitable<T> question) {
  std::optional<T> answer;
  begin(context, std::move(question), answer);
  run_until(context, [&answer] { return answer.has_value(); });
  return *answer;
}
