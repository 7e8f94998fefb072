#pragma once

#include "relay/spool/booking.hpp"
#include "relay/spool/entry.hpp"
#include "relay/spool/store.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace spool {

/// How much may wait for the writer.
struct IntakeBounds {
  std::size_t accepts = 10'000;
  std::uint64_t accept_octets = 64ULL << 20U;
  std::size_t changes = 4096;            ///< asked for entries that are not leased
  std::size_t leased_changes = 262'144;  ///< for leased ones: four for each of 65,536 leases
  std::size_t refusals = 10'000;         ///< one app's, or strangers', half of them
  std::size_t orders = 64;
  std::size_t notes = 64;  ///< by name
  std::size_t writes = 256;
  std::uint64_t write_octets = 64ULL << 20U;
  std::size_t feedback = 1024;
};

/// How much one commit takes: enough to share a flush, little enough that nobody waits long for it.
struct BatchBounds {
  std::size_t rows = 500;  ///< of each kind
  std::uint64_t octets = 4ULL << 20U;
  std::uint64_t alone = 256ULL << 10U;  ///< a larger message is committed by itself
  /// How long a change that nobody waits for (`sent`) lets others come, to share their flush.
  std::chrono::milliseconds ride{20};
};

class Intake;

/// An accept on its way to the writer.
class Ticket final : public Withdrawal {
 public:
  Ticket(std::weak_ptr<Intake> intake, Job job, bool lease, std::function<void(Acceptance)> done)
      : job(std::move(job)), lease(lease), done(std::move(done)), intake_(std::move(intake)) {}
  bool withdraw() noexcept override;

  Job job;
  bool lease;
  std::function<void(Acceptance)> done;

 private:
  friend class Intake;
  enum class Stage : std::uint8_t { waiting, taken, withdrawn };
  std::weak_ptr<Intake> intake_;  ///< which holds the ticket while it waits
  Stage stage_ = Stage::waiting;  ///< guarded by the intake's mutex
};

struct PendingChange {
  Change change;
  std::function<void(bool)> done;
  std::function<void()> given_up;  ///< before done(false), if this one alone cannot be written
};

struct PendingOrder {
  Order order;
  std::function<void(Ordered)> done;
  std::uint64_t changes_before = 0;  ///< set by the intake: how many it had been offered until then
};

struct PendingWrite {
  std::vector<DocumentWrite> writes;
  std::optional<AuditRecord> audit;
  std::function<void(Written)> done;
};

struct PendingBooking {
  Booking booking;
  std::function<void(Booked)> done;
};

struct PendingSuppression {
  std::vector<Suppressed> records;
  AuditRecord audit;
  std::function<void(bool)> done;
};

/// What changes the tables of feedback.
using PendingFeedback = std::variant<PendingBooking, PendingSuppression>;

using Notes = std::map<std::string, std::string, std::less<>>;

struct Retention {
  WallTime timeline, failed, refusals, audit;  ///< what is older than these goes
  WallTime crowded;  ///< what finished before it may go when the file is over its size
  WallTime booked, reached, cohorts, suppressions;
};

/// What the writer takes into one commit.
struct Batch {
  std::vector<std::shared_ptr<Ticket>> accepts;
  std::vector<std::shared_ptr<Ticket>> withdrawn;  ///< only to be told so
  std::vector<PendingChange> changes;
  std::vector<PendingWrite> writes;
  std::vector<PendingFeedback> feedback;
  std::vector<policy::Event> refusals;
  Notes notes;
  std::optional<Retention> retention;
  bool closed = false;  ///< nothing more will come
};

/// Where accepts, changes, orders and the rest wait for the writer, each within its bound.
/// Thread-safe.
class Intake {
 public:
  Intake(IntakeBounds bounds, BatchBounds batch) : bounds_(bounds), batch_(batch) {}

  // Each false: over the bound, or closed.
  bool offer(const std::shared_ptr<Ticket>& ticket);
  bool offer(PendingChange& change, bool leased);
  bool offer(policy::Event refusal);
  bool offer(PendingOrder& order);
  bool offer(PendingWrite& write);
  bool offer(PendingFeedback& feedback);
  /// The latest value of a name counts, but one that comes back from a failed commit does not
  /// replace a later one.
  bool offer_note(std::string name, std::string value, bool again = false);
  void offer(Retention retention);  ///< the latest counts

  /// Takes what has gathered, waiting at most `patience` for something to come; nothing if only an
  /// order has. A message over the size for that comes alone, in turn with what else waits.
  Batch take(std::chrono::milliseconds patience);
  /// The order that waits longest, if any, once every change that came before it has been taken.
  std::optional<PendingOrder> take_order();
  /// Takes what is left, to be failed.
  std::vector<PendingOrder> take_left_orders();

  /// Takes every accept, every write of documents and all feedback that waits, to be failed: what
  /// the writer does when nothing can be written.
  Batch take_to_fail();
  /// Takes what is left after close(), to be failed.
  std::vector<PendingChange> take_left_changes();

  /// Waits until closed, at most `patience`: what the writer does between two tries on a full disk.
  /// True: closed.
  bool rest(std::chrono::milliseconds patience);
  void close();
  [[nodiscard]] bool closed() const;

  /// Whether an accept of no size would be taken.
  [[nodiscard]] bool has_room() const noexcept { return room_.load(std::memory_order_relaxed); }

 private:
  friend class Ticket;
  bool withdraw(Ticket& ticket);
  bool awaited() const;  ///< somebody waits for the next commit
  bool idle() const;
  void take_accepts(std::deque<std::shared_ptr<Ticket>>& from, std::size_t most, Batch& batch);
  void take_writes(Batch& batch);
  void take_refusals(Batch& batch);
  void leave(Ticket& ticket);
  void note_room();
  void wake();

  const IntakeBounds bounds_;
  const BatchBounds batch_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::deque<std::shared_ptr<Ticket>> small_, large_;
  std::uint64_t waiting_octets_ = 0;
  std::deque<PendingChange> changes_;
  std::uint64_t changes_offered_ = 0;
  bool changes_awaited_ = false;  ///< not only `sent`, which rides in whatever commit comes next
  std::deque<PendingWrite> writes_;
  std::uint64_t waiting_write_octets_ = 0;
  std::deque<PendingFeedback> feedback_;
  std::deque<policy::Event> refusals_;
  std::map<std::string, std::size_t> refusals_of_;  ///< of them, by app
  std::deque<PendingOrder> orders_;
  Notes notes_;  ///< ride like `sent`
  std::optional<Retention> retention_;
  bool large_turn_ = false;
  bool waiting_ = false;
  bool closed_ = false;
  std::atomic<bool> room_{true};
};

}  // namespace spool
