#include "relay/spool/sqlite_leasing.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace spool::sqlite {
namespace {

constexpr std::size_t most_looked_at = 2000;  ///< rows, for one that is held
constexpr std::size_t most_put_off = 1000;
constexpr std::chrono::minutes put_off_for{1};

/// Sets an entry aside that cannot be delivered because of `damage`.
PendingChange quarantine(QueueId id, const std::string& damage, WallTime now) {
  PendingChange pending;
  Change& change = pending.change;
  change.id = id;
  change.to = State::failed;
  change.last_reply = damage;
  change.event.kind = policy::EventKind::quarantined;
  change.event.at = now;
  change.event.detail = damage;
  pending.done = [](bool) {};
  return pending;
}

}  // namespace

void tell_unread(const Queries& queries, const SqliteOptions& options) {
  if (options.sinks.trouble)
    options.sinks.trouble("The spool could not be read (" + queries.trouble() +
                          "): check the disk of data_dir.");
}

/// One of each line in turn, so that a long one keeps nobody waiting. Candidates come from earlier
/// snapshots, but each is read anew once it is leased: since then nobody else settles it, so a row
/// that is still due really is (the snapshot may be older than a `sent` whose lease has just
/// ended).
std::vector<Job> Leasing::due(const Wanted& wanted) {
  now_ = wanted.now;
  std::erase_if(put_off_, [this](const auto& each) { return each.second <= now_; });
  const Fits fits = [&](const Entry& entry) {
    const bool waits = entry.state == State::queued || entry.state == State::held ||
                       entry.state == State::in_doubt;
    return waits && entry.next_attempt <= wanted.now;
  };
  const auto from = lines(wanted);
  std::vector<Job> jobs;
  std::uint64_t octets = 0;
  bool more = true;
  for (std::size_t turn = 0; std::exchange(more, false); ++turn) {
    for (const auto& line : from) {
      if (turn >= line.ids.size()) continue;
      if (jobs.size() >= wanted.most || octets >= wanted.most_octets) return jobs;
      more = true;
      auto job = lease(line.ids[turn], fits);
      if (queries_.failed() && !queries_.damaged()) return jobs;
      if (!job) continue;
      octets += job->entry.size;
      if (line.lane) last_given_ = *line.lane;
      jobs.push_back(std::move(*job));
    }
  }
  return jobs;
}

std::vector<Leasing::Line> Leasing::lines(const Wanted& wanted) {
  std::vector<Line> lines;
  lines.push_back(line_of(State::in_doubt, wanted));
  lines.push_back(line_of(State::held, wanted));
  auto lanes = ledger_.lanes(State::queued);
  std::ranges::rotate(lanes, std::ranges::upper_bound(lanes, last_given_));
  for (auto& lane : lanes) {
    if (wanted.full.contains(lane)) continue;
    auto ids = unleased(State::queued, lane, wanted.now, wanted.most_per_lane);
    if (!ids.empty()) lines.push_back({std::move(lane), std::move(ids)});
  }
  return lines;
}

/// What is due of a state that is due for another reason than its turn.
Leasing::Line Leasing::line_of(State state, const Wanted& wanted) {
  Line line;
  for (const auto& lane : ledger_.lanes(state)) {
    const auto left = wanted.most_per_lane - line.ids.size();
    if (left == 0) break;
    std::ranges::copy(unleased(state, lane, wanted.now, left), std::back_inserter(line.ids));
  }
  return line;
}

std::vector<QueueId> Leasing::unleased(State state,
                                       const Lane& lane,
                                       WallTime now,
                                       std::size_t most) {
  std::vector<QueueId> ids;
  queries_.each_due(state, lane, now, [&](QueueId id, WallTime) {
    if (ids.size() < most && available(id)) ids.push_back(id);
    return ids.size() < most;
  });
  if (queries_.failed()) note_failure();
  return ids;
}

std::vector<Job> Leasing::held(policy::Reason reason, const HeldBy& whose, QueueId after) {
  auto held_for = queries_.held_for(reason, whose.domain, most_looked_at);
  if (queries_.failed()) note_failure();
  std::erase_if(held_for, [&](const HeldFor& each) {
    return !whose.apps.empty() && std::ranges::find(whose.apps, each.app) == whose.apps.end();
  });
  std::size_t left = most_looked_at;
  for (const QueueId from : {after, QueueId(0)})
    for (const bool urgent : {true, false})
      if (auto job = oldest_held(reason, held_for, urgent, from, left)) return {std::move(*job)};
  return {};
}

