#include "relay/domains/spf/syntax.hpp"

#include "mail/header_fields.hpp"
#include "relay/domains/spf/ascii.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace domains::spf {
namespace {

using Predicate = bool (*)(std::string_view);

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alphanumeric(char c) { return is_digit(c) || is_alpha(c); }

/// "%{" has been taken: takes letter, transformers, delimiters and the brace.
bool take_macro_body(std::string_view& text) {
  constexpr std::string_view letters = "slodiphvSLODIPHV";
  constexpr std::string_view delimiters = ".-+,/_=";
  if (text.empty() || letters.find(text.front()) == letters.npos) return false;
  text.remove_prefix(1);
  const std::size_t digits =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  if (digits > 0 && text.find_first_not_of('0') >= digits) return false;
  text.remove_prefix(digits);
  if (text.starts_with('r') || text.starts_with('R')) text.remove_prefix(1);
  text.remove_prefix(std::min(text.find_first_not_of(delimiters), text.size()));
  if (!text.starts_with('}')) return false;
  text.remove_prefix(1);
  return true;
}

/// What follows '%'.
bool take_macro(std::string_view& text) {
  const char kind = text.empty() ? '\0' : text.front();
  if (kind == '\0') return false;
  text.remove_prefix(1);
  return kind == '%' || kind == '_' || kind == '-' || (kind == '{' && take_macro_body(text));
}

struct MacroString {
  bool is_good = true;
  bool ends_in_macro = false;
};

MacroString read_macro_string(std::string_view text) {
  MacroString read;
  while (!text.empty() && read.is_good) {
    read.ends_in_macro = text.front() == '%';
    text.remove_prefix(1);
    if (read.ends_in_macro) read.is_good = take_macro(text);
  }
  return read;
}

bool is_top_label(std::string_view label) {
  const auto is_label_octet = [](char c) { return is_alphanumeric(c) || c == '-'; };
  if (label.empty() || !std::all_of(label.begin(), label.end(), is_label_octet)) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return !std::all_of(label.begin(), label.end(), is_digit);
}

/// A macro-string that ends in a macro or in a dot and a top label.
bool is_domain_spec(std::string_view text) {
  const MacroString read = read_macro_string(text);
  if (!read.is_good || read.ends_in_macro) return read.is_good;
  if (text.ends_with('.')) text.remove_suffix(1);
  const std::size_t dot = text.rfind('.');
  return dot != text.npos && is_top_label(text.substr(dot + 1));
}

bool is_prefix_length(std::string_view digits, unsigned limit) {
  unsigned length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  return error == std::errc{} && end == digits.data() + digits.size() && length <= limit &&
         (digits.size() == 1 || digits.front() != '0');
}

/// Takes "/n" (or "//n" with `slash` so) from the end of `text`; false: there is one, and bad.
bool take_length(std::string_view& text, std::string_view slash, unsigned limit) {
  const std::size_t digits = static_cast<std::size_t>(
      std::find_if_not(text.rbegin(), text.rend(), is_digit) - text.rbegin());
  std::string_view before = text.substr(0, text.size() - digits);
  if (!before.ends_with(slash)) return true;
  before.remove_suffix(slash.size());
  const bool good = is_prefix_length(text.substr(text.size() - digits), limit);
  text = before;
  return good;
}

bool is_network(std::string_view text, int family, unsigned bits) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return take_length(text, "/", bits) &&
         inet_pton(family, std::string(text).c_str(), address.data()) == 1;
}

// What may follow a mechanism's name.
bool is_nothing(std::string_view rest) { return rest.empty(); }

bool is_domain(std::string_view rest) {
  return rest.starts_with(':') && is_domain_spec(rest.substr(1));
}

bool is_maybe_domain(std::string_view rest) { return rest.empty() || is_domain(rest); }

bool is_maybe_domain_and_lengths(std::string_view rest) {
  return take_length(rest, "//", 128) && take_length(rest, "/", 32) && is_maybe_domain(rest);
}

bool is_ip4_network(std::string_view rest) {
  return rest.starts_with(':') && is_network(rest.substr(1), AF_INET, 32);
}

bool is_ip6_network(std::string_view rest) {
  return rest.starts_with(':') && is_network(rest.substr(1), AF_INET6, 128);
}

