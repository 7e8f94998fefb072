#include "relay/domains/verification.hpp"

#include <algorithm>
#include <utility>

namespace domains {

namespace asio = net::asio;
using namespace std::chrono_literals;

namespace {

/// How often it is looked who is due, and so how long a new domain may wait for its first round.
constexpr auto look_interval = 500ms;
/// After a start not all domains are asked about in the same second.
constexpr auto start_spread = 30s;
/// After which a key's next stage is written once more, if it was not.
constexpr auto aging_interval = 1min;

bool has_aged(const Domain& domain, WallTime now) {
  return std::ranges::any_of(domain.ring, [now](const dkim::KeyState& key) {
    const auto next = dkim::due(key);
    return next && *next <= now;
  });
}

}  // namespace

/// Counts a round that is asked for while it lives, which may be longer than the Verification: its
/// coroutine ends with the executor.
class Verification::Asked {
 public:
  explicit Asked(std::shared_ptr<std::size_t> count) : count_(std::move(count)) { ++*count_; }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;
  ~Asked() { --*count_; }

 private:
  std::shared_ptr<std::size_t> count_;
};

Verification::Verification(Parts parts) : parts_(std::move(parts)), wake_(parts_.executor) {}

void Verification::start() {
  net::spawn(
      parts_.executor, [this] { return run(); }, parts_.sink, [] {});
}

void Verification::stop() {
  stopped_ = true;
  wake_.cancel();
}

asio::awaitable<void> Verification::run() {
  while (!stopped_) {
    begin_due_rounds();
    wake_.expires_after(look_interval);
    co_await wake_.async_wait(net::tup);
  }
}

/// Of a domain that was looked at before the start: soon, but spread; of a new one: now.
std::chrono::steady_clock::time_point Verification::due_at(const Domain& domain) {
  const auto now = parts_.clock.monotonic();
  if (!domain.state.last_round || !policy::may_send(domain.state.status)) return now;
  const auto spread = std::chrono::duration_cast<std::chrono::milliseconds>(start_spread).count();
  return now + std::chrono::milliseconds(parts_.clock.random() % spread);
}

void Verification::begin_due_rounds() {
  const auto catalog = parts_.registry.catalog();
  const auto now = parts_.clock.monotonic();
  std::erase_if(due_, [&](const auto& one) { return !catalog->domains.contains(one.first); });
  for (const auto& [name, domain] : catalog->domains) {
    if (domain->contested) continue;
    if (domain->trusted && !has_aged(*domain, parts_.clock.now())) continue;
    const auto due = due_.try_emplace(name, due_at(*domain)).first->second;
    if (due > now || under_way_.contains(name)) continue;
    if (under_way_.size() >= rounds_at_once) return;
    under_way_.insert(name);
    net::spawn(
        parts_.executor,
        [this, name, trusted = domain->trusted] {
          return trusted ? age_keys(name) : round(name, false);
        },
        parts_.sink,
        [this, name] { under_way_.erase(name); });
  }
}

/// No round looks at the keys of a domain that somebody vouches for.
asio::awaitable<void> Verification::age_keys(std::string name) {
  due_[name] = parts_.clock.monotonic() + aging_interval;
  co_await parts_.registry.let_time_pass(std::move(name));
}

asio::awaitable<void> Verification::round(std::string name, bool thorough) {
  const auto before = parts_.registry.catalog();
  const auto domain = before->domains.find(name);
  if (domain == before->domains.end()) co_return;
  // Put off first: a round that throws is not tried again at once.
  due_[name] = parts_.clock.monotonic() +
               policy::until_next_round(domain->second->state, parts_.clock.random());
  auto found = co_await parts_.examiner.examine(*domain->second, parts_.clock.now(), thorough);
  co_await parts_.registry.record(std::move(found));
  const auto after = parts_.registry.catalog();
  const auto looked_at = after->domains.find(name);
  if (looked_at == after->domains.end()) co_return;
  auto wait = policy::until_next_round(looked_at->second->state, parts_.clock.random());
  const auto now = parts_.clock.now();
  for (const dkim::KeyState& key : looked_at->second->ring)
    if (const auto next = dkim::due(key); next && *next > now)
      wait = std::min(wait, std::chrono::ceil<std::chrono::seconds>(*next - now));
  due_[name] = parts_.clock.monotonic() + std::max<std::chrono::seconds>(wait, 1s);
  parts_.looked(*domain->second, *looked_at->second);
}

asio::awaitable<mail::Result<void>> Verification::verify_now(std::string name) {
  const auto catalog = parts_.registry.catalog();
  const auto domain = catalog->domains.find(name);
  if (domain == catalog->domains.end() || domain->second->trusted || domain->second->contested)
    co_return mail::failure("There is nothing to look at for this domain.");
  if (*asked_ >= asked_at_once)
    co_return mail::failure(
        "As many domains are being looked at as at once may be: try again in a minute.");
  const Asked asked(asked_);
  co_await round(std::move(name), true);
  co_return mail::Result<void>();
}

}  // namespace domains
