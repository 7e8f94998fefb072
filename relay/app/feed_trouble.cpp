#include "relay/app/feed_trouble.hpp"

namespace app {

FeedTrouble feed_trouble(const feedback::SqsStanding& standing,
                         spool::WallTime started,
                         spool::WallTime now) {
  if (now - standing.last_success.value_or(started) > unread_after) return FeedTrouble::unread;
  const auto other = standing.last_of_other_relay;
  if (other && now - *other < readers_seen_within) return FeedTrouble::several_readers;
  return FeedTrouble::none;
}

std::string_view sentence_of(FeedTrouble trouble) noexcept {
  switch (trouble) {
    case FeedTrouble::none:
      return "SES's events are read again as they should be.";
    case FeedTrouble::several_readers:
      return "This queue has several readers: events of another relay's mail come to this one, and "
             "maybe the other way round. Give each relay a queue of its own.";
    case FeedTrouble::unread:
      return "SES's events have not been read for 15 minutes: bounces and complaints are not seen. "
             "The log says why; look at the queue and at the credentials for it.";
  }
  return "";
}

}  // namespace app
