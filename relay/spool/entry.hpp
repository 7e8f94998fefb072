#pragma once

#include "policy/envelope.hpp"
#include "policy/event.hpp"
#include "policy/reason.hpp"
#include "relay/spool/queue_id.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spool {

using WallTime = std::chrono::system_clock::time_point;  ///< stored as Unix milliseconds
using Octets = std::shared_ptr<const std::string>;       ///< a message as received, shared between
                                                         ///< session, store and delivery

/// Where an entry stands. `in_delivery` is a queued entry that a delivery holds a lease on.
enum class State : std::uint8_t { queued, in_delivery, in_doubt, held, sent, failed };
[[nodiscard]] std::string_view word(State state) noexcept;
[[nodiscard]] std::optional<State> state_of(std::string_view word) noexcept;

/// What makes two accepts the same message: 128 bits over app, envelope and octets.
using Fingerprint = std::array<std::uint8_t, 16>;

/// An entry without its octets.
struct Entry {
  QueueId id;
  std::string app;
  std::string domain;             ///< configured sender domain that signs
  std::uint64_t association = 0;  ///< the app's right to the domain under which it was accepted
  policy::Envelope envelope;
  std::string message_id;  ///< of the Message-ID field, empty if none
  std::uint64_t size = 0;
  bool urgent = false;  ///< a person waits for it: a lane of its own, expires early
  bool notice = false;  ///< a report of the relay's own (DSN): none is ever made about it
  WallTime accepted_at{};
  State state = State::queued;
  std::optional<policy::Reason> reason;  ///< why held or failed
  WallTime next_attempt{};               ///< of a sent or failed entry: when it ended
  std::optional<WallTime> held_since;    ///< when its hold began, over all probes of it
  std::chrono::milliseconds held{0};     ///< spent in earlier holds
  std::uint32_t attempts = 0;
  std::string last_reply;   ///< the upstream's last reply or our last trouble, foreign text
  std::string upstream_id;  ///< SES message id once sent
};

/// Its age without the time spent held: what `expire` counts. Negative when the clock went back.
[[nodiscard]] std::chrono::milliseconds unheld_age(const Entry& entry, WallTime now) noexcept;

/// Under which key an accept may be a repeat of one that came after `since`.
struct Repeat {
  Fingerprint key{};
  WallTime since{};
};

/// A recipient of a message that it does not go to.
struct LeftOut {
  std::string forward_path;
  policy::Reason reason{};
};

/// A small fact that is kept over a restart (Recovery::notes); the latest value of a name counts.
struct Note {
  std::string name, value;
};

/// What a delivery works on.
struct Job {
  Entry entry;
  Octets octets;
  std::optional<Repeat> repeat;  ///< of an accept: none, and it is never a repeat
  /// Of an accept: for the timeline, and so that `trace` finds it by them.
  std::vector<LeftOut> left_out{};
  std::optional<Note> note{};  ///< of an accept: to be kept in the same transaction
};

/// A change of an entry's state with the event that says so; both are committed together. A hold
/// begins when an entry becomes held and ends when it becomes queued, sent or failed; a probe in
/// between (in delivery, in doubt, held again) does not end it.
struct Change {
  QueueId id;
  State to{};
  bool keeps_lease = false;  ///< the mark before the final dot; else the change ends the lease
  bool quiet = false;  ///< the event stays out of the timeline: nothing happened worth telling
  /// Bits (1 << State) of the states it applies to, and then only to an entry that is not leased;
  /// 0: any, by who holds the lease.
  std::uint8_t only_from = 0;
  std::optional<policy::Reason> reason;
  WallTime next_attempt{};
  std::uint32_t attempts = 0;
  std::string last_reply;
  std::string upstream_id;
  policy::Event event;
  /// A report to be accepted in the same transaction: it is there before the original is closed.
  std::shared_ptr<const Job> notice;
  std::optional<Note> note;  ///< to be kept in the same transaction
};

}  // namespace spool
