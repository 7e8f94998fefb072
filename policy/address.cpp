#include "policy/address.hpp"

#include "mail/header_fields.hpp"
#include "policy/address_syntax.hpp"

#include <glib.h>
#include <idn2.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

namespace policy {
namespace {

constexpr std::size_t max_label_octets = 63;
constexpr std::size_t max_domain_octets = 253;
constexpr std::size_t max_local_part_octets = 64;
constexpr std::size_t max_path_octets = 254;

constexpr bool letter_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool all_ascii(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), syntax::is_8bit);
}

/// RFC 5321 4.1.2: letters, digits and hyphens, no hyphen at either end.
bool is_label(std::string_view label) noexcept {
  return !label.empty() && label.size() <= max_label_octets && letter_or_digit(label.front()) &&
         letter_or_digit(label.back()) && std::all_of(label.begin(), label.end(), [](char c) {
           return letter_or_digit(c) || c == '-';
         });
}

bool is_host_name(std::string_view domain) noexcept {
  while (true) {
    const auto dot = domain.find('.');
    if (!is_label(domain.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    domain.remove_prefix(dot + 1);
  }
}

/// Capitals as small letters, one by one, whatever the language; nothing if the text is no UTF-8.
std::optional<std::string> small_letters(const std::string& text) {
  if (g_utf8_validate(text.data(), static_cast<gssize>(text.size()), nullptr) == 0)
    return std::nullopt;
  std::string small;
  for (const char* at = text.c_str(); *at != '\0'; at = g_utf8_next_char(at)) {
    std::array<char, 6> octets{};
    const int size = g_unichar_to_utf8(g_unichar_tolower(g_utf8_get_char(at)), octets.data());
    small.append(octets.data(), static_cast<std::size_t>(size));
  }
  return small;
}

mail::Result<std::string> looked_up(const std::string& domain, int flags) {
  char* found = nullptr;
  const int status = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(domain.c_str()),
                                    reinterpret_cast<std::uint8_t**>(&found),
                                    IDN2_NFC_INPUT | flags);
  const std::unique_ptr<char, decltype(&idn2_free)> owner(found, &idn2_free);
  if (status != IDN2_OK) {
    return mail::failure("The domain is not a valid internationalised name (" +
                         std::string(idn2_strerror(status)) + "): write it in its xn-- form.");
  }
  return std::string(found);
}

/// The A-label form by the strict rules of IDNA2008: nothing but capitals is mapped, so that no
/// second spelling (full-width letters and dots, soft hyphens) counts as a domain it only looks
/// like. UTS #46, by which programs write a domain as A-label, must lead to the same: where it
/// does not (a Turkish dotted capital I), another domain would be judged than the one written.
mail::Result<std::string> a_label(const std::string& domain) {
  const auto small = small_letters(domain);
  if (!small) return mail::failure("The domain is not UTF-8: write it in its xn-- form.");
  auto strict = looked_up(*small, IDN2_NO_TR46);
  if (!strict) return strict;
  auto mapped = looked_up(domain, IDN2_NONTRANSITIONAL);
  if (!mapped) return mapped;
  if (*mapped != *strict)
    return mail::failure("The domain can be read as two names: write it in small letters.");
  return strict;
}

PathFailure syntax_fault(std::string sentence) { return {PathFault::syntax, std::move(sentence)}; }

bool is_quoted_local_part(std::string_view local) noexcept {
  if (local.size() < 3 || local.front() != '"' || local.back() != '"') return false;
  for (std::size_t i = 1; i + 1 < local.size(); ++i) {
    if (local[i] == '"') return false;
    if (local[i] == '\\' && ++i + 1 >= local.size()) return false;
  }
  return true;
}

bool is_local_part(std::string_view local) noexcept {
  return syntax::is_dot_atom(local) || is_quoted_local_part(local);
}

/// Where the domain begins: behind the last @ that is not inside a quoted local part.
std::size_t last_at(std::string_view path) noexcept { return path.rfind('@'); }

}  // namespace

mail::Result<std::string> normal_domain(std::string_view domain) {
  if (domain.empty()) return mail::failure("The domain is empty.");
  if (domain.ends_with('.')) return mail::failure("The domain ends with a dot: leave it out.");
  if (domain.size() > max_domain_octets)
    return mail::failure("The domain is longer than 253 octets.");
  std::string name = mail::to_lower(domain);
  if (!all_ascii(name)) {
    if (name.find('\0') != std::string::npos) return mail::failure("The domain contains a NUL.");
    auto converted = a_label(name);
    if (!converted) return converted.error();
    name = mail::to_lower(*converted);
  }
  if (name.size() > max_domain_octets || !is_host_name(name)) {
    return mail::failure(
        "The domain is not a host name: letters, digits and hyphens between dots.");
  }
  return name;
}

boost::system::result<Address, PathFailure> parse_path(std::string_view path) {
  const auto at = last_at(path);
  if (at == std::string_view::npos || at == 0) return syntax_fault("there is nothing before an @");
  const std::string_view local = path.substr(0, at);
  if (!all_ascii(local)) {
    return PathFailure{PathFault::non_ascii_local, "it has non-ASCII characters before the @"};
  }
  const auto control_or_blank = [](char c) { return (c >= 0 && c <= ' ') || c == '\x7f'; };
  if (std::any_of(path.begin(), path.end(), control_or_blank)) {
    return syntax_fault("it contains white space or a control character");
  }
  if (local.size() > max_local_part_octets) return syntax_fault("over 64 characters before the @");
  if (!is_local_part(local)) return syntax_fault("the part before the @ is not a valid one");
  auto domain = normal_domain(path.substr(at + 1));
  if (!domain) return syntax_fault(domain.error().sentence());
  Address address{std::string(local), std::move(*domain)};
  if (address.local_part.size() + 1 + address.domain.size() > max_path_octets) {
    return syntax_fault("it is longer than 254 characters");
  }
  return address;
}

}  // namespace policy
