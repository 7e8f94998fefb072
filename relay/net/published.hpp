#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace net {

/// A value that is replaced whole while others read it: readers take the snapshot of their moment
/// and keep it. (std::atomic<std::shared_ptr> of libstdc++ 12 unlocks its reader with relaxed
/// order, which is a data race.)
template <class T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> value) : value_(std::move(value)) {}
  [[nodiscard]] std::shared_ptr<const T> get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  void set(std::shared_ptr<const T> value) {
    const std::lock_guard lock(mutex_);
    value_.swap(value);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace net
