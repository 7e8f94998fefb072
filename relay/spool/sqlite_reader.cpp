#include "relay/spool/sqlite_reader.hpp"

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
  auto& reads = delivery ? deliveries_ : reads_;
  if (stopped_ || reads.size() >= (delivery ? delivery_reads : options_.reads)) return false;
  reads.push_back(std::move(read));
  asked_.notify_one();
  return true;
}

/// For the reader's own thread: not subject to the bound, because the read it continues has just
/// made room.
void Reader::ask_again(std::function<void(Reader&)> read) {
  const std::lock_guard lock(mutex_);
  reads_.push_back(std::move(read));
}

/// Delivery's first, but one of the others after each, so that neither waits for more than one.
void Reader::run() {
  std::unique_lock lock(mutex_);
  bool delivered = false;
  while (true) {
    asked_.wait(lock, [this] { return stopped_ || !reads_.empty() || !deliveries_.empty(); });
    if (reads_.empty() && deliveries_.empty()) return;
    delivered = reads_.empty() || (!deliveries_.empty() && !delivered);
    auto& reads = delivered ? deliveries_ : reads_;
    const auto read = std::move(reads.front());
    reads.pop_front();
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

bool Reader::fits(const Filter& filter, const Outline& outline) const {
  if (!filter.app.empty() && outline.app != filter.app) return false;
  if (!filter.domain.empty() && outline.domain != filter.domain) return false;
  if (filter.reason && outline.reason != filter.reason) return false;
  if (filter.id && outline.id != *filter.id) return false;
  if (filter.accepted_before && outline.accepted_at >= *filter.accepted_before) return false;
  if (!filter.state) return true;
  const bool in_delivery = outline.state == State::queued && ledger_.leased(outline.id);
  return (in_delivery ? State::in_delivery : outline.state) == filter.state;
}

void Reader::list(const std::shared_ptr<Listing>& listing) {
  if (stopped_) return listing->done({});
  auto& filter = listing->filter;
  const auto limit = std::min(filter.limit, most_listed);
  const auto rows = filter.id ? 1 : outlines_at_once;
  if (filter.id) filter.after = std::max(filter.after, QueueId(filter.id->value() - 1));
  const auto outlines = queries_.outlines(filter.after, rows);
  const bool damaged = queries_.damaged();
  if (queries_.failed()) note_failure();
  for (const auto& outline : outlines) {
    if (listing->found.size() >= limit) break;
    filter.after = outline.id;
    if (!fits(filter, outline)) continue;
    if (auto read = queries_.entry(outline.id))
      listing->found.push_back(shown(std::move(read->entry)));
  }
  bool end = filter.id || outlines.size() < static_cast<std::size_t>(outlines_at_once);
  if (!filter.id && damaged) {
    const auto next = queries_.known_after(std::max(filter.after, listing->tried));
    end = !next;
    listing->tried = next.value_or(listing->tried);
    filter.after = QueueId(listing->tried.value() - 1);
  }
  if (end || listing->found.size() >= limit)
    listing->done(std::move(listing->found));
  else
    ask_again([listing](Reader& reader) { reader.list(listing); });
}

Entry Reader::shown(Entry entry) const {
  if (entry.state == State::queued && ledger_.leased(entry.id)) entry.state = State::in_delivery;
  return entry;
}

void Reader::trace(const std::shared_ptr<Tracing>& tracing) {
  if (stopped_) return tracing->done({});
  auto& ids = tracing->ids;
  const auto below =
      queries_.traced(tracing->word, tracing->app, tracing->below, most_traced - ids.size(), ids);
  if (queries_.failed()) note_failure();
  if (!below || ids.size() >= most_traced) return tracing->done(found(*tracing));
  tracing->below = *below;
  ask_again([tracing](Reader& reader) { reader.trace(tracing); });
}

std::vector<Trace> Reader::found(const Tracing& tracing) {
  auto ids = tracing.ids;
  if (const auto id = QueueId::parse(tracing.word)) ids.insert(ids.begin(), *id);
  std::vector<Trace> traces;
  for (const auto id : ids) {
    auto read = queries_.entry(id);
    if (queries_.failed()) note_failure();
    if (!read || (!tracing.app.empty() && read->entry.app != tracing.app)) continue;
    auto timeline = queries_.timeline(read->entry);
    traces.push_back({shown(std::move(read->entry)), std::move(timeline)});
  }
  for (auto& refusal : queries_.refusals(tracing.word, tracing.app, most_traced))
    traces.push_back(std::move(refusal));
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

std::vector<AuditRecord> Reader::audit(AuditPage page) {
  page.limit = std::min(page.limit, most_listed);
  auto records = queries_.audit(page);
  if (queries_.failed()) note_failure();
  return records;
}

std::vector<NumberedRefusal> Reader::refusals(std::int64_t after,
                                              std::int64_t until,
                                              std::size_t limit) {
  auto found = queries_.refusals(after, until, std::min(limit, most_listed));
  if (queries_.failed()) note_failure();
  return found;
}

void Reader::note_failure() { tell_unread(queries_, options_); }

}  // namespace spool::sqlite
