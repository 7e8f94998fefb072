#include "relay/http/server.hpp"

#include "relay/http/routing.hpp"
#include "relay/http/unix_socket.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace http {

namespace {

namespace beast = boost::beast;
using Socket = asio::generic::stream_protocol::socket;
using Stream = beast::basic_stream<asio::generic::stream_protocol>;
using Parser = beast::http::request_parser<beast::http::string_body>;
using Reply = beast::http::response<beast::http::string_body>;
using boost::system::error_code;

constexpr auto farewell = std::chrono::seconds(2);  ///< for the peer to close after its answer

struct Listener {
  explicit Listener(const asio::any_io_executor& executor,
                    Routes given,
                    Encryption how = Encryption::none)
      : acceptor(executor), routes(std::move(given)), encryption(how) {}
  Acceptor acceptor;
  Routes routes;
  Encryption encryption;
  std::unique_ptr<SocketFile> file;  ///< of a Unix socket
  std::size_t connections = 0;
  std::map<std::string, std::size_t> of_peer;  ///< of them, by who asks
};

Response plain(unsigned status, std::string sentence) {
  return {.status = status, .body = std::move(sentence) + "\n"};
}

Response too_long() { return plain(413, "The body of the request is too long."); }

Fields fields_of(const Parser& parser) {
  using beast::http::field;
  const auto text = [&](field name) { return std::string(parser.get()[name]); };
  return {text(field::host),
          text(field::origin),
          text(field::authorization),
          text(field::if_match),
          text(field::if_none_match)};
}

// What to say to a request that could not be read; nothing when the connection is to be closed
// without a word.
std::optional<Response> complaint(const error_code& error) {
  using beast::http::error;
  if (error == error::header_limit || error == error::buffer_overflow)
    return plain(431, "The header of the request is too long.");
  if (error == error::body_limit) return too_long();
  const bool about_http =
      error.category() == beast::http::make_error_code(error::bad_method).category();
  if (!about_http || error == error::end_of_stream || error == error::partial_message)
    return std::nullopt;
  return plain(400, "This is not HTTP/1.1.");
}

std::string allowed(const Route& route) {
  std::string methods = route.get ? "GET, HEAD" : "";
  if (route.post) methods += methods.empty() ? "POST" : ", POST";
  if (route.remove) methods += methods.empty() ? "DELETE" : ", DELETE";
  return methods;
}

Response not_allowed(const Route& route) {
  Response response = plain(405, "Only " + allowed(route) + " is answered here.");
  response.fields["Allow"] = allowed(route);
  return response;
}

// Nothing where the route does not answer the method.
const Handler* handler_of(const Route& route, beast::http::verb method) {
  const bool get = method == beast::http::verb::get || method == beast::http::verb::head;
  if (method == beast::http::verb::post && route.post) return &route.post;
  if (method == beast::http::verb::delete_ && route.remove) return &route.remove;
  return get && route.get ? &route.get : nullptr;
}

bool says_json(const Parser& parser) {
  const std::string_view type = parser.get()[beast::http::field::content_type];
  return beast::iequals(type.substr(0, type.find(';')), "application/json");
}

std::size_t longest_body(const Route& route, const Limits& limits) {
  return route.body_octets == 0 ? limits.body_octets : route.body_octets;
}

std::size_t longest_body(const Routes& routes, const Limits& limits) {
  std::size_t longest = limits.body_octets;
  for (const auto& [path, route] : routes) longest = std::max(longest, route.body_octets);
  return longest;
}

// What is wrong with the body of a request; nothing where all is well.
std::optional<Response> refuse_body(const Parser& parser, const Route& route, std::size_t most) {
  const bool post = parser.get().method() == beast::http::verb::post;
  if (parser.get().body().size() > most) return too_long();
  if (post && !route.any_type && !says_json(parser))
    return plain(415, "Send the body as application/json.");
  if (!post && parser.get().method() == beast::http::verb::delete_ && !parser.get().body().empty())
    return plain(400, "A DELETE carries no body.");
  return std::nullopt;
}

asio::ip::tcp::endpoint tcp_of(const asio::generic::stream_protocol::endpoint& endpoint) {
  asio::ip::tcp::endpoint tcp;
  tcp.resize(endpoint.size());
  std::memcpy(tcp.data(), endpoint.data(), endpoint.size());
  return tcp;
}

// Who asks; empty if they are gone already.
std::string peer_name(const Listener& listener, Socket& socket) {
  if (listener.file) {
    const auto peer = peer_of(socket.native_handle());
    return peer ? "uid " + std::to_string(peer->user) : std::string();
  }
  error_code gone;
  const auto remote = socket.remote_endpoint(gone);
  return gone ? std::string() : tcp_of(remote).address().to_string();
}

// Reads what the peer still sends until it closes, so that closing does not reset the connection
// under its answer.
asio::awaitable<void> drain(Stream& stream) {
  constexpr std::size_t most = std::size_t{64} * 1024;
  std::array<char, 4096> unread{};
  std::size_t total = 0;
  stream.expires_after(farewell);
  while (total < most) {
    const auto [error, octets] = co_await stream.async_read_some(asio::buffer(unread), net::tup);
    if (error) co_return;
    total += octets;
  }
}

Reply reply_of(Response response, bool head) {
  Reply reply(static_cast<beast::http::status>(response.status), 11);
  reply.set(beast::http::field::content_type, response.content_type);
  reply.set(beast::http::field::cache_control, "no-store");
  for (const auto& [name, value] : response.fields) reply.set(name, value);
  reply.keep_alive(false);
  if (response.status != 304) reply.content_length(response.body.size());
  if (!head) reply.body() = std::move(response.body);
  return reply;
}

}  // namespace

