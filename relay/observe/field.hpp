#pragma once

#include "relay/config/config.hpp"

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace observe {

/// A key and a value of a log line. The value may come from anywhere: it is escaped, cut at
/// max_log_value octets, and mail addresses in it are shown as log.addresses says.
struct Field {
  enum class Kind : std::uint8_t { text, identifier, number };

  Field(std::string_view key_, std::string_view value_) : key(key_), value(value_) {}
  template <std::integral Number>
  Field(std::string_view key_, Number number)
      : key(key_), value(std::to_string(number)), kind(Kind::number) {}
  Field(std::string_view key_, std::chrono::nanoseconds took);  ///< in seconds, with six decimals
  /// A Message-ID field's content or another identifier that looks like an address and is none:
  /// shown whole.
  static Field identifier(std::string_view key, std::string_view value);

  std::string_view key;  ///< a literal: lower-case letters and `_`
  std::string value;
  Kind kind = Kind::text;
};
using Fields = std::span<const Field>;

inline constexpr std::size_t max_log_value = 200;

/// How the fields of a line are written.
struct FieldStyle {
  config::LogFormat format{};
  config::LogAddresses addresses{};
  std::string_view address_key;  ///< for hashed addresses
};

/// `key=value key="a value"`, or the members of a JSON object without its braces. Always one line
/// of harmless UTF-8; a value reads the same in both formats, JSON decoded.
[[nodiscard]] std::string body_of(Fields fields, const FieldStyle& style);

}  // namespace observe
