#include "relay/spool/ledger.hpp"

#include <algorithm>
#include <limits>

namespace spool {
namespace {

constexpr QueueId last_id{std::numeric_limits<std::int64_t>::max()};

bool unsettled(const Standing& standing) {
  return standing.state == State::queued || standing.state == State::in_doubt;
}

}  // namespace

bool Ledger::lease(QueueId id) {
  const std::lock_guard lock(mutex_);
  if (leases_.size() >= most_leases_) return false;
  return leases_.try_emplace(id.value(), std::nullopt).second;
}

void Ledger::read(QueueId id, State stored) {
  const std::lock_guard lock(mutex_);
  if (const auto lease = leases_.find(id.value()); lease != leases_.end()) lease->second = stored;
}

void Ledger::release(QueueId id) {
  const std::lock_guard lock(mutex_);
  leases_.erase(id.value());
}

bool Ledger::leased(QueueId id) const {
  const std::lock_guard lock(mutex_);
  return leases_.contains(id.value());
}

void Ledger::load(State state, std::uint64_t entries) {
  const std::lock_guard lock(mutex_);
  stored_[static_cast<std::size_t>(state)] += entries;
}

void Ledger::load_held(std::optional<policy::Reason> reason, std::uint64_t entries) {
  const std::lock_guard lock(mutex_);
  held_[reason] += entries;  // words that this version does not know come together
}

void Ledger::commit(const std::vector<Move>& moves) {
  const std::lock_guard lock(mutex_);
  for (const auto& move : moves) {
    if (move.from) count(*move.from, std::numeric_limits<std::uint64_t>::max());  // minus one
    if (!move.to) continue;
    count(*move.to, 1);
    if (const auto lease = leases_.find(move.id.value()); lease != leases_.end())
      lease->second = move.to->state;
    if (!unsettled(*move.to)) continue;
    search_from_ = std::min(search_from_, move.id);
    lowest_arrival_ = std::min(lowest_arrival_, move.id);
  }
}

void Ledger::count(const Standing& standing, std::uint64_t by) {
  stored_[static_cast<std::size_t>(standing.state)] += by;
  if (standing.state == State::held) held_[standing.reason] += by;
}

Counts Ledger::counts() const {
  const std::lock_guard lock(mutex_);
  Counts counts;
  counts.by_state = stored_;
  for (const auto& [id, stored] : leases_) {
    auto& queued = counts.by_state[static_cast<std::size_t>(State::queued)];
    if (stored != State::queued || queued == 0) continue;
    --queued;
    ++counts.by_state[static_cast<std::size_t>(State::in_delivery)];
  }
  for (const auto& [reason, entries] : held_)
    if (reason && entries != 0) counts.held.emplace_back(*reason, entries);
  return counts;
}

QueueId Ledger::start_search() {
  const std::lock_guard lock(mutex_);
  lowest_arrival_ = last_id;
  return search_from_;
}

void Ledger::end_search(QueueId oldest) {
  const std::lock_guard lock(mutex_);
  search_from_ = std::min(oldest, lowest_arrival_);
}

}  // namespace spool
