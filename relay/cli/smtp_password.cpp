#include "relay/cli/smtp_password.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

namespace cli {
namespace {

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  HMAC(EVP_sha256(),
       key.data(),
       static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()),
       text.size(),
       digest.data(),
       &length);
  return {reinterpret_cast<const char*>(digest.data()), length};
}

std::string base64(std::string_view octets) {
  std::string text((octets.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(octets.data()),
                                     static_cast<int>(octets.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

}  // namespace

std::string smtp_password(std::string_view secret_access_key, std::string_view region) {
  constexpr char version = 0x04;
  std::string key = "AWS4" + std::string(secret_access_key);
  for (const std::string_view step : {std::string_view("11111111"),
                                      region,
                                      std::string_view("ses"),
                                      std::string_view("aws4_request"),
                                      std::string_view("SendRawEmail")})
    key = hmac_sha256(key, step);
  return base64(version + key);
}

mail::Result<std::string> read_secret_access_key(std::string_view line) {
  constexpr std::string_view white_space = " \t\r\n";
  line.remove_prefix(std::min(line.find_first_not_of(white_space), line.size()));
  const std::string_view key = line.substr(0, line.find_last_not_of(white_space) + 1);
  const auto is_printable = [](char c) { return c > 0x20 && c < 0x7f; };
  if (key.empty())
    return mail::failure(
        "No secret access key came on standard input: `postern smtp-password --region R < FILE`.");
  if (!std::ranges::all_of(key, is_printable))
    return mail::failure(
        "Standard input holds more than one word: give the secret access key alone.");
  if (key.size() == 20 && (key.starts_with("AKIA") || key.starts_with("ASIA")))
    return mail::failure(
        "This is an access key id, which is the SMTP user name: give the secret access key that "
        "belongs to it.");
  return std::string(key);
}

}  // namespace cli
