#include "relay/observe/addresses.hpp"

#include "mail/header_fields.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>

namespace observe {

namespace {

// What an address in running text can be made of: atext, the dot, the @ itself and everything that
// is not ASCII.
bool part_of_address(char c) noexcept {
  const auto octet = static_cast<std::uint8_t>(c);
  const bool letter_or_digit =
      (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return letter_or_digit || octet >= 0x80 ||
         std::string_view("!#$%&'*+-/=?^_`{|}~.@").find(c) != std::string_view::npos;
}

constexpr std::size_t max_quoted_local_part = 256;  // 64 are allowed

// The length of a quoted string (RFC 5321 4.1.2) at the start of text that an @ follows; 0 if there
// is none.
std::size_t quoted_local_part(std::string_view text) noexcept {
  if (text.empty() || text.front() != '"') return 0;
  const std::size_t end = std::min(text.size(), max_quoted_local_part);
  for (std::size_t i = 1; i < end; ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1 < text.size() && text[i + 1] == '@' ? i + 1 : 0;
    }
  }
  return 0;
}

// The longest piece at the start of text that can be an address.
std::string_view candidate(std::string_view text) noexcept {
  std::size_t length = quoted_local_part(text);
  while (length < text.size() && part_of_address(text[length])) ++length;
  return text.substr(0, length);
}

std::string digest(std::string_view key, std::string_view address) {
  const std::string message = mail::to_lower(address);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned length = 0;
  if (HMAC(EVP_sha256(),
           key.data(),
           static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(message.data()),
           message.size(),
           mac.data(),
           &length) == nullptr) {
    throw std::runtime_error("OpenSSL has no HMAC-SHA256: log.addresses: hashed needs it.");
  }
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) {
    text += digits[mac[i] >> 4];
    text += digits[mac[i] & 0xF];
  }
  return text;
}

// The first character with its continuation octets, if it is UTF-8.
std::string_view first_character(std::string_view text) noexcept {
  std::size_t octets = 1;
  if (static_cast<std::uint8_t>(text.front()) < 0xC0u) return text.substr(0, octets);
  while (octets < text.size() && octets < 4 &&
         (static_cast<std::uint8_t>(text[octets]) & 0xC0u) == 0x80u)
    ++octets;
  return text.substr(0, octets);
}

void append_hidden(std::string& out,
                   std::string_view piece,
                   config::LogAddresses how,
                   std::string_view key) {
  const std::size_t at = piece.rfind('@');
  if (at == std::string_view::npos || at == 0) {
    out += piece;
  } else if (how == config::LogAddresses::hashed) {
    out.append(digest(key, piece)).append(piece.substr(at));
  } else {
    out.append(first_character(piece)).append("***").append(piece.substr(at));
  }
}

}  // namespace

std::string with_addresses(std::string_view text, config::LogAddresses how, std::string_view key) {
  if (how == config::LogAddresses::full || text.find('@') == std::string_view::npos)
    return std::string(text);
  std::string out;
  while (!text.empty()) {
    const std::string_view piece = candidate(text);
    if (piece.empty()) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    append_hidden(out, piece, how, key);
    text.remove_prefix(piece.size());
  }
  return out;
}

}  // namespace observe
