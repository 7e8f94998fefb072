#pragma once

#include "mail/result.hpp"
#include "relay/spool/booking.hpp"
#include "relay/spool/document.hpp"
#include "relay/spool/entry.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spool {

/// What became of an accept that was asked for. Each promise is kept exactly once.
enum class Accepted : std::uint8_t {
  stored,     ///< on stable storage
  repeated,   ///< the same message was taken before and has not failed: nothing new is stored
  failed,     ///< not stored: say 451 `storage`; the sentence is in the log
  withdrawn,  ///< the caller took it back before it was in a commit
};

struct Acceptance {
  Accepted outcome{};
  QueueId id;  ///< stored: its own; repeated: the first one's
};

/// Asks the writer to leave out an accept that is not yet in a commit (design 14). Thread-safe.
class Withdrawal {
 public:
  virtual ~Withdrawal() = default;
  /// True: it will not be stored. False: it is in a commit already and stays queued.
  virtual bool withdraw() noexcept = 0;
};

struct Filter {
  std::optional<QueueId> id;
  std::optional<State> state;
  std::string app, domain;  ///< empty: any
  std::optional<policy::Reason> reason;
  std::optional<WallTime> accepted_before;
  QueueId after{0};         ///< for paging: only ids above this one
  std::size_t limit = 100;  ///< at most 1000
};

/// What `trace` found for a word.
struct Trace {
  std::optional<Entry> entry;  ///< none for a refusal, or when the entry is past its retention
  std::vector<policy::Event> timeline;  ///< oldest first
};

/// A refusal that record() wrote down.
struct NumberedRefusal {
  std::int64_t number = 0;  ///< rising, with gaps
  policy::Event event;
};

struct Counts {
  std::array<std::uint64_t, 6> by_state{};                     ///< indexed by State
  std::vector<std::pair<policy::Reason, std::uint64_t>> held;  ///< by reason
  std::optional<WallTime> oldest;  ///< accepted_at of the oldest queued, in doubt or in delivery
};

struct Recovery {
  std::uint64_t queued = 0, in_doubt = 0, held = 0;
  std::map<std::string, std::string, std::less<>> notes;  ///< what note() kept
  std::vector<Document> documents;                        ///< all of them, by kind and name
  std::vector<Tally> tallies;                             ///< what was counted of feedback
  std::int64_t last_refusal = 0;  ///< the number of the newest; those to come are above it
  /// Names this store in what goes upstream and comes back with its events: 13 letters and digits.
  std::string relay_tag;
};

/// One queue among those that share the rate: an app's, or its urgent one.
struct Lane {
  std::string app;
  bool urgent = false;
  friend auto operator<=>(const Lane&, const Lane&) = default;
};

/// What lease() is to look for: queued entries that are due, of each lane in turn, and whatever
/// else is due (held and to be looked at again, in doubt and out of patience).
struct Wanted {
  WallTime now{};
  std::size_t most_per_lane = 50;
  std::size_t most = 200;
  std::uint64_t most_octets = 8ULL << 20U;  ///< none after those that reach it
  std::set<Lane> full;                      ///< lanes that have enough in memory
};

/// What an operator, or an account that cannot send, does to many entries at once. Leased entries
/// are left alone.
enum class Operation : std::uint8_t {
  retry,    ///< queued: due now; in doubt: queued again (`resent`)
  hold,     ///< queued: held for `reason` until `until`
  release,  ///< held: queued, due now; urgent ones newest first, older copies for the same app and
            ///< recipient become failed with `superseded`
  drop,     ///< queued, held, in doubt: failed with `dropped`
};
struct Order {
  Operation operation{};
  Filter which;  ///< `after` and `limit` do not count
  WallTime now{};
  policy::Reason reason = policy::Reason::by_hand;
  WallTime until{};
  std::string detail;  ///< for the events
  bool dry_run = false;
};
struct Ordered {
  std::uint64_t matched = 0;     ///< entries that it was, or would be, done to
  std::uint64_t superseded = 0;  ///< among them, closed instead of released
  bool complete = true;          ///< false: the store failed or closed on the way
  std::uint64_t resent = 0;      ///< among the matched, in doubt before: they may arrive twice
};

/// What an app has in the spool that is not settled.
struct AppLoad {
  std::uint64_t messages = 0, octets = 0;
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
  /// from memory), else a later lease() gives it out. A repeat of an earlier accept is not stored:
  /// the first one gets an event `repeated`.
  virtual std::shared_ptr<Withdrawal> accept(Job job,
                                             bool lease,
                                             std::function<void(Acceptance)> done) = 0;

  /// Applies a change; `done(true)` after the flush, false if it does not apply or failed. A change
  /// to `sent` removes the octets (retention.sent_content 0s) and waits for no flush of its own.
  virtual void change(Change change, std::function<void(bool)> done) = 0;

  /// Ends the lease of an entry with which nothing was done.
  virtual void give_back(QueueId id) = 0;

