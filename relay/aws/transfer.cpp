#include "relay/aws/transfer.hpp"

#include "relay/config/url.hpp"
#include "relay/config/values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace aws {
namespace {

constexpr std::size_t max_error_type_octets = 128;

/// What of a URL stands behind `scheme://host`.
std::string_view target_of(std::string_view url) {
  const auto host = url.find("://");
  if (host == std::string_view::npos) return {};
  const auto target = url.find_first_of("/?#", host + 3);
  return target == std::string_view::npos ? std::string_view() : url.substr(target);
}

bool is_escape(std::string_view text) {
  return text.size() == 3 && std::ranges::all_of(text.substr(1), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
         });
}

/// Only what we have signed as AWS does.
bool can_be_signed(std::string_view url) {
  if (url.find("://") == std::string_view::npos) return false;
  for (std::string_view left = target_of(url); !left.empty(); left.remove_prefix(1)) {
    const char c = left.front();
    if (c == '%' && is_escape(left.substr(0, 3))) continue;
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      std::string_view("-._~/").find(c) != std::string_view::npos;
    if (!fits) return false;
  }
  return true;
}

long milliseconds(std::chrono::milliseconds duration) {
  return static_cast<long>(duration.count());
}

}  // namespace

Transfer::Transfer(HttpRequest request, Answered answered)
    : request_(std::move(request)), answered_(std::move(answered)) {}

void Transfer::wake_when_stopped(std::function<void()> wake) {
  on_stop_.emplace(request_.stop, std::move(wake));
}

template <class Value>
void Transfer::set(CURLoption option, Value value) {
  if (refused_ == CURLE_OK) refused_ = curl_->easy_setopt(handle_.get(), option, value);
}

CURL* Transfer::begin(const Libcurl& curl, const std::filesystem::path& ca_file) {
  if (request_.signing && !can_be_signed(request_.url)) {
    fail("its path cannot be signed");
    return nullptr;
  }
  curl_ = &curl;
  handle_ = Handle(curl.easy_init(), curl.easy_cleanup);
  headers_ = Headers(nullptr, curl.slist_free_all);
  if (!handle_) {
    fail("libcurl is out of memory");
    return nullptr;
  }
  set_target();
  if (!request_.addresses.empty()) set_addresses();
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_ERRORBUFFER, error_.data());
  set(CURLOPT_WRITEFUNCTION, &Transfer::take_octets);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set_transport(ca_file);
  set_content();
  if (request_.signing) set_signing();
  set(CURLOPT_HTTPHEADER, headers_.get());
  if (refused_ == CURLE_OK) return handle_.get();
  fail(curl.easy_strerror(refused_));
  return nullptr;
}

/// AWS signs a path with its escapes escaped once more, and libcurl 7.88 signs the URL's path as it
/// stands: where there are any, the URL is what is signed, and the path is sent beside it.
void Transfer::set_target() {
  const std::string target(target_of(request_.url));
  if (!request_.signing || target.find('%') == std::string::npos)
    return set(CURLOPT_URL, request_.url.c_str());
  std::string signed_url = request_.url.substr(0, request_.url.size() - target.size());
  for (const char c : target) signed_url += c == '%' ? "%25" : std::string(1, c);
  set(CURLOPT_URL, signed_url.c_str());
  set(CURLOPT_REQUEST_TARGET, target.c_str());
}

void Transfer::set_addresses() {
  const auto url = config::parse_url(request_.url);
  if (!url || config::address_octets(url->host)) return;
  const std::string line =
      fmt::format("{}:{}:{}", url->host, url->port, fmt::join(request_.addresses, ","));
  addresses_ = Headers(curl_->slist_append(nullptr, line.c_str()), curl_->slist_free_all);
  if (!addresses_) refused_ = CURLE_OUT_OF_MEMORY;
  set(CURLOPT_RESOLVE, addresses_.get());
}

void Transfer::set_transport(const std::filesystem::path& ca_file) {
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!ca_file.empty()) set(CURLOPT_CAINFO, ca_file.c_str());
  set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request_.connect_within));
  set(CURLOPT_TIMEOUT_MS, milliseconds(request_.within));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a name server that hangs holds up neither the others nor close()
}

void Transfer::set_content() {
  for (const std::string& line : request_.headers) add_header(line);
  if (request_.method == "GET") return;
  const std::string& body = request_.body.reveal();
  set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  set(CURLOPT_POSTFIELDS, body.c_str());  // not copied
}

void Transfer::set_signing() {
  const Signing& signing = *request_.signing;
  const Credentials& credentials = signing.credentials;
  const std::string scope = fmt::format("aws:amz:{}:{}", signing.region, signing.service);
  set(CURLOPT_AWS_SIGV4, scope.c_str());
  set(CURLOPT_USERNAME, credentials.access_key_id.reveal().c_str());
  set(CURLOPT_PASSWORD, credentials.secret_access_key.reveal().c_str());
  if (credentials.session_token.empty()) return;
  const config::Secret line("x-amz-security-token: " + credentials.session_token.reveal());
  add_header(line.reveal());
}

void Transfer::add_header(const std::string& line) {
  curl_slist* longer = curl_->slist_append(headers_.get(), line.c_str());
  if (longer == nullptr) {
    refused_ = CURLE_OUT_OF_MEMORY;
  } else if (!headers_) {
    headers_.reset(longer);
  }
}

std::size_t Transfer::take_octets(char* octets, std::size_t, std::size_t count, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  self.too_long_ = self.response_.body.size() + count > self.request_.most_octets;
  if (self.too_long_) return 0;  // ends the transfer, with what has come
  self.response_.body.append(octets, count);
  return count;
}

const char* Transfer::header(const char* name) const {
  curl_header* found = nullptr;
  const CURLHcode absent = curl_->easy_header(handle_.get(), name, 0, CURLH_HEADER, -1, &found);
  return absent == CURLHE_OK ? found->value : nullptr;
}

std::string Transfer::error_type() const {
  const char* type = header("x-amzn-errortype");
  if (type == nullptr) return {};
  return std::string(std::string_view(type).substr(0, max_error_type_octets));
}

std::optional<std::chrono::sys_seconds> Transfer::date() const {
  const char* text = header("date");
  const std::time_t seconds = text == nullptr ? -1 : curl_->getdate(text, nullptr);
  if (seconds < 0) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

void Transfer::finish(CURLcode result) {
  if (too_long_ && !request_.cuts_body) {
    fail(fmt::format("it answered more than {} octets", request_.most_octets));
  } else if (result != CURLE_OK && !too_long_) {
    fail(error_.front() != '\0' ? error_.data() : curl_->easy_strerror(result));
  } else {
    long status = 0;
    curl_->easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<unsigned>(status);
    response_.error_type = error_type();
    response_.date = date();
    answered_(std::move(response_));
  }
}

void Transfer::fail(std::string_view reason) {
  const std::string& called = request_.called.empty() ? request_.url : request_.called;
  answered_(mail::failure(fmt::format("{} could not be asked: {}", called, reason)));
}

}  // namespace aws
