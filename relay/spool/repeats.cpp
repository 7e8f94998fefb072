#include "relay/spool/repeats.hpp"

#include <cstring>

namespace spool {

std::size_t Repeats::Hash::operator()(const Fingerprint& key) const noexcept {
  std::size_t hash = 0;
  std::memcpy(&hash, key.data(), sizeof hash);
  return hash;
}

std::optional<QueueId> Repeats::find(const Repeat& repeat) const {
  for (const Map* map : {&staged_, &taken_}) {
    const auto found = map->find(repeat.key);
    if (found == map->end()) continue;
    if (found->second.accepted_at < repeat.since) return std::nullopt;
    return found->second.id;
  }
  return std::nullopt;
}

void Repeats::stage(const Fingerprint& key, QueueId id, WallTime accepted_at) {
  staged_.insert_or_assign(key, Taken{id, accepted_at});
}

void Repeats::commit() {
  for (const auto& [key, taken] : staged_) {
    taken_.insert_or_assign(key, taken);
    order_.emplace_back(key, taken.id);
  }
  staged_.clear();
  while (order_.size() > most_) {
    const auto& [key, id] = order_.front();
    if (const auto oldest = taken_.find(key); oldest != taken_.end() && oldest->second.id == id)
      taken_.erase(oldest);  // else a later accept has taken its place
    order_.pop_front();
  }
}

}  // namespace spool
