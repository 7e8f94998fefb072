#include "relay/spool/entry.hpp"

#include <algorithm>
#include <array>

namespace spool {
namespace {

constexpr std::array<std::string_view, 6> words{
    "queued", "in_delivery", "in_doubt", "held", "sent", "failed"};

}  // namespace

std::string_view word(State state) noexcept { return words[static_cast<std::size_t>(state)]; }

std::optional<State> state_of(std::string_view word) noexcept {
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words[i] == word) return static_cast<State>(i);
  return std::nullopt;
}

std::chrono::milliseconds unheld_age(const Entry& entry, WallTime now) noexcept {
  using std::chrono::milliseconds;
  const auto since = [now](WallTime time) {
    return std::chrono::duration_cast<milliseconds>(now - time);
  };
  const auto holding =
      entry.held_since ? std::max(since(*entry.held_since), milliseconds(0)) : milliseconds(0);
  return since(entry.accepted_at) - entry.held - holding;
}

}  // namespace spool
