#include "relay/spool/sqlite_reader.hpp"

#include "relay/spool/sqlite_recovery.hpp"

#include <algorithm>
#include <utility>

namespace spool::sqlite {
namespace {

constexpr std::size_t most_listed = 1000;
constexpr std::int64_t outlines_at_once = 2000;
constexpr std::size_t most_traced = 20;
constexpr std::size_t delivery_reads = 64;

}  // namespace

bool Reader::ask(std::function<void(Reader&)> read, bool delivery) {
  const std::lock_guard lock(mutex_);
  const auto most = options_.reads + (delivery ? delivery_reads : 0);
  if (stopped_ || reads_.size() >= most) return false;
  reads_.push_back(std::move(read));
  asked_.notify_one();
  return true;
}

/// For the reader's own thread: not subject to the bound, because the read it continues has just
/// made room.
void Reader::ask_again(std::function<void(Reader&)> read) {
  const std::lock_guard lock(mutex_);
  reads_.push_back(std::move(read));
}

void Reader::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    asked_.wait(lock, [this] { return stopped_ || !reads_.empty(); });
    if (reads_.empty()) return;
    const auto read = std::move(reads_.front());
    reads_.pop_front();
    lock.unlock();
    read(*this);
    lock.lock();
  }
}

void Reader::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  asked_.notify_one();
}

/// Candidates come from one snapshot, but each is read anew once it is leased: since then nobody
/// else settles it, so a row that is still queued really is (the snapshot may be older than a
/// `sent` whose lease has just ended).
std::vector<Job> Reader::lease(WallTime now, std::size_t most, std::uint64_t most_octets) {
  std::vector<QueueId> due;
  queries_.each_due(now, [&](QueueId id, WallTime) {
    if (due.size() < most && !ledger_.leased(id)) due.push_back(id);
    return due.size() < most;
  });
  if (queries_.failed()) note_failure();
  std::vector<Job> jobs;
  std::uint64_t octets = 0;
  for (const auto id : due) {
    if (octets >= most_octets) break;
    if (!ledger_.lease(id)) continue;
    auto job = read_job(id, now);
    if (!job) continue;
    octets += job->entry.size;
    jobs.push_back(std::move(*job));
  }
  return jobs;
}

/// Nothing when the entry is not to be delivered now; its lease has then ended, or ends with its
/// quarantine.
std::optional<Job> Reader::read_job(QueueId id, WallTime now) {
  auto read = queries_.job(id);
  const auto state = read.entry.state;
  const bool waits = state == State::queued || state == State::held;
  if (!read.found || (read.damage.empty() && (!waits || read.entry.next_attempt > now))) {
    ledger_.release(id);
    return std::nullopt;
  }
  if (!read.damage.empty()) {
    set_aside(id, read.damage, now);
    return std::nullopt;
  }
  ledger_.read(id, state);
  read.entry.state = State::in_delivery;
  return Job{std::move(read.entry), std::move(read.octets)};
}

/// The lease ends with the change; if not even that can be written, it stays, so that the row is
/// left alone.
void Reader::set_aside(QueueId id, const std::string& damage, WallTime now) {
  if (options_.sinks.trouble)
    options_.sinks.trouble("The spool's entry " + id.text() + " is damaged (" + damage +
                           ") and was set aside as failed: check the disk of data_dir.");
  if (options_.sinks.quarantined) options_.sinks.quarantined(id);
  auto change = quarantine(id, damage, now);
  static_cast<void>(intake_.offer(change, true));
}

std::optional<WallTime> Reader::next_due() {
  std::optional<WallTime> next;
  queries_.each_due(WallTime::max(), [&](QueueId id, WallTime due) {
    if (ledger_.leased(id)) return true;
    next = due;
    return false;
  });
  if (queries_.failed()) note_failure();
  return next;
}

bool Reader::fits(const Filter& filter, const Outline& outline) const {
  if (!filter.app.empty() && outline.app != filter.app) return false;
  if (!filter.domain.empty() && outline.domain != filter.domain) return false;
  if (filter.reason && outline.reason != filter.reason) return false;
  if (!filter.state) return true;
  const bool in_delivery = outline.state == State::queued && ledger_.leased(outline.id);
  return (in_delivery ? State::in_delivery : outline.state) == filter.state;
}

void Reader::list(const std::shared_ptr<Listing>& listing) {
  auto& filter = listing->filter;
  const auto limit = std::min(filter.limit, most_listed);
  const auto outlines = queries_.outlines(filter.after, outlines_at_once);
  if (queries_.failed()) note_failure();
  for (const auto& outline : outlines) {
    if (listing->found.size() >= limit) break;
    filter.after = outline.id;
    if (!fits(filter, outline)) continue;
    if (auto read = queries_.entry(outline.id))
      listing->found.push_back(shown(std::move(read->entry)));
  }
  const bool end = outlines.size() < static_cast<std::size_t>(outlines_at_once);
  if (end || listing->found.size() >= limit)
    listing->done(std::move(listing->found));
  else
    ask_again([listing](Reader& reader) { reader.list(listing); });
}

Entry Reader::shown(Entry entry) const {
  if (entry.state == State::queued && ledger_.leased(entry.id)) entry.state = State::in_delivery;
  return entry;
}

std::vector<Trace> Reader::trace(const std::string& word) {
  std::vector<QueueId> ids;
  if (const auto id = QueueId::parse(word)) ids.push_back(*id);
  for (const auto id : queries_.traced(word, most_traced)) ids.push_back(id);
  std::vector<Trace> traces;
  for (const auto id : ids) {
    auto read = queries_.entry(id);
    if (!read) continue;
    auto timeline = queries_.timeline(read->entry);
    traces.push_back({shown(std::move(read->entry)), std::move(timeline)});
  }
  for (auto& refusal : queries_.refusals(word, most_traced)) traces.push_back(std::move(refusal));
  if (queries_.failed()) note_failure();
  if (traces.size() > most_traced) traces.resize(most_traced);
  return traces;
}

Octets Reader::octets(QueueId id) {
  auto octets = queries_.octets(id);
  if (queries_.failed()) note_failure();
  return octets;
}

Counts Reader::counts() {
  auto counts = ledger_.counts();
  counts.oldest = queries_.oldest_unsettled(ledger_);
  if (queries_.failed()) note_failure();
  return counts;
}

void Reader::note_failure() {
  if (options_.sinks.trouble)
    options_.sinks.trouble("The spool could not be read (" + queries_.trouble() +
                           "): check the disk of data_dir.");
}

}  // namespace spool::sqlite