struct Server::State : std::enable_shared_from_this<Server::State> {
  State(asio::any_io_executor executor_, net::ExceptionSink sink_, Limits limits_)
      : executor(std::move(executor_)), sink(std::move(sink_)), limits(limits_) {}

  void start(const std::shared_ptr<Listener>& listener);
  void take(const std::shared_ptr<Listener>& listener, Socket socket);
  asio::awaitable<void> accept(std::shared_ptr<Listener> listener);
  asio::awaitable<void> serve(std::shared_ptr<Listener> listener, Stream& stream);
  asio::awaitable<bool> serve_encrypted(const Listener& listener, Stream& stream);
  template <class Octets>
  asio::awaitable<bool> exchange(const Listener& listener, Stream& stream, Octets& octets);
  asio::awaitable<Response> answer(const Listener& listener, Stream& stream, Parser& parser);

  asio::any_io_executor executor;
  net::ExceptionSink sink;
  Limits limits;
  std::list<std::shared_ptr<Listener>> listeners;
  std::list<Stream> live;
  net::TlsContext tls;
};

// One connection: a request, its answer, and until the peer has read it.
asio::awaitable<void> Server::State::serve(std::shared_ptr<Listener> listener, Stream& stream) {
  const bool answered = listener->encryption == Encryption::tls
                            ? co_await serve_encrypted(*listener, stream)
                            : co_await exchange(*listener, stream, stream);
  if (!answered) co_return;
  error_code gone;
  stream.socket().shutdown(asio::socket_base::shutdown_send, gone);
  if (!gone) co_await drain(stream);
}

asio::awaitable<bool> Server::State::serve_encrypted(const Listener& listener, Stream& stream) {
  const net::TlsContext context = tls;  // it may be replaced meanwhile
  if (!context) co_return false;
  asio::ssl::stream<Stream&> encrypted(stream, *context);
  stream.expires_after(limits.handshake);
  const auto [failed] =
      co_await encrypted.async_handshake(asio::ssl::stream_base::server, net::tup);
  if (failed || !co_await exchange(listener, stream, encrypted)) co_return false;
  stream.expires_after(farewell);
  co_await encrypted.async_shutdown(net::tup);  // a peer that only closes is well, too
  co_return true;
}

// Reads one request from `octets`, which are those of `stream`, and answers it. False where nothing
// could be answered.
template <class Octets>
asio::awaitable<bool> Server::State::exchange(const Listener& listener,
                                              Stream& stream,
                                              Octets& octets) {
  beast::flat_buffer buffer(limits.header_octets);  // what really bounds the header
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(limits.header_octets));
  parser.body_limit(longest_body(listener.routes, limits));
  stream.expires_after(limits.read);
  const auto [read_error, octets_read] =
      co_await beast::http::async_read(octets, buffer, parser, net::tup);
  std::optional<Response> response = complaint(read_error);
  if (read_error && !response) co_return false;
  if (!response) response = co_await answer(listener, stream, parser);
  const bool head = !read_error && parser.get().method() == beast::http::verb::head;
  const Reply reply = reply_of(std::move(*response), head);
  stream.expires_after(limits.write);
  const auto [write_error, octets_written] =
      co_await beast::http::async_write(octets, reply, net::tup);
  co_return !write_error;
}

