#include "relay/net/content_memory.hpp"

namespace net {

namespace {

/// Messages that are under way get the last quarter: no new one begins in it.
constexpr std::uint64_t for_new_ones(std::uint64_t bound) { return bound / 4 * 3; }

}  // namespace

bool ContentMemory::Share::hold(std::uint64_t octets) {
  const std::uint64_t more = octets - held_;  // unsigned: less wraps around, and so does the sum
  held_ = octets;
  const std::uint64_t all = all_ += more, of_app = *app_ += more;
  return all <= limits::content_in_memory && of_app <= limits::content_of_app;
}

ContentMemory::Share ContentMemory::share_of(std::string_view app) {
  return {all_, counter_of(app)};
}

bool ContentMemory::room_for(std::string_view app) {
  return all_ < for_new_ones(limits::content_in_memory) &&
         *counter_of(app) < for_new_ones(limits::content_of_app);
}

std::shared_ptr<ContentMemory::Counter> ContentMemory::counter_of(std::string_view app) {
  const std::lock_guard lock(mutex_);
  const auto found = apps_.find(app);
  if (found != apps_.end()) return found->second;
  return apps_.emplace(app, std::make_shared<Counter>(0)).first->second;
}

}  // namespace net
