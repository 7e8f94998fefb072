#include "relay/cli/admin_client.hpp"

#include "relay/net/coro.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <optional>
#include <stdexcept>
#include <utility>

#include <sys/un.h>

namespace cli {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Stream = beast::basic_stream<asio::local::stream_protocol>;
using Message = beast::http::request<beast::http::string_body>;
using boost::system::error_code;

constexpr std::size_t most_octets =
    std::size_t{64} * 1024 *
    1024;  // a page of 1000 entries with 50 recipients each is a quarter of it

struct Exchange {
  error_code error;
  bool connected = false;
  Answer answer;
};

Message message_of(Request asked) {
  using beast::http::verb;
  const verb without_body = asked.removes ? verb::delete_ : verb::get;
  Message message(asked.body ? verb::post : without_body, asked.target, 11);
  message.set(beast::http::field::host, "postern");
  if (!asked.body) return message;
  message.set(beast::http::field::content_type, "application/json");
  message.body() = *std::move(asked.body);
  message.prepare_payload();
  return message;
}

asio::awaitable<void> converse(Stream& stream,
                               asio::local::stream_protocol::endpoint relay,
                               Request asked,
                               Exchange& exchange) {
  const auto [connect_error] = co_await stream.async_connect(relay, net::tup);
  exchange.error = connect_error;
  if (connect_error) co_return;
  exchange.connected = true;
  const Message message = message_of(std::move(asked));
  const auto [write_error, octets_written] =
      co_await beast::http::async_write(stream, message, net::tup);
  exchange.error = write_error;
  if (write_error) co_return;
  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> parser;
  parser.body_limit(most_octets);
  const auto [read_error, octets_read] =
      co_await beast::http::async_read(stream, buffer, parser, net::tup);
  exchange.error = read_error;
  if (read_error) co_return;
  exchange.answer.status = parser.get().result_int();
  exchange.answer.body = std::move(parser.get().body());
}

mail::Failure explained(const std::filesystem::path& socket, const Exchange& exchange) {
  const std::string at = "The relay at " + socket.string();
  const error_code& error = exchange.error;
  if (error == beast::error::timeout)
    return mail::failure(at + " did not answer in time: look at its log.");
  if (exchange.connected) {
    return mail::failure(
        at + " closed the connection (" + error.message() +
        "): run this as root, as the relay's user, or as a member of the socket's group.");
  }
  if (error == asio::error::access_denied) {
    return mail::failure("The admin socket " + socket.string() +
                         " may not be used by you: run this as root, as the relay's user, or as a "
                         "member of the socket's group.");
  }
  return mail::failure(
      "No relay is running at " + socket.string() + " (" + error.message() +
      "): start it with `postern serve`, or give the --config it was started with.");
}

}  // namespace

mail::Result<Answer> ask_relay(const std::filesystem::path& socket, Request asked) {
  if (socket.native().size() >= sizeof(sockaddr_un::sun_path)) {
    return mail::failure("The admin socket's path " + socket.string() +
                         " is longer than 107 octets: no relay can be there.");
  }
  asio::io_context context(1);
  Stream stream(context);
  stream.expires_after(asked.limit);
  Exchange exchange;
  const asio::local::stream_protocol::endpoint relay(socket.native());
  auto start = [&] { return converse(stream, relay, std::move(asked), exchange); };
  std::optional<std::string> thrown;
  net::spawn(
      context.get_executor(), start, [&](std::string_view what) { thrown = what; }, [] {});
  context.run();
  if (thrown) return mail::failure("The relay could not be asked: " + *thrown + ".");
  if (exchange.error) return explained(socket, exchange);
  return std::move(exchange.answer);
}

std::string url_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool letter_or_digit =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter_or_digit || std::string_view("-._~").find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out.append({'%', digits[octet >> 4], digits[octet & 0xF]});
    }
  }
  return out;
}

}  // namespace cli
