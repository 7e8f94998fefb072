#include "relay/feedback/suppression_list.hpp"

#include "mail/header_fields.hpp"
#include "relay/net/ask.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <random>
#include <utility>
#include <vector>

namespace feedback {
namespace {

constexpr std::chrono::seconds store_answers_within{30};
constexpr std::size_t addresses_of_a_page = 1000;

std::string random_seed() {
  std::random_device device;
  return std::to_string(device()) + std::to_string(device());
}

}  // namespace

SuppressionList::SuppressionList(SuppressionScope scope) : seed_(random_seed()), scope_(scope) {}

net::asio::awaitable<bool> SuppressionList::load(spool::Store& store) {
  spool::SuppressionPage page;
  page.limit = addresses_of_a_page;
  for (;;) {
    const auto question = [&](std::function<void(std::vector<spool::Suppressed>)> done) {
      store.suppressions(page, std::move(done));
    };
    const auto found =
        co_await net::ask<std::vector<spool::Suppressed>>(question, store_answers_within);
    if (!found) co_return false;
    for (const spool::Suppressed& each : *found) take(each);
    if (found->size() < page.limit) co_return true;
    page.after = {found->back().app, found->back().address};
  }
}

void SuppressionList::take(const spool::Suppressed& suppressed) {
  const auto hash = key(suppressed.address);
  const std::lock_guard lock(mutex_);
  auto& untils = apps_[suppressed.app];
  if (suppressed.record.until == spool::WallTime()) {
    untils.erase(hash);
  } else {
    auto& until = untils[hash];
    until = std::max(until, suppressed.record.until);
  }
}

void SuppressionList::scope(SuppressionScope scope) {
  const std::lock_guard lock(mutex_);
  scope_ = scope;
}

bool SuppressionList::any(std::string_view app) const {
  const std::shared_lock lock(mutex_);
  if (scope_ == SuppressionScope::all)
    return std::ranges::any_of(apps_, [](const auto& each) { return !each.second.empty(); });
  const auto found = apps_.find(app);
  return found != apps_.end() && !found->second.empty();
}

bool SuppressionList::has(std::string_view app,
                          std::string_view address,
                          spool::WallTime now) const {
  const auto hash = key(address);
  const std::shared_lock lock(mutex_);
  return std::ranges::any_of(apps_, [&](const auto& each) {
    if (scope_ == SuppressionScope::app && each.first != app) return false;
    const auto found = each.second.find(hash);
    return found != each.second.end() && found->second > now;
  });
}

std::size_t SuppressionList::prune(spool::WallTime now) {
  const std::lock_guard lock(mutex_);
  std::size_t left = 0;
  for (auto& [app, untils] : apps_) {
    std::erase_if(untils, [now](const auto& each) { return each.second <= now; });
    left += untils.size();
  }
  return left;
}

std::uint64_t SuppressionList::key(std::string_view address) const {
  return std::hash<std::string>()(seed_ + mail::to_lower(address));
}

}  // namespace feedback
