#include "relay/delivery/scheduler.hpp"

#include "relay/observe/log.hpp"
#include "relay/observe/metrics.hpp"
#include "relay/observe/recorder.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace delivery {
namespace {

using namespace std::chrono_literals;
namespace asio = net::asio;

constexpr std::size_t lease_page = 100;
constexpr std::uint64_t lease_octets = 8ULL << 20;
constexpr std::size_t few_ready = 50;
constexpr auto look_again = 20ms;  ///< at the earliest after a look that found nothing
constexpr auto throttle_pause = 1s;
constexpr auto backoff_first = 1s;
constexpr std::chrono::milliseconds backoff_most = 30s;

}  // namespace

Scheduler::Scheduler(CourierServices& services, net::Threads& threads, Connect connect)
    : services_(services),
      threads_(threads),
      context_(threads.context(0)),
      connect_(std::move(connect)),
      pause_timer_(context_),
      due_timer_(context_) {
  const auto upstream = services_.upstream.get();
  if (upstream->max_rate) {
    rate_.emplace(*upstream->max_rate, services_.clock.monotonic());
    services_.metrics.upstream_rate_limit(*upstream->max_rate);
  }
}

void Scheduler::start() { look(); }

bool Scheduler::reserve(std::uint64_t octets) {
  // With a backlog in the store the new message queues behind it.
  if (backlog_) return false;
  const bool one_more = held_jobs_.fetch_add(1) <
                        most_jobs;  // both are taken before either is judged, and given back
  const bool fits = held_octets_.fetch_add(octets) + octets <= most_octets;
  if (one_more && fits) return true;
  unreserve(octets);
  return false;
}

void Scheduler::unreserve(std::uint64_t octets) {
  --held_jobs_;
  held_octets_ -= octets;
}

void Scheduler::deliver(spool::Job job, bool leased) {
  if (!leased) return look();
  asio::post(context_, [this, job = std::move(job)]() mutable {
    ready_.push_back(std::move(job));
    pump();
  });
}

void Scheduler::look() {
  backlog_ = true;
  asio::post(context_, [this] {
    refill();
    pump();
  });
}

void Scheduler::resume() {
  asio::post(context_, [this] {
    paused_until_ = {};
    connect_backoff_ = 0ms;
    pump();
  });
}

void Scheduler::drain(std::function<void()> done) {
  asio::post(context_, [this, done = std::move(done)]() mutable {
    drained_ = std::move(done);
    refill();
    check_drained();
  });
}

void Scheduler::stop(std::function<void()> done) {
  asio::post(context_, [this, done = std::move(done)]() mutable {
    stopping_ = true;
    stopped_ = std::move(done);
    pause_timer_.cancel();
    due_timer_.cancel();
    for (const auto& courier : couriers_) courier->abort();
    if (couriers_.empty()) std::exchange(stopped_, nullptr)();
  });
}

void Scheduler::settled(Report report) {
  asio::post(context_, [this, report = std::move(report)] {
    unreserve(report.octets);
    after(report);
    if (report.available && !stopping_) idle_.push_back(report.courier);
    refill();
    pump();
    check_drained();
  });
}

void Scheduler::unemployed(std::shared_ptr<Courier> courier) {
  asio::post(context_, [this, courier = std::move(courier)] {
    const auto found = std::find(idle_.begin(), idle_.end(), courier);
    if (found == idle_.end()) return;
    idle_.erase(found);
    courier->dismiss();
  });
}

void Scheduler::due(std::chrono::system_clock::time_point when) {
  asio::post(context_, [this, when] { wake_at(when); });
}

/// Hands out what is ready as far as rate and connections allow.
void Scheduler::pump() {
  while (!ready_.empty() && !stopping_ && may_send()) {
    spool::Job job = std::move(ready_.front());
    ready_.pop_front();
    employ(std::move(job));
  }
}

bool Scheduler::may_send() {
  const Time now = services_.clock.monotonic();
  if (now < paused_until_) {
    wake_in(std::chrono::ceil<std::chrono::milliseconds>(paused_until_ - now));
    return false;
  }
  const std::size_t busy = couriers_.size() - idle_.size();
  if (account_held_ && busy > 0) return false;  // one probe at a time; its report pumps again
  if (idle_.empty() && couriers_.size() >= connections_allowed()) return false;
  if (!rate_) return true;
  const auto recipients = static_cast<double>(ready_.front().entry.envelope.forward_paths.size());
  if (rate_->take(recipients, now)) return true;
  wake_in(rate_->wait(recipients, now));
  return false;
}