asio::awaitable<Response> Server::State::answer(const Listener& listener,
                                                Stream& stream,
                                                Parser& parser) {
  if (parser.get().count(beast::http::field::host) > 1)  // RFC 9112 section 3.2
    co_return plain(400, "The request names more than one Host.");
  std::optional<Target> target = target_of(parser.get().target());
  if (!target) co_return plain(400, "The request's target is no path.");
  Found found = find(listener.routes, target->segments);
  if (found.route == nullptr) co_return plain(404, "There is nothing at this path.");
  const Handler* handler = handler_of(*found.route, parser.get().method());
  if (handler == nullptr) co_return not_allowed(*found.route);
  const std::size_t most = longest_body(*found.route, limits);
  if (auto refusal = refuse_body(parser, *found.route, most)) co_return *std::move(refusal);
  Request request = std::move(target->request);
  request.parameter = std::move(found.parameter);
  request.fields = fields_of(parser);
  if (handler == &found.route->post) request.body = std::move(parser.get().body());
  request.peer = peer_name(listener, stream.socket());
  std::string thrown;
  try {
    co_return co_await (*handler)(std::move(request));
  } catch (const std::exception& exception) {
    thrown = exception.what();
  }
  sink(thrown);
  co_return plain(500, "Internal error: see the relay's log.");
}

void Server::State::take(const std::shared_ptr<Listener>& listener, Socket socket) {
  if (listener->connections >= limits.connections) return;
  if (listener->file && !listener->file->admits_peer(socket.native_handle())) return;
  const auto of_peer = listener->of_peer.try_emplace(peer_name(*listener, socket)).first;
  if (of_peer->second >= limits.connections_of_peer) return;
  const auto stream = live.emplace(live.end(), std::move(socket));
  ++listener->connections;
  ++of_peer->second;
  auto start = [self = shared_from_this(), listener, stream] {
    return self->serve(listener, *stream);
  };
  auto ended = [self = shared_from_this(), listener, stream, of_peer] {
    --listener->connections;
    if (--of_peer->second == 0) listener->of_peer.erase(of_peer);
    self->live.erase(stream);
  };
  net::spawn(executor, std::move(start), sink, std::move(ended));
}

asio::awaitable<void> Server::State::accept(std::shared_ptr<Listener> listener) {
  asio::steady_timer pause(executor);
  while (listener->acceptor.is_open()) {
    auto [error, socket] = co_await listener->acceptor.async_accept(net::tup);
    if (!error) {
      take(listener, std::move(socket));
    } else if (listener->acceptor.is_open()) {  // no descriptors left, or the peer was gone already
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(net::tup);
    }
  }
}

void Server::State::start(const std::shared_ptr<Listener>& listener) {
  listeners.push_back(listener);
  auto begin = [self = shared_from_this(), listener] { return self->accept(listener); };
  net::spawn(executor, std::move(begin), sink, [] {});
}

Server::Server(asio::any_io_executor executor, net::ExceptionSink sink, Limits limits)
    : state_(std::make_shared<State>(std::move(executor), std::move(sink), limits)) {}

Server::~Server() { close(); }

mail::Result<std::uint16_t> Server::listen(const std::string& address,
                                           std::uint16_t port,
                                           Routes routes,
                                           Encryption encryption) {
  auto listener = std::make_shared<Listener>(state_->executor, std::move(routes), encryption);
  error_code error;
  const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(address, error), port);
  if (!error) listener->acceptor.open(endpoint.protocol(), error);
  if (!error) listener->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) listener->acceptor.bind(endpoint, error);
  if (!error) listener->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return mail::failure("The HTTP listener " + address + " port " + std::to_string(port) +
                         " cannot be opened: " + error.message() +
                         "; give listen.http another address.");
  }
  const std::uint16_t bound = tcp_of(listener->acceptor.local_endpoint(error)).port();
  state_->start(listener);
  return bound;
}

mail::Result<void> Server::listen(const std::filesystem::path& socket, Routes routes) {
  auto listener = std::make_shared<Listener>(state_->executor, std::move(routes));
  auto file = listen_on(listener->acceptor, socket);
  if (!file) return file.error();
  listener->file = std::move(*file);
  state_->start(listener);
  return {};
}

void Server::replace_tls(net::TlsContext tls) { state_->tls = std::move(tls); }

void Server::close() {
  for (const auto& listener : state_->listeners) {
    error_code ignored;
    listener->acceptor.close(ignored);
    listener->file.reset();
  }
  state_->listeners.clear();
  for (Stream& stream : state_->live) stream.close();
}

std::size_t Server::connections() const noexcept { return state_->live.size(); }

}  // namespace http
