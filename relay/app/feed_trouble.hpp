#pragma once

#include "relay/feedback/sqs_reader.hpp"
#include "relay/spool/entry.hpp"

#include <chrono>
#include <string_view>

namespace app {

/// What is wrong with how SES's events are read from their queue.
enum class FeedTrouble : std::uint8_t {
  none,
  several_readers,  ///< events of another relay's mail come to it
  unread,           ///< no poll of it succeeds any more
};

inline constexpr std::chrono::minutes readers_seen_within{10};
inline constexpr std::chrono::minutes unread_after{15};

/// \param started when reading began
[[nodiscard]] FeedTrouble feed_trouble(const feedback::SqsStanding& standing,
                                       spool::WallTime started,
                                       spool::WallTime now);

/// What is wrong and what to do, in one sentence; that all is well again, for none.
[[nodiscard]] std::string_view sentence_of(FeedTrouble trouble) noexcept;

}  // namespace app
