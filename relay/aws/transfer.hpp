#pragma once

#include "mail/result.hpp"
#include "relay/aws/http_client.hpp"
#include "relay/aws/libcurl.hpp"

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace aws {

/// Takes the answer to a request, once, on the client's thread.
using Answered = std::function<void(mail::Result<HttpResponse>)>;

/// One request as libcurl holds it. It answers before it is destroyed.
class Transfer {
 public:
  Transfer(HttpRequest request, Answered answered);

  /// Has `wake` called on whichever thread stops the request, now if that was done already.
  void wake_when_stopped(std::function<void()> wake);
  [[nodiscard]] bool stopped() const { return request_.stop.stop_requested(); }

  /// Makes the handle, which refers to this object; nullptr: it was answered with why not.
  CURL* begin(const Libcurl& curl, const std::filesystem::path& ca_file);
  void finish(CURLcode result);  ///< libcurl is done with it
  void fail(std::string_view reason);

 private:
  template <class Value>
  void set(CURLoption option, Value value);
  void set_target();
  void set_addresses();
  void set_transport(const std::filesystem::path& ca_file);
  void set_content();
  void set_signing();
  void add_header(const std::string& line);
  [[nodiscard]] const char* header(const char* name) const;  ///< nullptr where it is absent
  [[nodiscard]] std::string error_type() const;
  [[nodiscard]] std::optional<std::chrono::sys_seconds> date() const;
  static std::size_t take_octets(char* octets, std::size_t, std::size_t count, void* transfer);

  using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
  using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

  HttpRequest request_;
  Answered answered_;
  const Libcurl* curl_ = nullptr;
  CURLcode refused_ = CURLE_OK;  ///< the first setting that this libcurl did not take
  HttpResponse response_;
  bool too_long_ = false;
  std::array<char, CURL_ERROR_SIZE> error_{};
  Headers headers_{nullptr, nullptr};
  Headers addresses_{nullptr, nullptr};
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
  Handle handle_{nullptr, nullptr};  ///< refers to all above: goes first
};

}  // namespace aws