  /// Carries out an order, some hundreds of entries a commit, in turn with other work; `done` once,
  /// at the end. It begins when every change that was asked for before it is committed. Orders are
  /// done one after the other; at most 64 wait, one more is answered as incomplete.
  virtual void order(Order order, std::function<void(Ordered)> done) = 0;

  /// Writes down a refusal for `trace`. Best effort: dropped and counted when the writer is far
  /// behind.
  virtual void record(policy::Event refusal) = 0;

  /// Those with numbers above `after`, at most `until`, the oldest first.
  virtual void refusals(std::int64_t after,
                        std::int64_t until,
                        std::size_t limit,
                        std::function<void(std::vector<NumberedRefusal>)> done) = 0;

  /// Entries that are due, leased to the caller, with their octets; within a lane oldest
  /// next_attempt first. A row that cannot be read is quarantined (state failed, event quarantined)
  /// and left out.
  virtual void lease(Wanted wanted, std::function<void(std::vector<Job>)> done) = 0;

  /// A held entry of this reason (and domain, if any; and of one of these apps, if any) to show
  /// whether the hold can end: the oldest after `after`, or of all when there is none, urgent
  /// before others; leased to the caller. Nothing if there is none. One that was refused is asked
  /// about last, so that no single message keeps all others held.
  virtual void lease_held(policy::Reason reason,
                          std::string domain,
                          std::vector<std::string> apps,
                          QueueId after,
                          std::function<void(std::vector<Job>)> done) = 0;

  /// When the next queued, held or in-doubt, not leased entry falls due; nothing if there is none.
  virtual void next_due(std::function<void(std::optional<WallTime>)> done) = 0;

  virtual void list(Filter filter, std::function<void(std::vector<Entry>)> done) = 0;
  /// By queue id, Message-ID, SES message id, recipient or refusal reference; newest first, at
  /// most 20. \param app whose; empty: of all
  virtual void trace(std::string word,
                     std::string app,
                     std::function<void(std::vector<Trace>)> done) = 0;
  virtual void octets(QueueId id, std::function<void(Octets)> done) = 0;  ///< null if gone
  virtual void counts(std::function<void(Counts)> done) = 0;

  /// Whether an accept would be taken now: asked at MAIL and by /readyz. Cheap, from memory. False
  /// while the disk is full (recovers by itself) or the accept queue is over its bound.
  [[nodiscard]] virtual bool writable() const noexcept = 0;

  /// What an app has in the spool, for its bounds. Cheap, from memory.
  [[nodiscard]] virtual AppLoad load(std::string_view app) const = 0;

  /// How many entries of an app are held for this reason. Cheap, from memory.
  [[nodiscard]] virtual std::uint64_t held(std::string_view app, policy::Reason reason) const = 0;

  /// Keeps a small fact over a restart (Recovery::notes); rides in whatever commit comes next.
  virtual void note(std::string name, std::string value) = 0;

  /// Changes documents, all or none, in their order, with the record of who did it; `done` after
  /// the flush. At most most_documents are kept and most_writes made at once, and 64 MiB of them
  /// may wait. Records are kept for a year, and the newest 100,000.
  virtual void write(std::vector<DocumentWrite> writes,
                     std::optional<AuditRecord> audit,
                     std::function<void(Written)> done) = 0;
  /// Writes down an event of the upstream, once: timeline, counters, cohort, suppression. Many may
  /// wait; one more is answered as failed.
  virtual void book(Booking booking, std::function<void(Booked)> done) = 0;
  /// Changes the list of suppressed addresses by hand, as policy::joined says; at most 1,000 at
  /// once, all or none.
  virtual void suppress(std::vector<Suppressed> records,
                        AuditRecord audit,
                        std::function<void(bool)> done) = 0;
  /// By app and address.
  virtual void suppressions(SuppressionPage page,
                            std::function<void(std::vector<Suppressed>)> done) = 0;
  /// Of each of these recipients, whether the app reached it since then.
  virtual void reached(std::string app,
                       std::vector<std::string> forward_paths,
                       WallTime since,
                       std::function<void(std::vector<bool>)> done) = 0;
  /// What was sent in the windows, and came back of it, by app and domain: of whoever sent in one.
  /// Nothing where that could not be read.
  virtual void sums(SumsWanted wanted,
                    std::function<void(std::optional<std::vector<SentSums>>)> done) = 0;

  /// Newest first.
  virtual void audit(AuditPage page, std::function<void(std::vector<AuditRecord>)> done) = 0;

  /// Writes a consistent copy, readable by its owner alone, beside the traffic. A Failure says why
  /// not; the file must not exist.
  virtual void backup(std::filesystem::path file, std::function<void(mail::Result<void>)> done) = 0;

  /// Removes what is past its retention; called now and then by the application.
  virtual void tidy(WallTime now,
                    std::chrono::seconds timeline_retention,
                    std::chrono::seconds failed_retention,
                    std::chrono::seconds refusal_retention) = 0;

  /// Finishes what was asked for, checkpoints, closes. After it every call fails. Blocks.
  virtual void close() = 0;
};

}  // namespace spool
