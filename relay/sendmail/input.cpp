#include "relay/sendmail/input.hpp"

#include <utility>

namespace sendmail {

void MessageInput::feed(std::string_view chunk) {
  while (!chunk.empty() && !ended_) {
    const std::size_t end = chunk.find('\n');
    octets_ += chunk.substr(0, end);
    chunk.remove_prefix(end == std::string_view::npos ? chunk.size() : end + 1);
    if (end != std::string_view::npos) end_line();
    if (octets_.size() <= max_message_octets) continue;
    too_big_ = ended_ = true;
    std::string().swap(octets_);
  }
}

void MessageInput::end_line() {
  if (octets_.size() > line_start_ && octets_.back() == '\r') octets_.pop_back();
  ended_ = dot_ends_ && std::string_view(octets_).substr(line_start_) == ".";
  if (ended_) {
    octets_.resize(line_start_);
    return;
  }
  octets_ += "\r\n";
  line_start_ = octets_.size();
}

std::string MessageInput::take() {
  if (!ended_ && octets_.size() > line_start_) end_line();
  return std::move(octets_);
}

}  // namespace sendmail
