#pragma once

#include "policy/bounce.hpp"
#include "policy/event.hpp"
#include "policy/reputation.hpp"
#include "policy/suppression.hpp"
#include "relay/spool/entry.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace spool {

/// How many suppressed addresses a store keeps.
inline constexpr std::size_t most_suppressed = 1'000'000;

inline constexpr std::size_t most_suppressed_at_once = 1'000;

/// What an event of the upstream does to the recipients that it names.
enum class Effect : std::uint8_t {
  none,
  delivered,   ///< they were reached
  bounced,     ///< by the class of the bounce they may be suppressed, and it may count
  complained,  ///< the same
};

/// One bounced recipient, or one that an event of another kind names.
struct BookedRecipient {
  std::string address;
  policy::BounceClass bounce{};  ///< with Effect::bounced
  bool counts = false;           ///< in the bounce rate, as the upstream's operator counts
};

/// An event of the upstream about a message, to be written down once.
struct Booking {
  Fingerprint fingerprint{};              ///< of the event: the same one is booked once
  std::optional<QueueId> tag;             ///< the queue id that it brings back
  std::string upstream_id;                ///< the upstream's id of the message
  std::optional<policy::EventKind> step;  ///< for the timeline, if it tells anything there
  std::string detail;                     ///< of that step
  WallTime at{};                          ///< when it happened
  WallTime sent_at{};                     ///< when the upstream took the message
  WallTime now{};
  Effect effect = Effect::none;
  std::vector<BookedRecipient> recipients;
  /// Label values of the counters, each of a closed set.
  std::string type, bounce_type, bounce_subtype, feedback_type;
  std::string complaint_subtype;  ///< as it came
};

/// An address that an app does not mail.
struct Suppressed {
  std::string app;
  std::string address;  ///< lower-case
  policy::Suppression record;
};

struct Booked {
  enum class Outcome : std::uint8_t {
    booked,     ///< on stable storage
    duplicate,  ///< it was before
    unknown,    ///< no entry of this store is meant: nothing is written
    failed,     ///< not stored: ask again later
  };
  Outcome outcome = Outcome::failed;
  QueueId id;
  std::string app, domain;
  bool urgent = false;
  bool notice = false;                 ///< a report of the relay's own: it counts nowhere
  std::vector<Suppressed> suppressed;  ///< whose record the event changed
};

/// One counter of events that outlives a restart: the family's name without prefix, and its label
/// values in order.
struct Tally {
  std::string family;
  std::vector<std::string> labels;
  std::uint64_t count = 0;
};

/// Which mail is summed up: that of each window, which ends now.
struct SumsWanted {
  std::vector<std::chrono::seconds> windows;
  WallTime now{};
  /// Of these apps what was sent earlier counts no more (policy::window_start).
  std::map<std::string, WallTime, std::less<>> counted_from;
};

/// What an app sent as a domain, and what came back of it.
struct SentSums {
  std::string app, domain;
  std::vector<policy::Counts> whole;    ///< of each window
  std::vector<policy::Counts> counted;  ///< the same, of what still counts
};

/// A page of the list of suppressed addresses, by app and address.
struct SuppressionPage {
  std::string app;      ///< empty: any
  std::string address;  ///< lower-case; empty: any
  std::pair<std::string, std::string>
      after;                ///< app and address of the last one of the page before
  std::size_t limit = 100;  ///< at most 1000
};

}  // namespace spool
