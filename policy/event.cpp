#include "policy/event.hpp"

#include <array>
#include <cstddef>

namespace policy {
namespace {

constexpr std::array<std::string_view, 23> event_words{
    "refused",  "accepted",   "in_doubt",   "sent",        "deferred", "held",
    "released", "resent",     "settled",    "repeated",    "failed",   "expired",
    "dropped",  "superseded", "throttled",  "quarantined", "left_out", "delivered",
    "delayed",  "bounced",    "complained", "rejected",    "noted"};
static_assert(event_words.size() == static_cast<std::size_t>(EventKind::noted) + 1);

}  // namespace

std::string_view word(EventKind kind) noexcept {
  return event_words[static_cast<std::size_t>(kind)];
}

std::optional<EventKind> event_kind_of(std::string_view word) noexcept {
  for (std::size_t i = 0; i < event_words.size(); ++i) {
    if (event_words[i] == word) return static_cast<EventKind>(i);
  }
  return std::nullopt;
}

}  // namespace policy
