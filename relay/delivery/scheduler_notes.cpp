#include "relay/delivery/scheduler.hpp"

#include <boost/asio/post.hpp>

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

namespace delivery {
namespace {

using namespace std::chrono_literals;
namespace asio = net::asio;
using std::chrono::milliseconds;

constexpr auto long_away = 24h;  ///< a relay that was off for longer may have met another clock
constexpr auto quota_delay = 1s;

std::string rate_note(const Route& route) { return "rate/" + route.settings.get()->name; }
std::string quota_note(const Route& route) { return "quota/" + route.settings.get()->name; }

}  // namespace

void Scheduler::compare_with_last_run(std::string_view note) {
  std::int64_t last = 0;
  std::from_chars(note.data(), note.data() + note.size(), last);
  const spool::WallTime then{milliseconds(last)};
  const auto wall = services_.clock.now();
  if (wall + ClockGuard::tolerance < then || wall - then > long_away)
    static_cast<void>(clock_guard_.look(then, services_.clock.monotonic()));
}

void Scheduler::recall(const std::map<std::string, std::string, std::less<>>& notes) {
  const auto now = services_.clock.monotonic();
  const auto note = [&](const std::string& name) {
    const auto kept = notes.find(name);
    return kept == notes.end() ? std::string() : kept->second;
  };
  for (const auto& outlet : outlets_) {
    for (const Hold& hold : holds_of(note(note_of(outlet->route()))))
      outlet->account().hold(hold, now);
    outlet->recall(note(rate_note(outlet->route())));
    outlet->account().recall_quota(note(quota_note(outlet->route())), now, services_.clock.now());
  }
  warnings_.recall(note(std::string(warnings_note)));
  if (const std::string clock = note(std::string(clock_note)); !clock.empty())
    compare_with_last_run(clock);
}

void Scheduler::keep_notes() {
  asio::post(context_, [this] {
    const auto now = services_.clock.now().time_since_epoch();
    services_.store.note(std::string(clock_note),
                         std::to_string(std::chrono::duration_cast<milliseconds>(now).count()));
    for (const auto& outlet : outlets_)
      services_.store.note(rate_note(outlet->route()), outlet->learned());
    keep_quotas();
  });
}

/// What was sent is kept within a second of it, once for all that is sent in that second; at a stop
/// at once.
void Scheduler::keep_quota_soon() {
  if (stopping_) return keep_quotas();
  if (std::exchange(quota_kept_soon_, true)) return;
  quota_timer_.expires_after(quota_delay);
  quota_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    quota_kept_soon_ = false;
    if (!cancelled) keep_quotas();
  });
}

void Scheduler::keep_quotas() {
  const auto now = services_.clock.monotonic();
  const auto wall = services_.clock.now();
  for (const auto& outlet : outlets_)
    services_.store.note(quota_note(outlet->route()), outlet->account().kept_quota(now, wall));
}

}  // namespace delivery