/// To the courier that was busy last, so that the others can grow idle and end; a new one where
/// there is none.
void Scheduler::employ(spool::Job job) {
  if (!idle_.empty()) {
    const auto courier = std::move(idle_.back());
    idle_.pop_back();
    return courier->assign(std::move(job));
  }
  const std::size_t thread = next_thread_++ % threads_.size();
  const asio::any_io_executor executor = threads_.context(thread).get_executor();
  ++threads_.load(thread);
  const auto courier = std::make_shared<Courier>(
      services_, executor, [this, executor] { return connect_(executor); }, *this, std::move(job));
  couriers_.insert(courier);
  auto run = [courier] { return courier->run(); };
  net::spawn(
      executor,
      std::move(run),
      [&recorder = services_.recorder](std::string_view what) {
        recorder.internal_error(what, "delivery");
      },
      [this, courier, thread] {
        courier->put_back();
        --threads_.load(thread);
        asio::post(context_, [this, courier] { ended(courier); });
      });
}

void Scheduler::ended(const std::shared_ptr<Courier>& courier) {
  couriers_.erase(courier);
  std::erase(idle_, courier);  // it may have failed while it was idle
  if (couriers_.empty() && stopped_) return std::exchange(stopped_, nullptr)();
  pump();
  check_drained();
}

unsigned Scheduler::connections_allowed() const {
  const unsigned most = services_.upstream.get()->max_connections;
  return most > fewer_connections_ ? most - fewer_connections_ : 1;
}

/// What an attempt says about the upstream as a whole.
void Scheduler::after(const Report& report) {
  const Time now = services_.clock.monotonic();
  const auto pause = [&](std::chrono::milliseconds length) {
    paused_until_ = std::max(paused_until_, now + length);
  };
  if (report.settlement.slow_down) {
    pause(throttle_pause);
  }
  if (report.result == smtp::ReplyClass::too_many_connections) {
    fewer_connections_ =
        std::min(fewer_connections_ + 1, services_.upstream.get()->max_connections - 1);
  }
  if (report.settlement.account_wide) {
    account_held_ = true;
    pause(report.settlement.retry_in);
  } else if (report.settlement.fate == smtp::Fate::sent) {
    account_held_ = false;  // what is held comes back at its own time
  }
  // A message that cannot be signed ends its connection too, but is held: that says nothing of the
  // upstream.
  const bool broke = report.result == smtp::ReplyClass::broken && !report.available;
  const bool unreachable =
      report.settlement.fate != smtp::Fate::hold && (broke || !report.connected);
  if (unreachable && now >= paused_until_) {  // couriers that fail together count once
    connect_backoff_ =
        std::clamp(connect_backoff_ * 2, std::chrono::milliseconds(backoff_first), backoff_most);
    pause(connect_backoff_);
  } else if (report.settlement.fate == smtp::Fate::sent) {
    connect_backoff_ = 0ms;
    fewer_connections_ = 0;
  }
}

/// Fetches due entries from the store while few are in memory.
void Scheduler::refill() {
  if (stopping_ || leasing_ || !backlog_ || ready_.size() >= few_ready ||
      held_octets_ > most_octets / 2)
    return;
  leasing_ = true;
  backlog_ = false;  // what is accepted from here on and not leased sets it again
  services_.store.lease(
      services_.clock.now(), lease_page, lease_octets, [this](std::vector<spool::Job> jobs) {
        asio::post(context_, [this, jobs = std::move(jobs)]() mutable { leased(std::move(jobs)); });
      });
}

void Scheduler::leased(std::vector<spool::Job> jobs) {
  leasing_ = false;
  const bool any = !jobs.empty();
  for (spool::Job& job : jobs) {
    ++held_jobs_;
    held_octets_ += job.entry.size;
    ready_.push_back(std::move(job));
  }
  if (any) backlog_ = true;
  pump();
  if (backlog_) return refill();
  ask_next_due();
  check_drained();
}

void Scheduler::ask_next_due() {
  services_.store.next_due([this](std::optional<std::chrono::system_clock::time_point> due) {
    // The store looked a while ago: what due() has said since then may be earlier, and stays.
    asio::post(context_, [this, due] {
      if (due) wake_at(std::max(*due, services_.clock.now() + look_again));
    });
  });
}

void Scheduler::wake_at(std::chrono::system_clock::time_point when) {
  if (next_due_ && *next_due_ <= when) return;
  next_due_ = when;
  const auto delay = std::chrono::ceil<std::chrono::milliseconds>(when - services_.clock.now());
  due_timer_.expires_after(std::clamp<std::chrono::milliseconds>(delay, 0ms, 1h));
  due_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled || stopping_) return;
    next_due_.reset();
    look();
  });
}

void Scheduler::wake_in(std::chrono::milliseconds delay) {
  pause_timer_.expires_after(delay);
  pause_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) pump();
  });
}

void Scheduler::check_drained() {
  const bool busy = couriers_.size() > idle_.size();
  if (!drained_ || busy || leasing_ || backlog_ || !ready_.empty()) return;
  std::exchange(drained_, nullptr)();
}

}  // namespace delivery
