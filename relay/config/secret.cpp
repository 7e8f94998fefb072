#include "relay/config/secret.hpp"

#include "relay/config/files.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace config {
namespace {

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

bool all_within(std::string_view text, std::string_view alphabet) {
  return text.find_first_not_of(alphabet) == std::string_view::npos;
}

/// The size of the smallest usual alphabet that the text can have been drawn from.
double alphabet_size(std::string_view text) {
  constexpr std::string_view digits = "0123456789";
  constexpr std::string_view lower = "abcdefghijklmnopqrstuvwxyz";
  constexpr std::string_view upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  if (all_within(text, digits)) return 10;
  if (all_within(text, "0123456789abcdef") || all_within(text, "0123456789ABCDEF")) return 16;
  if (all_within(text, lower) || all_within(text, upper)) return 26;
  if (all_within(text, fmt::format("{}{}", digits, lower)) ||
      all_within(text, fmt::format("{}{}", digits, upper)))
    return 36;
  return 62;
}

bool repeats_one_piece(std::string_view text) {
  for (std::size_t piece = 1; piece <= text.size() / 2; ++piece)
    if (text.substr(piece) == text.substr(0, text.size() - piece)) return true;
  return false;
}

}  // namespace

Secret::~Secret() {
  value_.resize(
      value_.capacity());  // a moved-from short string still holds its octets behind its end
  OPENSSL_cleanse(value_.data(), value_.size());
}

mail::Result<Secret> read_secret(const std::filesystem::path& file) {
  auto read = read_file(file, max_secret_octets);
  if (!read) return read.error();
  std::string& text = read->text;
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  Secret secret(std::move(text));
  if (secret.empty())
    return mail::failure(fmt::format("`{}` is empty: write the secret into it", file.string()));
  if (!is_printable(secret.reveal()))
    return mail::failure(
        fmt::format("`{}` holds something other than one line of printable ASCII without spaces: "
                    "write the secret alone into it",
                    file.string()));
  return secret;
}

std::optional<std::string> weakness(std::string_view password) {
  constexpr double bits_wanted = 256;
  constexpr std::size_t distinct_wanted = 10;
  const double bits = static_cast<double>(password.size()) * std::log2(alphabet_size(password));
  const std::set<char> distinct(password.begin(), password.end());
  if (bits >= bits_wanted && distinct.size() >= distinct_wanted && !repeats_one_piece(password))
    return std::nullopt;
  return "is weaker than a generated one (256 random bits): make it with `openssl rand -base64 32`";
}

}  // namespace config
