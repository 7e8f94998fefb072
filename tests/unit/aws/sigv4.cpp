#include "sigv4.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace {

std::string in_hexadecimal(std::string_view octets) {
  std::string text;
  for (const char c : octets) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string sha256(std::string_view text) {
  std::array<char, 32> digest{};
  EVP_Digest(text.data(),
             text.size(),
             reinterpret_cast<unsigned char*>(digest.data()),
             nullptr,
             EVP_sha256(),
             nullptr);
  return in_hexadecimal({digest.data(), digest.size()});
}

std::string hmac(std::string_view key, std::string_view text) {
  std::array<char, 32> mac{};
  HMAC(EVP_sha256(),
       key.data(),
       static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()),
       text.size(),
       reinterpret_cast<unsigned char*>(mac.data()),
       nullptr);
  return {mac.data(), mac.size()};
}

}  // namespace

std::string sigv4_signature(const SignedParts& parts) {
  std::string headers, names;
  for (const auto& [name, value] : parts.headers) {
    headers += fmt::format("{}:{}\n", name, value);
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string request = fmt::format(
      "{}\n{}\n\n{}\n{}\n{}", parts.method, parts.path, headers, names, sha256(parts.body));
  const std::string time = parts.headers.at("x-amz-date");
  const std::string day = time.substr(0, 8);
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", day, parts.region, parts.service);
  const std::string to_sign =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope, sha256(request));
  std::string key = "AWS4" + parts.secret;
  for (const std::string_view step : {std::string_view(day),
                                      std::string_view(parts.region),
                                      std::string_view(parts.service),
                                      std::string_view("aws4_request")})
    key = hmac(key, step);
  return in_hexadecimal(hmac(key, to_sign));
}
