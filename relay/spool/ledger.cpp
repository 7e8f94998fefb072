#include "relay/spool/ledger.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

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

bool Ledger::claim(QueueId id) {
  const std::lock_guard lock(mutex_);
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

void Ledger::add(State state, const Lane& lane, AppLoad load) {
  const std::lock_guard lock(mutex_);
  auto& there = lanes_[lane][static_cast<std::size_t>(state)];
  there.messages += load.messages;
  there.octets += load.octets;
}

void Ledger::add_held(policy::Reason reason, std::string app, std::uint64_t entries) {
  const std::lock_guard lock(mutex_);
  held_[{reason, std::move(app)}] += entries;
}

void Ledger::commit(const std::vector<Move>& moves) {
  const std::lock_guard lock(mutex_);
  for (const auto& move : moves) {
    if (move.to) count(move, *move.to, true);
    if (move.from) count(move, *move.from, false);
    if (!move.to) continue;
    if (const auto lease = leases_.find(move.id.value()); lease != leases_.end())
      lease->second = move.to->state;
    if (!unsettled(*move.to)) continue;
    search_from_ = std::min(search_from_, move.id);
    lowest_arrival_ = std::min(lowest_arrival_, move.id);
  }
}

void Ledger::count(const Move& move, const Standing& standing, bool arrives) {
  const auto lane = lanes_.try_emplace(move.lane).first;
  auto& load = lane->second[static_cast<std::size_t>(standing.state)];
  load.messages += arrives ? 1 : -std::uint64_t{1};
  load.octets += arrives ? move.size : -move.size;
  if (standing.state == State::held) {
    const auto held = held_.try_emplace({standing.reason, move.lane.app}).first;
    held->second += arrives ? 1 : -std::uint64_t{1};
    if (held->second == 0) held_.erase(held);
  }
  const auto empty = [](const AppLoad& each) { return each.messages == 0; };
  if (!arrives && std::ranges::all_of(lane->second, empty)) lanes_.erase(lane);
}

Counts Ledger::counts() const {
  const std::lock_guard lock(mutex_);
  Counts counts;
  for (const auto& [lane, loads] : lanes_)
    for (std::size_t state = 0; state < loads.size(); ++state)
      counts.by_state[state] += loads[state].messages;
  for (const auto& [id, stored] : leases_) {
    auto& queued = counts.by_state[static_cast<std::size_t>(State::queued)];
    if (stored != State::queued || queued == 0) continue;
    --queued;
    ++counts.by_state[static_cast<std::size_t>(State::in_delivery)];
  }
  for (const auto& [whose, entries] : held_) {
    const auto& reason = whose.first;
    if (!reason) continue;
    if (counts.held.empty() || counts.held.back().first != *reason)
      counts.held.emplace_back(*reason, 0);
    counts.held.back().second += entries;
  }
  return counts;
}

AppLoad Ledger::load(std::string_view app) const {
  const std::lock_guard lock(mutex_);
  AppLoad sum;
  for (const bool urgent : {false, true}) {
    const auto lane = lanes_.find(Lane{std::string(app), urgent});
    if (lane == lanes_.end()) continue;
    for (const auto state : {State::queued, State::held, State::in_doubt}) {
      const auto& load = lane->second[static_cast<std::size_t>(state)];
      sum.messages += load.messages;
      sum.octets += load.octets;
    }
  }
  return sum;
}

std::uint64_t Ledger::held(std::string_view app, policy::Reason reason) const {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find({reason, std::string(app)});
  return found == held_.end() ? 0 : found->second;
}

std::vector<Lane> Ledger::lanes(State state) const {
  const std::lock_guard lock(mutex_);
  std::vector<Lane> lanes;
  for (const auto& [lane, loads] : lanes_)
    if (loads[static_cast<std::size_t>(state)].messages != 0) lanes.push_back(lane);
  return lanes;
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

bool Claims::take(QueueId id) {
  if (taken_.contains(id.value())) return true;
  if (!ledger_.claim(id)) return false;
  taken_.insert(id.value());
  return true;
}

void Claims::release() {
  for (const auto id : taken_) ledger_.release(QueueId(id));
  taken_.clear();
}

}  // namespace spool