struct Mechanism {
  std::string_view name;
  Predicate fits;
  std::string_view wants;
};
constexpr std::array mechanisms{
    Mechanism{"all", &is_nothing, "nothing after it"},
    Mechanism{"include", &is_domain, "a domain"},
    Mechanism{"a", &is_maybe_domain_and_lengths, "a domain, prefix lengths, or nothing after it"},
    Mechanism{"mx", &is_maybe_domain_and_lengths, "a domain, prefix lengths, or nothing after it"},
    Mechanism{"ptr", &is_maybe_domain, "a domain or nothing after it"},
    Mechanism{"ip4", &is_ip4_network, "an IPv4 address or range"},
    Mechanism{"ip6", &is_ip6_network, "an IPv6 address or range"},
    Mechanism{"exists", &is_domain, "a domain"}};

std::string quoted(std::string_view term) { return '"' + std::string(term) + '"'; }

/// Reads term after term; what libspf2 gets grows in `mechanisms_`.
class Record {
 public:
  /// What is wrong; nothing: the term is good.
  std::optional<std::string> take(std::string_view term) {
    const std::size_t end = term.find_first_of("=:/");
    if (end != term.npos && term[end] == '=')
      return take_modifier(term, mail::to_lower(term.substr(0, end)), term.substr(end + 1));
    return take_mechanism(term);
  }

  [[nodiscard]] std::string text() const {
    return "v=spf1" + mechanisms_ + (has_all_ || redirect_.empty() ? "" : " " + redirect_);
  }

 private:
  std::optional<std::string> take_modifier(std::string_view term,
                                           const std::string& name,
                                           std::string_view value) {
    if (name == "redirect" || name == "exp") {
      bool& seen = name == "exp" ? has_exp_ : has_redirect_;
      if (std::exchange(seen, true)) return quoted(term) + " comes twice";
      if (!is_domain_spec(value)) return quoted(term) + " wants a domain";
      if (name == "redirect") redirect_ = term;
      return std::nullopt;
    }
    const bool is_name = !name.empty() && is_alpha(name.front()) &&
                         std::all_of(name.begin(), name.end(), [](char c) {
                           return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
                         });
    if (!is_name || !read_macro_string(value).is_good) return quoted(term) + " is no modifier";
    return std::nullopt;
  }

  std::optional<std::string> take_mechanism(std::string_view term) {
    const bool is_qualified = std::string_view("+-~?").find(term.front()) != std::string_view::npos;
    const std::string_view bare = term.substr(is_qualified ? 1 : 0);
    const std::string_view written = bare.substr(0, bare.find_first_of(":/"));
    const std::string name = mail::to_lower(written);
    const auto* const known =
        std::find_if(mechanisms.begin(), mechanisms.end(), [&](const Mechanism& mechanism) {
          return mechanism.name == name;
        });
    if (known == mechanisms.end()) return quoted(term) + " is no mechanism";
    if (!known->fits(bare.substr(written.size())))
      return quoted(term) + " wants " + std::string(known->wants);
    has_all_ = has_all_ || name == "all";
    append(term.substr(0, term.size() - bare.size()), bare, name);
    return std::nullopt;
  }

  /// libspf2 knows no prefix length 0: every address is in one half of all or in the other.
  void append(std::string_view qualifier, std::string_view mechanism, std::string_view name) {
    constexpr std::array<std::string_view, 2> halves4{"ip4:0.0.0.0/1", "ip4:128.0.0.0/1"};
    constexpr std::array<std::string_view, 2> halves6{"ip6:::/1", "ip6:8000::/1"};
    const auto add = [&](std::string_view one) { ((mechanisms_ += ' ') += qualifier) += one; };
    const bool is_all = (name == "ip4" || name == "ip6") && mechanism.ends_with("/0");
    if (!is_all) return add(mechanism);
    for (const std::string_view half : name == "ip4" ? halves4 : halves6) add(half);
  }

  std::string mechanisms_;
  std::string redirect_;
  bool has_all_ = false;
  bool has_exp_ = false;
  bool has_redirect_ = false;
};

}  // namespace

mail::Result<std::string> normalised(std::string_view record) {
  Record read;
  while (true) {
    record.remove_prefix(std::min(record.find(' '), record.size()));
    record.remove_prefix(std::min(record.find_first_not_of(' '), record.size()));
    if (record.empty()) return read.text();
    if (auto wrong = read.take(record.substr(0, record.find(' ')))) return mail::failure(*wrong);
  }
}

}  // namespace domains::spf
