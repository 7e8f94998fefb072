#include "relay/proto/data_framing.hpp"

#include <utility>

namespace smtp {

ContentReader::ContentReader(std::uint64_t limit)
    : limit_(limit), octets_(std::make_shared<std::string>()) {}

std::size_t ContentReader::feed(std::string_view chunk) {
  std::size_t taken = 0;
  while (taken < chunk.size() && !complete_) {
    const std::string_view rest = chunk.substr(taken);
    const bool behind_dot = at_ == At::dot || at_ == At::dot_cr;
    taken += behind_dot ? end_or_unstuff(rest.front()) : keep_lines(rest);
  }
  return taken;
}

std::size_t ContentReader::keep_lines(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size() && (at_ != At::line_start || text[i] != '.')) i += pass(text.substr(i));
  keep(text.substr(0, i));
  if (i == text.size()) return i;
  at_ = At::dot;
  return i + 1;
}

std::size_t ContentReader::pass(std::string_view text) {
  if (at_ == At::cr) {
    if (text.front() == '\r') return 1;
    at_ = text.front() == '\n' ? At::line_start : At::text;
    return at_ == At::line_start ? 1 : 0;
  }
  const std::size_t cr = text.find('\r');
  at_ = cr == text.npos ? At::text : At::cr;
  return cr == text.npos ? text.size() : cr + 1;
}

std::size_t ContentReader::end_or_unstuff(char c) {
  if (at_ == At::dot) {
    at_ = c == '\r' ? At::dot_cr : At::text;
    return c == '\r' ? 1 : 0;
  }
  complete_ = c == '\n';
  if (complete_) return 1;
  keep("\r");
  at_ = At::cr;
  return 0;
}

void ContentReader::keep(std::string_view run) {
  received_ += run.size();
  if (too_big_) return;
  if (received_ > limit_) {
    too_big_ = true;
    std::string().swap(*octets_);
    return;
  }
  octets_->append(run);
}

std::shared_ptr<std::string> ContentReader::take() { return std::move(octets_); }

std::string frame(std::string_view octets) {
  constexpr std::string_view dotted_line = "\r\n.";
  std::string framed;
  framed.reserve(octets.size() + octets.size() / 64 + 8);
  if (octets.starts_with('.')) framed += '.';
  for (std::size_t at = octets.find(dotted_line); at != std::string_view::npos;
       at = octets.find(dotted_line)) {
    framed.append(octets.substr(0, at + dotted_line.size())) += '.';
    octets.remove_prefix(at + dotted_line.size());
  }
  framed += octets;
  if (!framed.empty() && !framed.ends_with("\r\n")) framed += "\r\n";
  return framed += ".\r\n";
}

}  // namespace smtp
