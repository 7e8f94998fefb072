#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

struct ReceivedRequest {
  std::string method, target, body;
  std::map<std::string, std::string> headers;  ///< names in lower case
};

/// An HTTP server on 127.0.0.1 that says what it was told to: each request gets the next response,
/// octet by octet as written; a request beyond the script gets silence. A connection is closed
/// after its response.
class ScriptedHttp {
 public:
  /// With a certificate and its key it speaks TLS.
  explicit ScriptedHttp(std::vector<std::string> responses,
                        std::filesystem::path certificate = {},
                        std::filesystem::path private_key = {});
  ~ScriptedHttp();
  ScriptedHttp(const ScriptedHttp&) = delete;
  ScriptedHttp& operator=(const ScriptedHttp&) = delete;

  [[nodiscard]] std::string url(const std::string& path = "") const;
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] std::vector<ReceivedRequest> received() const;
  /// Returns once that many requests have come; false if they did not within 10 s.
  bool await_requests(std::size_t count) const;

 private:
  void accept();
  template <class Stream>
  void serve(Stream& stream);
  void serve_tls(boost::asio::ip::tcp::socket& socket);

  const std::vector<std::string> responses_;
  const std::filesystem::path certificate_, private_key_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_{context_};
  mutable std::mutex mutex_;
  mutable std::condition_variable came_;
  std::vector<ReceivedRequest> received_;
  std::vector<boost::asio::ip::tcp::socket> silent_;  ///< kept open until the end
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

/// A response with a body and, if wanted, the header of an AWS error.
std::string http_response(unsigned status,
                          const std::string& body,
                          const std::string& error_type = {});
