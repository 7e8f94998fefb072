#pragma once

#include "relay/delivery/adaptive_rate.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <queue>
#include <random>
#include <utility>
#include <vector>

namespace delivery {

/// A deterministic simulation of relays that share one account and know nothing of each other: each
/// has mail without end and a few messages under way at a time, and keeps to its own AdaptiveRate.
/// The account is a token bucket with a second's worth of burst, as tests/ses_sim has it.
class SharedAccount {
 public:
  using Time = AdaptiveRate::Time;
  struct Settings {
    double account_rate = 14;
    std::size_t relays = 1;
    std::optional<double> ceiling;
    std::chrono::microseconds latency{200'000};  ///< of a reply, at most; half each way
    std::size_t under_way = 16;
    std::chrono::milliseconds begin_within{50};
    std::uint64_t seed = 1;
  };
  /// What the account said to one relay in a span of time.
  struct Told {
    double taken = 0, throttled = 0;
  };

  explicit SharedAccount(const Settings& settings)
      : settings_(settings), random_(settings.seed), tokens_(settings.account_rate) {
    for (std::size_t i = 0; i < settings.relays; ++i) {
      relays_.push_back({AdaptiveRate(settings.ceiling, start_)});
      later(start_ + within(settings.begin_within), What::awake, i);
    }
  }

  /// Runs on to that time after the start; gives what was told since the last call.
  std::vector<Told> run_until(std::chrono::seconds end) {
    for (Relay& relay : relays_) relay.told = {};
    while (!events_.empty() && events_.top().at < start_ + end) {
      const Event event = events_.top();
      events_.pop();
      happen(event);
    }
    std::vector<Told> told;
    for (const Relay& relay : relays_) told.push_back(relay.told);
    return told;
  }

  void account_rate(double rate) { settings_.account_rate = rate; }
  [[nodiscard]] double limit(std::size_t relay) const { return relays_[relay].rate.limit(); }

 private:
  enum class What : std::uint8_t { awake, arrived, taken, throttled };
  struct Event {
    Time at;
    std::uint64_t order;  ///< among those at the same time
    What what;
    std::size_t relay;
    bool operator<(const Event& other) const {
      return std::pair(at, order) > std::pair(other.at, other.order);
    }
  };
  struct Relay {
    AdaptiveRate rate;
    std::size_t under_way = 0;
    std::optional<Time> wakes{};
    Told told{};
  };

  Time::duration within(std::chrono::microseconds span) {
    const auto micros = static_cast<std::uint64_t>(span.count());
    return std::chrono::microseconds(micros == 0 ? 0 : random_() % micros);
  }

  void later(Time at, What what, std::size_t relay) { events_.push({at, ++order_, what, relay}); }

  bool account_takes(Time now) {
    const double rate = settings_.account_rate;
    tokens_ = std::min(std::max(1.0, rate),
                       tokens_ + std::chrono::duration<double>(now - filled_).count() * rate);
    filled_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

  void happen(const Event& event) {
    Relay& relay = relays_[event.relay];
    switch (event.what) {
      case What::arrived: {
        const What reply = account_takes(event.at) ? What::taken : What::throttled;
        return later(event.at + within(settings_.latency / 2), reply, event.relay);
      }
      case What::taken:
        --relay.under_way;
        ++relay.told.taken;
        relay.rate.succeeded(1);
        break;
      case What::throttled:
        --relay.under_way;
        ++relay.told.throttled;
        relay.rate.throttled(event.at, static_cast<std::uint32_t>(random_()));
        break;
      case What::awake:
        if (relay.wakes && *relay.wakes != event.at) return;  // a wake-up that was replaced
        break;
    }
    send(event.relay, event.at);
  }

  void send(std::size_t which, Time now) {
    Relay& relay = relays_[which];
    relay.wakes.reset();
    while (relay.under_way < settings_.under_way) {
      if (!relay.rate.take(1, now)) {
        relay.wakes = now + relay.rate.wait(1, now);
        return later(*relay.wakes, What::awake, which);
      }
      ++relay.under_way;
      later(now + within(settings_.latency / 2), What::arrived, which);
    }
  }

  Settings settings_;
  std::mt19937_64 random_;
  Time start_{std::chrono::hours(1)};
  double tokens_;
  Time filled_ = start_;
  std::uint64_t order_ = 0;
  std::vector<Relay> relays_;
  std::priority_queue<Event> events_;
};

/// Part of all that was told.
inline double throttled_part(const std::vector<SharedAccount::Told>& told) {
  double taken = 0;
  double throttled = 0;
  for (const auto& [ok, refused] : told) {
    taken += ok;
    throttled += refused;
  }
  return throttled / (taken + throttled);
}

inline double taken(const std::vector<SharedAccount::Told>& told) {
  double sum = 0;
  for (const auto& relay : told) sum += relay.taken;
  return sum;
}

/// Jain's index of what was taken of each: 1 when all have the same, 1/n when one has all.
inline double fairness(const std::vector<SharedAccount::Told>& told) {
  double squares = 0;
  for (const auto& relay : told) squares += relay.taken * relay.taken;
  const double sum = taken(told);
  return sum * sum / (static_cast<double>(told.size()) * squares);
}

}  // namespace delivery
