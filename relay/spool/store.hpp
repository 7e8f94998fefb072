#pragma once

#include "mail/result.hpp"
#include "relay/spool/entry.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace spool {

/// What became of an accept that was asked for. Each promise is kept exactly once.
enum class Accepted : std::uint8_t {
  stored,     ///< on stable storage
  failed,     ///< not stored: say 451 `storage`; the sentence is in the log
  withdrawn,  ///< the caller took it back before it was in a commit
};

/// Asks the writer to leave out an accept that is not yet in a commit (design 14). Thread-safe.
class Withdrawal {
 public:
  virtual ~Withdrawal() = default;
  /// True: it will not be stored. False: it is in a commit already and stays queued.
  virtual bool withdraw() noexcept = 0;
};

struct Filter {
  std::optional<State> state;
  std::string app, domain;  ///< empty: any
  std::optional<policy::Reason> reason;
  QueueId after{0};         ///< for paging: only ids above this one
  std::size_t limit = 100;  ///< at most 1000
};

/// What `trace` found for a word.
struct Trace {
  std::optional<Entry> entry;  ///< none for a refusal, or when the entry is past its retention
  std::vector<policy::Event> timeline;  ///< oldest first
};

struct Counts {
  std::array<std::uint64_t, 6> by_state{};                     ///< indexed by State
  std::vector<std::pair<policy::Reason, std::uint64_t>> held;  ///< by reason
  std::optional<WallTime> oldest;  ///< accepted_at of the oldest queued, in doubt or in delivery
};

struct Recovery {
  std::uint64_t queued = 0, in_doubt = 0, held = 0, quarantined = 0;
};

/// The spool: the one place where accepted mail lives (design 2). Every call is thread-safe and
/// returns at once. All queues inside are bounded; over the bound an operation fails at once.
/// Callbacks run on a thread of the store, or, when the operation fails at once, on the caller's
/// before the call returns. They must not block and must not throw; hand the result on to your own
/// executor.
class Store {
 public:
  virtual ~Store() = default;

  /// Makes a message durable, as queued or, with a reason, held; `done` is called after the
  /// commit's flush. With `lease` the entry is leased to the caller from the start (it delivers
  /// from memory), else a later lease() gives it out.
  virtual std::shared_ptr<Withdrawal> accept(Job job,
                                             bool lease,
                                             std::function<void(Accepted)> done) = 0;

  /// Applies a change and ends the lease unless `to` is in_delivery or in_doubt; `done(true)` after
  /// the flush. A change to `sent` removes the octets (retention.sent_content 0s).
  virtual void change(Change change, std::function<void(bool)> done) = 0;

  /// Writes down a refusal for `trace`. Best effort: dropped and counted when the writer is far
  /// behind.
  virtual void record(policy::Event refusal) = 0;

  /// Entries that are due (queued, or held and to be looked at again), oldest next_attempt first,
  /// leased to the caller, with their octets: at most `most`, and none after those that reach
  /// `most_octets`. A row that cannot be read is quarantined (state failed, event quarantined) and
  /// left out.
  virtual void lease(WallTime now,
                     std::size_t most,
                     std::uint64_t most_octets,
                     std::function<void(std::vector<Job>)> done) = 0;

  /// When the next queued or held, not leased entry falls due; nothing if there is none.
  virtual void next_due(std::function<void(std::optional<WallTime>)> done) = 0;

  virtual void list(Filter filter, std::function<void(std::vector<Entry>)> done) = 0;
  /// By queue id, Message-ID, SES message id, recipient or refusal reference; newest first, at
  /// most 20.
  virtual void trace(std::string word, std::function<void(std::vector<Trace>)> done) = 0;
  virtual void octets(QueueId id, std::function<void(Octets)> done) = 0;  ///< null if gone
  virtual void counts(std::function<void(Counts)> done) = 0;

  /// Whether an accept would be taken now: asked at MAIL and by /readyz. Cheap, from memory. False
  /// while the disk is full (recovers by itself) or the accept queue is over its bound.
  [[nodiscard]] virtual bool writable() const noexcept = 0;

  /// Removes what is past its retention; called now and then by the application.
  virtual void tidy(WallTime now,
                    std::chrono::seconds timeline_retention,
                    std::chrono::seconds failed_retention,
                    std::chrono::seconds refusal_retention) = 0;

  /// Finishes what was asked for, checkpoints, closes. After it every call fails. Blocks.
  virtual void close() = 0;
};

}  // namespace spool
