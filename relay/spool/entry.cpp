#include "relay/spool/entry.hpp"

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

}  // namespace spool
