#include "relay/net/auth_guard.hpp"

#include "relay/net/limits.hpp"

#include <algorithm>

namespace net {

bool AuthGuard::locked(std::string_view user, std::string_view address, Time now) const {
  const std::lock_guard lock(mutex_);
  const auto found = failures_.find(Pair(user, address));
  return found != failures_.end() && now - found->second.since < limits::failed_window &&
         found->second.connections >= limits::failed_connections;
}

void AuthGuard::failed(std::string_view user, std::string_view address, Time now) {
  const std::lock_guard lock(mutex_);
  Failures& failures = failures_[Pair(user, address)];
  if (failures.connections == 0 || now - failures.since >= limits::failed_window)
    failures = {now, 0};
  ++failures.connections;
  if (failures_.size() > limits::guarded_pairs) forget_oldest();
}

void AuthGuard::forget_oldest() {
  const auto oldest =
      std::min_element(failures_.begin(), failures_.end(), [](const auto& a, const auto& b) {
        return a.second.since < b.second.since;
      });
  failures_.erase(oldest);
}

}  // namespace net
