#include "relay/delivery/lanes.hpp"

#include <algorithm>

namespace delivery {

bool Lanes::reserve(const spool::Lane& lane, std::uint64_t octets) {
  const std::lock_guard lock(mutex_);
  const auto held = by_lane_.find(lane);
  const std::size_t in_lane = held == by_lane_.end() ? 0 : held->second;
  if (behind_.contains(lane) || jobs_ >= bounds_.jobs || octets_ + octets > bounds_.octets ||
      in_lane >= bounds_.jobs_per_lane) {
    behind_.insert(lane);
    return false;
  }
  ++jobs_;
  octets_ += octets;
  ++by_lane_[lane];
  return true;
}

void Lanes::add(const spool::Lane& lane, std::uint64_t octets) {
  const std::lock_guard lock(mutex_);
  ++jobs_;
  octets_ += octets;
  ++by_lane_[lane];
}

void Lanes::remove(const spool::Lane& lane, std::uint64_t octets) {
  const std::lock_guard lock(mutex_);
  --jobs_;
  octets_ -= octets;
  const auto held = by_lane_.find(lane);
  if (held != by_lane_.end() && --held->second == 0) by_lane_.erase(held);
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
