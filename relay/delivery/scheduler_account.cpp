#include "relay/delivery/scheduler.hpp"
#include "relay/observe/metrics.hpp"

#include <boost/asio/post.hpp>

#include <limits>
#include <set>
#include <string>
#include <utility>

// What the accounts of the upstreams tell, and what of it is shown.

namespace delivery {
namespace {

/// Why an account that tells of itself sends nothing more, or not to everybody.
std::optional<policy::Reason> trouble_of(const AccountFigures& figures) {
  if (figures.pause) return figures.pause;
  if (figures.quota && figures.sent >= *figures.quota) return policy::Reason::daily_quota;
  if (figures.sandbox) return policy::Reason::ses_sandbox;
  return std::nullopt;
}

}  // namespace

void Scheduler::told(std::size_t outlet, std::optional<AccountFigures> figures) {
  net::asio::post(context_, [this, outlet, figures = std::move(figures)] {
    outlets_[outlet]->told(figures, services_.clock.monotonic());
    pump();
  });
}

void Scheduler::show(observe::Metrics& metrics) {
  const Time now = services_.clock.monotonic();
  double rate = 0, quota = 0, sent = 0;
  bool unlimited = false, under_review = false;
  std::optional<policy::Reason> trouble;
  std::set<std::string> counted;  // accounts that several upstreams share
  for (const auto& outlet : outlets_) {
    rate += outlet->limit();
    for (const Hold& hold : outlet->account().holds())
      if (hold.domain.empty()) trouble = hold.reason;
    const auto figures = outlet->account().figures();
    if (figures && !trouble) trouble = trouble_of(*figures);
    under_review = under_review || (figures && figures->under_review);
    if (figures && !counted.insert(figures->account).second) continue;
    const auto known = outlet->account().known_quota(now);
    quota += static_cast<double>(known.value_or(0));
    unlimited = unlimited || !known;
    sent += static_cast<double>(outlet->account().sent_in_window(now));
  }
  metrics.upstream_account(trouble, under_review);
  metrics.upstream_rate_limit(rate);
  metrics.upstream_quota(unlimited ? std::numeric_limits<double>::infinity() : quota, sent);
}

}  // namespace delivery