/// Of each domain and app the oldest that nobody has, of these the oldest that can be given out.
std::optional<Job> Leasing::oldest_held(policy::Reason reason,
                                        const std::vector<HeldFor>& whose,
                                        bool urgent,
                                        QueueId after,
                                        std::size_t& left) {
  const Fits fits = [&](const Entry& entry) {
    return entry.state == State::held && entry.reason == reason;
  };
  std::vector<QueueId> oldest;
  for (const auto& each : whose) {
    queries_.each_held(reason, each, urgent, after, [&](QueueId id) {
      if (left == 0) return false;
      --left;
      if (!available(id)) return true;
      oldest.push_back(id);
      return false;
    });
    if (queries_.failed()) note_failure();
  }
  std::ranges::sort(oldest);
  for (const auto id : oldest)
    if (auto job = lease(id, fits)) return job;
  return std::nullopt;
}

std::optional<WallTime> Leasing::next_due() {
  std::optional<WallTime> next;
  for (const auto state : {State::queued, State::held, State::in_doubt}) {
    for (const auto& lane : ledger_.lanes(state)) {
      queries_.each_due(state, lane, next.value_or(WallTime::max()), [&](QueueId id, WallTime due) {
        if (next && due >= *next) return false;
        if (ledger_.leased(id)) return true;
        const auto from = std::max(due, readable_from(id));
        next = std::min(next.value_or(from), from);
        return from > due;
      });
      if (queries_.failed()) note_failure();
    }
  }
  return next;
}

std::optional<Job> Leasing::lease(QueueId id, const Fits& fits) {
  if (!ledger_.lease(id)) return std::nullopt;
  auto job = read(id, fits);
  if (queries_.failed() && !queries_.damaged()) put_off(id);
  return job;
}

/// Nothing when the entry is not to be given out; its lease has then ended, or ends with its
/// quarantine. What somebody has settled meanwhile has no octets any more, and is whole.
std::optional<Job> Leasing::read(QueueId id, const Fits& fits) {
  auto read = queries_.entry(id);
  if (!read && queries_.damaged()) read = ReadEntry{{}, "its row cannot be read"};
  if (!read || (read->damage.empty() && !fits(read->entry))) {
    ledger_.release(id);
    return std::nullopt;
  }
  auto octets = read->damage.empty() ? queries_.octets(id) : nullptr;
  if (queries_.failed() && !queries_.damaged()) {
    ledger_.release(id);
    return std::nullopt;
  }
  if (read->damage.empty()) read->damage = damage_of(octets, read->entry);
  if (!read->damage.empty()) {
    set_aside(id, read->damage);
    return std::nullopt;
  }
  const auto state = read->entry.state;
  ledger_.read(id, state);
  if (state != State::in_doubt) read->entry.state = State::in_delivery;
  return Job{std::move(read->entry), std::move(octets), std::nullopt};
}

/// Empty: the octets that were read are the entry's.
std::string Leasing::damage_of(const Octets& octets, const Entry& entry) const {
  if (!octets) return queries_.failed() ? "its octets cannot be read" : "its octets are missing";
  return octets->size() == entry.size ? "" : "its octets are not whole";
}

/// An entry that the disk does not give now is left alone for a while, so that those behind it are
/// reached.
void Leasing::put_off(QueueId id) {
  note_failure();
  if (put_off_.size() >= most_put_off) put_off_.clear();
  put_off_[id.value()] = now_ + put_off_for;
}

/// When an entry may be read again; in the past for all but those put off.
WallTime Leasing::readable_from(QueueId id) const {
  const auto found = put_off_.find(id.value());
  return found == put_off_.end() ? WallTime::min() : found->second;
}

/// The lease ends with the change; if not even that can be written, it stays, so that the row is
/// left alone.
void Leasing::set_aside(QueueId id, const std::string& damage) {
  if (options_.sinks.trouble)
    options_.sinks.trouble("The spool's entry " + id.text() + " is damaged (" + damage +
                           ") and was set aside as failed: check the disk of data_dir.");
  if (options_.sinks.quarantined) options_.sinks.quarantined(id);
  auto change = quarantine(id, damage, now_);
  static_cast<void>(intake_.offer(change, true));
}

void Leasing::note_failure() { tell_unread(queries_, options_); }

}  // namespace spool::sqlite
