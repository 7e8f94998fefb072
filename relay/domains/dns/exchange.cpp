#include "relay/domains/dns/exchange.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cstdint>
#include <random>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace domains {
namespace {

namespace asio = net::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;
using namespace asio::experimental::awaitable_operators;

constexpr int times_sent = 3;

struct Exchange {
  Exchange(const asio::any_io_executor& executor,
           udp::endpoint to,
           WireQuestion asked,
           std::string of)
      : socket(executor),
        again(executor),
        server(std::move(to)),
        question(std::move(asked)),
        zone(std::move(of)) {}

  udp::socket socket;
  asio::steady_timer again;
  udp::endpoint server;
  WireQuestion question;
  std::string zone;
  std::uint16_t id = static_cast<std::uint16_t>(std::random_device{}());
  std::vector<std::uint8_t> sent = query(question, id);
};

/// Is this machine without a way to the address at all, whoever is there?
bool is_routeless(const error_code& failed) {
  return failed == asio::error::network_unreachable || failed == asio::error::host_unreachable ||
         failed == asio::error::address_family_not_supported ||
         failed == boost::system::errc::address_not_available;
}

policy::DnsAnswer judged(Reply reply) {
  if (reply.answer.outcome != policy::DnsOutcome::failed && !reply.authoritative)
    return failed_answer("lame: the server does not answer for the zone with authority");
  return std::move(reply.answer);
}

asio::awaitable<policy::DnsAnswer> over_tcp(Exchange& exchange) {
  tcp::socket socket(exchange.socket.get_executor());
  const tcp::endpoint server(exchange.server.address(), exchange.server.port());
  std::array<std::uint8_t, 2> length{static_cast<std::uint8_t>(exchange.sent.size() >> 8U),
                                     static_cast<std::uint8_t>(exchange.sent.size() & 0xFFU)};
  const std::array query{asio::buffer(length), asio::buffer(exchange.sent)};
  std::vector<std::uint8_t> octets;
  auto [failed] = co_await socket.async_connect(server, net::tup);
  if (!failed) std::tie(failed, std::ignore) = co_await asio::async_write(socket, query, net::tup);
  if (!failed)
    std::tie(failed, std::ignore) =
        co_await asio::async_read(socket, asio::buffer(length), net::tup);
  if (!failed) {
    octets.resize(static_cast<std::size_t>(length[0] << 8U | length[1]));
    std::tie(failed, std::ignore) =
        co_await asio::async_read(socket, asio::buffer(octets), net::tup);
  }
  if (failed) co_return failed_answer("over TCP: " + failed.message());
  auto reply = read_reply(octets, exchange.question, exchange.zone);
  if (!reply || reply->id != exchange.id || reply->truncated)
    co_return failed_answer("the answer over TCP is malformed");
  co_return judged(std::move(*reply));
}

/// What is no reply to this very query is passed over: anybody may send it.
asio::awaitable<policy::DnsAnswer> receive(Exchange& exchange) {
  std::array<std::uint8_t, largest_udp_reply> octets{};
  while (true) {
    const auto [failed, size] =
        co_await exchange.socket.async_receive(asio::buffer(octets), net::tup);
    if (failed) co_return failed_answer(failed.message());
    auto reply = read_reply(std::span(octets).first(size), exchange.question, exchange.zone);
    if (!reply || reply->id != exchange.id) continue;
    if (reply->truncated) co_return co_await over_tcp(exchange);
    co_return judged(std::move(*reply));
  }
}

/// Ends at the timeout. What cannot be sent is not received either: receive() says why.
asio::awaitable<void> send(Exchange& exchange, std::chrono::milliseconds timeout) {
  for (int times = 0; times < times_sent; ++times) {
    co_await exchange.socket.async_send(asio::buffer(exchange.sent), net::tup);
    exchange.again.expires_after(timeout / times_sent);
    co_await exchange.again.async_wait(net::tup);
  }
}

}  // namespace

asio::awaitable<MaybeAnswer> exchange(udp::endpoint server,
                                      WireQuestion question,
                                      std::string zone,
                                      std::chrono::milliseconds timeout) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  Exchange exchange(executor, std::move(server), std::move(question), std::move(zone));
  error_code failed;
  exchange.socket.open(exchange.server.protocol(), failed);
  if (!failed) exchange.socket.connect(exchange.server, failed);
  if (is_routeless(failed)) co_return std::nullopt;
  if (failed) co_return failed_answer(failed.message());
  auto first = co_await (receive(exchange) || send(exchange, timeout));
  if (first.index() == 1) co_return no_answer_in(timeout);
  co_return std::get<0>(std::move(first));
}

policy::DnsAnswer no_answer_in(std::chrono::milliseconds timeout) {
  using std::chrono::seconds;
  const auto whole = std::chrono::duration_cast<seconds>(timeout);
  return failed_answer("no answer in " + (whole == timeout
                                              ? std::to_string(whole.count()) + " s"
                                              : std::to_string(timeout.count()) + " ms"));
}

}  // namespace domains
