#include "scripted_http.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <istream>
#include <iterator>

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

std::string in_lower_case(std::string text) {
  std::ranges::transform(
      text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// False: the peer went before its request was whole.
template <class Stream>
bool read_request(Stream& stream, ReceivedRequest& request) {
  asio::streambuf buffer;
  error_code failed;
  asio::read_until(stream, buffer, "\r\n\r\n", failed);
  if (failed) return false;
  std::istream text(&buffer);
  std::string line;
  text >> request.method >> request.target;
  std::getline(text, line);
  while (std::getline(text, line) && line != "\r") {
    const auto colon = line.find(':');
    request.headers[in_lower_case(line.substr(0, colon))] =
        line.substr(colon + 2, line.size() - colon - 3);
  }
  std::copy(std::istreambuf_iterator<char>(text), {}, std::back_inserter(request.body));
  const auto length = request.headers.find("content-length");
  if (length == request.headers.end()) return true;
  const std::size_t had = request.body.size();
  request.body.resize(std::stoul(length->second));
  asio::read(stream, asio::buffer(request.body.data() + had, request.body.size() - had), failed);
  return !failed;
}

}  // namespace

ScriptedHttp::ScriptedHttp(std::vector<std::string> responses,
                           std::filesystem::path certificate,
                           std::filesystem::path private_key)
    : responses_(std::move(responses)),
      certificate_(std::move(certificate)),
      private_key_(std::move(private_key)) {
  const tcp::endpoint any_port(asio::ip::address_v4::loopback(), 0);
  acceptor_.open(any_port.protocol());
  acceptor_.bind(any_port);
  acceptor_.listen();
  thread_ = std::thread([this] { accept(); });
}

ScriptedHttp::~ScriptedHttp() {
  ending_ = true;
  asio::io_context context;
  tcp::socket waker(context);
  error_code ignored;
  waker.connect(acceptor_.local_endpoint(), ignored);  // accept() returns, and sees the end
  thread_.join();
}

std::string ScriptedHttp::url(const std::string& path) const {
  return fmt::format("{}://127.0.0.1:{}{}", certificate_.empty() ? "http" : "https", port(), path);
}

std::vector<ReceivedRequest> ScriptedHttp::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

bool ScriptedHttp::await_requests(std::size_t count) const {
  std::unique_lock lock(mutex_);
  return came_.wait_for(lock, std::chrono::seconds(10), [&] { return received_.size() >= count; });
}

void ScriptedHttp::accept() {
  while (true) {
    tcp::socket socket(context_);
    error_code failed;
    acceptor_.accept(socket, failed);
    if (ending_) return;
    if (failed) continue;
    if (certificate_.empty()) {
      serve(socket);
    } else {
      serve_tls(socket);
    }
    silent_.push_back(std::move(socket));
  }
}

template <class Stream>
void ScriptedHttp::serve(Stream& stream) {
  ReceivedRequest request;
  if (!read_request(stream, request)) return;
  std::size_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = received_.size();
    received_.push_back(std::move(request));
  }
  came_.notify_all();
  if (number >= responses_.size()) return;
  error_code failed;
  asio::write(stream, asio::buffer(responses_[number]), failed);
  stream.lowest_layer().shutdown(tcp::socket::shutdown_send, failed);
}

void ScriptedHttp::serve_tls(tcp::socket& socket) {
  asio::ssl::context context(asio::ssl::context::tls_server);
  context.use_certificate_chain_file(certificate_.string());
  context.use_private_key_file(private_key_.string(), asio::ssl::context::pem);
  asio::ssl::stream<tcp::socket&> stream(socket, context);
  error_code failed;
  stream.handshake(asio::ssl::stream_base::server, failed);
  if (!failed) serve(stream);
}

std::string http_response(unsigned status, const std::string& body, const std::string& error_type) {
  const std::string error =
      error_type.empty() ? "" : fmt::format("x-amzn-ErrorType: {}\r\n", error_type);
  return fmt::format(
      "HTTP/1.1 {} Whatever\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n"
      "Connection: close\r\n\r\n{}",
      status,
      error,
      body.size(),
      body);
}
