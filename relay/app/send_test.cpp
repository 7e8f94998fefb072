#include "relay/app/send_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

namespace app {
namespace {

namespace asio = net::asio;
using namespace std::chrono_literals;
using boost::system::error_code;

constexpr std::size_t reply_octets = 4096;
constexpr auto patience = 25s;  ///< the spool may take 20 s to commit
constexpr std::string_view queued = "queued as ";
constexpr std::size_t id_letters = 13;

struct Pair {
  net::Tcp::socket ours, theirs;
};

/// Two ends of one connection within this process.
asio::awaitable<std::optional<Pair>> connected_pair() {
  const auto executor = co_await asio::this_coro::executor;
  error_code failed;
  net::Tcp::acceptor door(executor);
  const net::Tcp::endpoint loopback(asio::ip::address_v4::loopback(), 0);
  door.open(loopback.protocol(), failed);
  if (!failed) door.bind(loopback, failed);
  if (!failed) door.listen(1, failed);
  if (failed) co_return std::nullopt;
  std::optional<Pair> pair(std::in_place, net::Tcp::socket(executor), net::Tcp::socket(executor));
  pair->ours.connect(door.local_endpoint(), failed);  // to a port that listens: at once
  if (!failed) door.accept(pair->theirs, failed);
  // Somebody else of this machine may have been quicker.
  if (failed || pair->theirs.remote_endpoint(failed) != pair->ours.local_endpoint(failed))
    co_return std::nullopt;
  co_return pair;
}

/// The last line of a reply, without its end; empty when the session is over.
asio::awaitable<std::string> reply_of(net::Connection& connection) {
  for (;;) {
    const std::string_view waiting = connection.buffered();
    const auto end = waiting.find("\r\n");
    if (end != std::string_view::npos) {
      std::string line(waiting.substr(0, end));
      connection.consume(end + 2);
      if (line.size() < 4 || line[3] != '-') co_return line;
    } else if (co_await connection.fill()) {
      co_return std::string();
    }
  }
}

bool refused(std::string_view reply) { return reply.empty() || reply[0] > '3'; }

std::string message(const http::TestMail& mail) {
  return fmt::format(
      "From: <{}>\r\nTo: <{}>\r\nSubject: A test of the mail relay\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
      "This message was sent by `postern send-test`. That you read it shows that mail of\r\n"
      "the app {} arrives.\r\n.\r\n",
      mail.from,
      mail.to,
      mail.app);
}

}  // namespace

asio::awaitable<http::TestAnswer> hand_in(http::TestMail mail, ServeApp serve) {
  http::TestAnswer answer;
  auto pair = co_await connected_pair();
  if (!pair) co_return answer;
  serve(std::move(pair->theirs), mail.app);
  net::Connection connection(std::move(pair->ours), reply_octets);
  connection.expect_within(patience);
  const std::array steps{std::string(),
                         std::string("EHLO localhost\r\n"),
                         "MAIL FROM:<" + mail.from + ">\r\n",
                         "RCPT TO:<" + mail.to + ">\r\n",
                         std::string("DATA\r\n"),
                         message(mail)};
  for (const std::string& step : steps) {
    if (!step.empty() && co_await connection.write(step)) break;
    answer.reply = co_await reply_of(connection);
    if (refused(answer.reply)) break;
  }
  const auto id = answer.reply.find(queued);
  if (id != std::string::npos)
    answer.queue_id = answer.reply.substr(id + queued.size(), id_letters);
  co_await connection.write("QUIT\r\n");
  connection.close();
  co_return answer;
}

}  // namespace app
