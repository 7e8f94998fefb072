#include "relay/observe/folding.hpp"

#include <algorithm>

namespace observe {

// A clock that went back ends a window too.
bool Folding::over(const Window& window, Time now) const {
  return now < window.begin || now - window.begin >= window_;
}

bool Folding::first(const std::string& key, Time now) {
  const auto found = open_.find(key);
  // A window that is over but has lines left out stays until end_windows tells of them.
  if (found != open_.end() && (!over(found->second, now) || found->second.left_out > 0)) {
    ++found->second.left_out;
    return false;
  }
  if (found != open_.end()) {
    found->second.begin = now;
  } else if (open_.size() < most_) {
    open_.emplace(key, Window{now});
  }
  return true;
}

std::vector<Repeated> Folding::end_windows(Time now, bool all) {
  std::vector<Repeated> repeated;
  std::erase_if(open_, [&](const auto& entry) {
    const auto& [key, window] = entry;
    if (!all && !over(window, now)) return false;
    if (window.left_out > 0) repeated.push_back({key, window.left_out});
    return true;
  });
  return repeated;
}

std::optional<Folding::Time> Folding::next_end() const {
  if (open_.empty()) return std::nullopt;
  const auto earliest =
      std::ranges::min_element(open_, {}, [](const auto& entry) { return entry.second.begin; });
  return earliest->second.begin + window_;
}

}  // namespace observe
