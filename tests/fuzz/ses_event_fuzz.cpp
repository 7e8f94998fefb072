// A record of SES, or what else a queue's message or a post carries. Whatever comes, an event keeps
// its bounds, its timeline's text has no address and no control character, and reading it again
// gives the same event.
#include "relay/feedback/event_reader.hpp"
#include "relay/feedback/sns_message.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_line(std::string_view text, std::size_t most) {
  return text.size() <= most &&
         std::ranges::none_of(text, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
}

void check_event(const feedback::Event& event) {
  require(!event.message_id.empty() && is_line(event.message_id, 128));
  require(!event.type_word.empty() && is_line(event.type_word, 64) && is_line(event.relay, 64));
  require(is_line(event.feedback_id, 128));
  require(is_line(event.detail, feedback::longest_event_detail));
  require(event.detail.find('@') == std::string_view::npos);
  require(event.recipients.size() <= feedback::most_event_recipients);
  for (const auto& recipient : event.recipients) {
    require(!recipient.address.empty() && is_line(recipient.address, 320));
    require(is_line(recipient.status, 64));
    require(is_line(recipient.diagnostic, feedback::longest_event_detail));
    require(recipient.diagnostic.find('@') == std::string_view::npos);
  }
  require(event.bounce.has_value() == (event.type == feedback::EventType::bounce));
  require(event.complaint.has_value() == (event.type == feedback::EventType::complaint));
}

void check(const feedback::Reading& reading, const feedback::Reading& again) {
  require(reading.index() == again.index());
  if (const auto* event = std::get_if<feedback::Event>(&reading)) {
    check_event(*event);
    require(fingerprint(*event) == fingerprint(std::get<feedback::Event>(again)));
  }
  if (const auto* unreadable = std::get_if<feedback::Unreadable>(&reading))
    require(!unreadable->sentence.empty() && is_line(unreadable->sentence, 200));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(input), size);
  check(feedback::read_event(text), feedback::read_event(text));
  check(feedback::read_queued(text), feedback::read_queued(text));
  return 0;
}
