#include "relay/delivery/outlet.hpp"

#include "relay/observe/metrics.hpp"
#include "relay/observe/recorder.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

namespace delivery {
namespace {

using namespace std::chrono_literals;
using smtp::ReplyClass;
using std::chrono::milliseconds;

constexpr auto connection_regained = 1min;  ///< one of those given up, if nobody complains

double recipients_of(const spool::Entry& entry) {
  return static_cast<double>(entry.envelope.forward_paths.size());
}

/// The account did not get to judge it, so it spent nothing of the rate.
bool unjudged(const Report& report) {
  return report.unsignable || !report.connected || report.result == ReplyClass::broken ||
         report.result == ReplyClass::session_over ||
         report.result == ReplyClass::too_many_connections;
}

void learn_rate(AdaptiveRate& rate, const Report& report, Outlet::Time now, std::uint32_t random) {
  const auto recipients = static_cast<double>(report.recipients);
  if (report.result == ReplyClass::throttled) {
    rate.throttled(now, random);
  } else if (unjudged(report)) {
    rate.give_back(recipients);
  } else if (report.result == ReplyClass::taken) {
    rate.succeeded(recipients);
  }
}

}  // namespace

Outlet::Outlet(CourierServices& services, Route& route, net::Threads& threads, Dispatch& dispatch)
    : services_(services), route_(route), threads_(threads), dispatch_(dispatch) {
  limit_rate(services.clock.monotonic());
}

/// As the configuration says; SES has a limit in any case, which it tells or which finds itself.
void Outlet::limit_rate(Time now) {
  const auto settings = route_.settings.get();
  if (settings->kind != config::UpstreamKind::ses && !settings->max_rate) return rate_.reset();
  if (!rate_) rate_.emplace(settings->max_rate, now);
  const auto told = route_.account.figures();
  if (!settings->max_rate && told && told->max_rate) return rate_->account_limit(*told->max_rate);
  rate_->ceiling(settings->max_rate);
}

double Outlet::limit() const noexcept {
  return rate_ ? rate_->limit() : std::numeric_limits<double>::infinity();
}

milliseconds Outlet::wait_for_rate(std::size_t recipients, Time now) {
  return rate_ ? rate_->wait(static_cast<double>(recipients), now) : 0ms;
}

bool Outlet::unreachable(Time now) const {
  return idle_.empty() && breaker_.state(now) == CircuitBreaker::State::open;
}

std::optional<milliseconds> Outlet::wait(const spool::Entry& entry, Time now, bool probe) {
  const auto connection = wait(now);
  if (!connection || probe) return connection;
  return std::max(*connection,
                  route_.account.quota_wait(
                      entry.urgent, entry.envelope.forward_paths.size(), now, under_way()));
}

/// Recipients that SES may have counted, and the quota not yet.
std::uint64_t Outlet::under_way() const {
  std::uint64_t sum = 0;
  for (const auto& [courier, recipients] : under_way_) sum += recipients;
  return sum;
}

std::optional<milliseconds> Outlet::wait(Time now) {
  if (!idle_.empty()) return 0ms;
  if (couriers_.size() >= connections_allowed(now)) return std::nullopt;
  switch (breaker_.state(now)) {
    case CircuitBreaker::State::closed:
      return 0ms;
    case CircuitBreaker::State::half_open:
      return opening_.empty() ? std::optional(0ms) : std::nullopt;  // one tries for all
    case CircuitBreaker::State::open:
      return std::max(1ms, std::chrono::ceil<milliseconds>(breaker_.retry_at() - now));
  }
  return std::nullopt;
}

std::size_t Outlet::connections_allowed(Time now) const {
  const std::size_t most = route_.settings.get()->max_connections;
  const auto regained = static_cast<std::size_t>((now - fewer_since_) / connection_regained);
  const std::size_t fewer = fewer_connections_ > regained ? fewer_connections_ - regained : 0;
  return most > fewer ? most - fewer : 1;
}

/// To the courier that was busy last, so that the others can grow idle and end; a new one where
/// there is none.
void Outlet::employ(spool::Job job, Time now) {
  if (rate_) static_cast<void>(rate_->take(recipients_of(job.entry), now));
  if (idle_.empty()) return start(std::move(job), now);
  const auto courier = std::move(idle_.back());
  idle_.pop_back();
  under_way_[courier.get()] = job.entry.envelope.forward_paths.size();
  courier->assign(std::move(job));
}

void Outlet::start(spool::Job job, Time now) {
  static_cast<void>(breaker_.admit(now));  // wait() has said that it does
  const std::size_t thread = next_thread_++ % threads_.size();
  const net::asio::any_io_executor executor = threads_.context(thread).get_executor();
  ++threads_.load(thread);
  const auto recipients = job.entry.envelope.forward_paths.size();
  const auto courier =
      std::make_shared<Courier>(services_, route_, executor, dispatch_, std::move(job));
  couriers_.insert(courier);
  opening_.insert(courier.get());
  under_way_[courier.get()] = recipients;
  auto run = [courier] { return courier->run(); };
  net::spawn(
      executor,
      std::move(run),
      [&recorder = services_.recorder](std::string_view what) {
        recorder.internal_error(what, "delivery");
      },
      [&threads = threads_, &dispatch = dispatch_, courier, thread] {
        courier->put_back();
        --threads.load(thread);
        dispatch.ended(courier);
      });
}

void Outlet::learn(const Report& report, Time now, bool stopping) {
  const bool opened = opening_.erase(report.courier.get()) > 0;
  under_way_.erase(report.courier.get());
  const std::uint32_t random = services_.clock.random();
  if (opened && (report.connected || report.result == ReplyClass::credentials))
    breaker_.succeeded();
  if (!report.unsignable && (report.result == ReplyClass::broken ||
                             (!report.connected && report.result != ReplyClass::credentials)))
    breaker_.failed(report.began, now, random);
  if (rate_) learn_rate(*rate_, report, now, random);
  if (report.result == ReplyClass::too_many_connections) {
    const std::size_t allowed = connections_allowed(now);
    const std::size_t most = route_.settings.get()->max_connections;
    fewer_connections_ = std::min(most - 1, most - allowed + 1);
    fewer_since_ = now;
  }
  if (report.available && !stopping) idle_.push_back(report.courier);
}

void Outlet::let_go(const std::shared_ptr<Courier>& courier) {
  if (std::erase(idle_, courier) > 0) courier->dismiss();
}

void Outlet::ended(const std::shared_ptr<Courier>& courier) {
  couriers_.erase(courier);
  opening_.erase(courier.get());
  under_way_.erase(courier.get());
  std::erase(idle_, courier);  // it may have failed while it was idle
}

void Outlet::dismiss() {
  for (const auto& courier : couriers_) courier->dismiss();
}

void Outlet::abort() {
  for (const auto& courier : couriers_) courier->abort();
}

void Outlet::try_anew(Time now) {
  breaker_.succeeded();
  limit_rate(now);
  route_.account.probe_now(now);
}

void Outlet::told(std::optional<AccountFigures> figures, Time now) {
  route_.account.told(std::move(figures), now);
  limit_rate(now);
}

}  // namespace delivery
