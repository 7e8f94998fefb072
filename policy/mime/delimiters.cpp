#include "policy/mime/delimiters.hpp"

#include "mail/header_fields.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace policy::mime {
namespace {

struct Delimiter {
  std::size_t begin;  ///< of the line
  std::size_t end;    ///< behind its line end
  bool closing;
};

std::string_view without_line_end(std::string_view text) noexcept {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

/// string_view::find stops at each line end; memmem looks at the end of the needle first and skips
/// most of them.
std::size_t find(std::string_view text, std::string_view wanted, std::size_t from) noexcept {
  const void* found = memmem(text.data() + from, text.size() - from, wanted.data(), wanted.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

class DelimiterScan {
 public:
  DelimiterScan(std::string_view body, std::string_view boundary)
      : body_(body), line_start_("\n--" + std::string(boundary)) {}

  std::optional<Delimiter> next() {
    const std::string_view dashed = std::string_view(line_start_).substr(1);
    while (true) {
      const bool at_the_top = from_ == 0 && body_.starts_with(dashed);
      const std::size_t line_end_before =
          at_the_top ? 0 : find(body_, line_start_, from_ == 0 ? 0 : from_ - 1);
      if (line_end_before == std::string_view::npos) return std::nullopt;
      const std::size_t at = at_the_top ? 0 : line_end_before + 1;
      from_ = std::min(body_.find('\n', at), body_.size() - 1) + 1;
      const std::string_view line = without_line_end(body_.substr(at, from_ - at));
      const std::string_view behind = mail::trim(line.substr(dashed.size()));
      const bool closing = behind.starts_with("--") && mail::trim(behind.substr(2)).empty();
      if (behind.empty() || closing) return Delimiter{at, from_, closing};
      if (near_misses_.size() < max_near_misses) near_misses_.insert(mail::trim(line));
    }
  }
  [[nodiscard]] std::set<std::string_view> take_near_misses() noexcept {
    return std::move(near_misses_);
  }

 private:
  std::string_view body_;
  std::string line_start_;  // searched from the line end on: text full of dashes costs no more than
                            // other text
  std::size_t from_ = 0;
  std::set<std::string_view> near_misses_;
};

}  // namespace

Split split_at_delimiters(std::string_view body, std::string_view boundary, std::size_t most) {
  constexpr std::size_t outside = std::string_view::npos;
  Split split;
  DelimiterScan scan(body, boundary);
  std::size_t part = outside;  // where the part under way begins
  while (split.parts.size() < most) {
    const std::optional<Delimiter> delimiter = scan.next();
    if (part != outside) {
      const std::size_t end = delimiter ? delimiter->begin : body.size();
      const std::string_view octets = body.substr(part, end - part);
      split.parts.push_back(delimiter ? without_line_end(octets) : octets);
    }
    if (!delimiter) break;
    part = delimiter->closing ? outside : delimiter->end;
  }
  split.near_misses = scan.take_near_misses();
  return split;
}

}  // namespace policy::mime
