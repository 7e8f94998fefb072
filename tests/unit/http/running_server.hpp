#pragma once

#include "relay/http/server.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <filesystem>
#include <future>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <stdlib.h>

/// A folder that is gone afterwards.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "postern-http-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// A server on a thread of its own.
class RunningServer {
 public:
  /// Runs on the server's thread and waits for it.
  template <class Function>
  auto on_thread(Function function) {
    std::packaged_task<decltype(function())()> task(std::move(function));
    auto done = task.get_future();
    boost::asio::post(context_, [&task] { task(); });
    return done.get();
  }

  explicit RunningServer(http::Limits limits = {})
      : server_(
            std::in_place,
            context_.get_executor(),
            [this](std::string_view what) { threw_.emplace_back(what); },
            limits),
        thread_([this] { context_.run(); }) {}
  ~RunningServer() { stop(); }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  /// Closes, and waits for what is under way: nothing runs any more. May be called again.
  void stop() {
    if (!thread_.joinable()) return;
    on_thread([this] { server_->close(); });
    work_.reset();
    thread_.join();
    server_.reset();
  }
  boost::asio::any_io_executor executor() { return context_.get_executor(); }

  std::uint16_t listen(http::Routes routes, http::Encryption encryption = http::Encryption::none) {
    return on_thread(
        [&] { return server_->listen("127.0.0.1", 0, std::move(routes), encryption).value(); });
  }
  void replace_tls(net::TlsContext tls) {
    on_thread([&] { server_->replace_tls(std::move(tls)); });
  }
  mail::Result<void> listen(const std::filesystem::path& socket, http::Routes routes) {
    return on_thread([&] { return server_->listen(socket, std::move(routes)); });
  }
  void close() {
    on_thread([this] { server_->close(); });
  }
  std::size_t connections() {
    return on_thread([this] { return server_->connections(); });
  }
  std::vector<std::string> threw() {
    return on_thread([this] { return threw_; });
  }

 private:
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
  std::vector<std::string> threw_;
  std::optional<http::Server> server_;
  std::thread thread_;
};

/// A blocking client that sends octets and reads until the server closes.
class Client {
 public:
  explicit Client(std::uint16_t port, const char* from = "127.0.0.1")
      : socket_(context_, {boost::asio::ip::make_address(from), 0}) {
    socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
  }
  void send(const std::string& octets) {
    boost::system::error_code gone;  // the server may have closed already
    boost::asio::write(socket_, boost::asio::buffer(octets), gone);
  }
  std::string read_all() {
    std::string all;
    boost::system::error_code closed;
    boost::asio::read(socket_, boost::asio::dynamic_buffer(all), closed);
    return all;
  }
  std::string exchange(const std::string& request) {
    send(request);
    return read_all();
  }

 private:
  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_;
};

/// Header fields as they are sent, each with its line end.
inline std::string request_of(const std::string& method,
                              const std::string& target,
                              const std::string& fields,
                              const std::string& body = {}) {
  std::string request = method + " " + target + " HTTP/1.1\r\n" + fields;
  if (method == "POST") request += "Content-Type: application/json\r\n";
  if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return request + "\r\n" + body;
}

inline std::string get(std::uint16_t port, const std::string& target) {
  return Client(port).exchange(request_of("GET", target, "Host: localhost\r\n"));
}

inline std::string post(std::uint16_t port, const std::string& target, const std::string& body) {
  return Client(port).exchange(request_of("POST", target, "Host: localhost\r\n", body));
}

inline std::string status_of(const std::string& response) { return response.substr(0, 12); }
inline std::string body_of(const std::string& response) {
  const auto empty_line = response.find("\r\n\r\n");
  return empty_line == std::string::npos ? std::string() : response.substr(empty_line + 4);
}
