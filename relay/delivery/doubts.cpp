#include "relay/delivery/doubts.hpp"

#include <utility>

namespace delivery {

void Doubts::proved(spool::WallTime at) {
  const std::lock_guard lock(mutex_);
  if (!proved_at_ || *proved_at_ < at) proved_at_ = at;
}

bool Doubts::feed_proven(spool::WallTime now) const {
  const std::lock_guard lock(mutex_);
  // A clock that was set back leaves a proof in the future: it is as old as it is far away.
  return proved_at_ && now - *proved_at_ < proof_holds && *proved_at_ - now < proof_holds;
}

void Doubts::begin(spool::QueueId id) {
  const std::lock_guard lock(mutex_);
  under_way_.try_emplace(id);
}

void Doubts::event(spool::QueueId id, std::string upstream_id) {
  const std::lock_guard lock(mutex_);
  const auto found = under_way_.find(id);
  if (found != under_way_.end()) found->second = std::move(upstream_id);
}

std::optional<std::string> Doubts::known(spool::QueueId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = under_way_.find(id);
  return found == under_way_.end() ? std::nullopt : found->second;
}

std::optional<std::string> Doubts::end(spool::QueueId id) {
  const std::lock_guard lock(mutex_);
  const auto found = under_way_.extract(id);
  return found.empty() ? std::nullopt : std::move(found.mapped());
}

}  // namespace delivery
