#pragma once

#include "mail/result.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace config {

/// Bytes that must not leak: no stream operator, and wiped when destroyed.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(Secret other) noexcept {  // the old value is wiped with `other`
    value_.swap(other.value_);
    return *this;
  }
  ~Secret();
  [[nodiscard]] const std::string& reveal() const noexcept { return value_; }
  [[nodiscard]] bool empty() const noexcept { return value_.empty(); }

 private:
  std::string value_;
};

inline constexpr std::size_t max_secret_octets = 1024;

/// The secret in a file: one line, its line end cut off; not empty, at most max_secret_octets,
/// printable US-ASCII.
[[nodiscard]] mail::Result<Secret> read_secret(const std::filesystem::path& file);

/// What is wrong with an app's password or a token, as a sentence that never shows it; nothing if
/// it is as strong as a generated one: 256 bits by its length and the alphabet it draws on, and not
/// a few characters or one piece repeated.
[[nodiscard]] std::optional<std::string> weakness(std::string_view password);

}  // namespace config
