#include "relay/delivery/lanes.hpp"

#include <algorithm>

namespace delivery {

bool Lanes::reserve(const spool::Lane& lane, std::uint64_t octets) {
  const std::lock_guard lock(mutex_);
  const auto found = by_lane_.find(lane);
  const Held held = found == by_lane_.end() ? Held{} : found->second;
  const bool room = jobs_ < bounds_.jobs && octets_ + octets <= bounds_.octets &&
                    held.jobs < bounds_.jobs_per_lane &&
                    held.octets + octets <= bounds_.octets_per_lane;
  if (!room || behind_.contains(lane)) {
    behind_.insert(lane);
    return false;
  }
  count(lane, octets);
  return true;
}

void Lanes::add(const spool::Lane& lane, std::uint64_t octets) {
  const std::lock_guard lock(mutex_);
  count(lane, octets);
}

void Lanes::count(const spool::Lane& lane, std::uint64_t octets) {
  ++jobs_;
  octets_ += octets;
  Held& held = by_lane_[lane];
  ++held.jobs;
  held.octets += octets;
}

void Lanes::remove(const spool::Lane& lane, std::uint64_t octets) {
  const std::lock_guard lock(mutex_);
  --jobs_;
  octets_ -= octets;
  const auto held = by_lane_.find(lane);
  if (held == by_lane_.end()) return;
  held->second.octets -= octets;
  if (--held->second.jobs == 0) by_lane_.erase(held);
}

std::set<spool::Lane> Lanes::in_memory() const {
  const std::lock_guard lock(mutex_);
  std::set<spool::Lane> lanes;
  for (const auto& [lane, held] : by_lane_) lanes.insert(lane);
  return lanes;
}

void Lanes::behind(const spool::Lane& lane) {
  const std::lock_guard lock(mutex_);
  behind_.insert(lane);
}

std::set<spool::Lane> Lanes::take_behind(const std::set<spool::Lane>& full) {
  const std::lock_guard lock(mutex_);
  std::set<spool::Lane> taken;
  std::ranges::set_difference(behind_, full, std::inserter(taken, taken.end()));
  std::erase_if(behind_, [&](const spool::Lane& lane) { return taken.contains(lane); });
  return taken;
}

bool Lanes::any_behind(const std::set<spool::Lane>& full) const {
  const std::lock_guard lock(mutex_);
  return !std::ranges::includes(full, behind_);
}

std::size_t Lanes::jobs() const {
  const std::lock_guard lock(mutex_);
  return jobs_;
}

std::uint64_t Lanes::octets() const {
  const std::lock_guard lock(mutex_);
  return octets_;
}

}  // namespace delivery
