#pragma once

#include "policy/envelope.hpp"
#include "policy/event.hpp"
#include "policy/reason.hpp"
#include "relay/spool/queue_id.hpp"

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

/// An entry without its octets.
struct Entry {
  QueueId id;
  std::string app;
  std::string domain;  ///< configured sender domain that signs
  policy::Envelope envelope;
  std::string message_id;  ///< of the Message-ID field, empty if none
  std::uint64_t size = 0;
  WallTime accepted_at{};
  State state = State::queued;
  std::optional<policy::Reason> reason;  ///< why held or failed
  WallTime next_attempt{};               ///< of a sent or failed entry: when it ended
  std::uint32_t attempts = 0;
  std::string last_reply;   ///< the upstream's last reply or our last trouble, foreign text
  std::string upstream_id;  ///< SES message id once sent
};

/// What a delivery works on.
struct Job {
  Entry entry;
  Octets octets;
};

/// A change of an entry's state with the event that says so; both are committed together.
struct Change {
  QueueId id;
  State to{};
  std::optional<policy::Reason> reason;
  WallTime next_attempt{};
  std::uint32_t attempts = 0;
  std::string last_reply;
  std::string upstream_id;
  policy::Event event;
};

}  // namespace spool
