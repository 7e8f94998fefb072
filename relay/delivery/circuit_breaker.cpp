#include "relay/delivery/circuit_breaker.hpp"

#include "relay/proto/settlement.hpp"

#include <algorithm>

namespace delivery {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds first_pause = 1s;
constexpr std::chrono::milliseconds longest_pause = 60s;
constexpr auto trial_patience = 2min;

}  // namespace

CircuitBreaker::State CircuitBreaker::state(Time now) const {
  if (pause_ == 0ms) return State::closed;
  return now < until_ && !trying_ ? State::open : State::half_open;
}

bool CircuitBreaker::admit(Time now) {
  if (pause_ == 0ms) return true;
  if (now < until_) return false;
  trying_ = true;
  until_ = now + trial_patience;
  return true;
}

void CircuitBreaker::failed(Time began, Time now, std::uint32_t random) {
  if (pause_ > 0ms && began < opened_) return;
  pause_ = std::clamp(pause_ * 2, first_pause, longest_pause);
  opened_ = now;
  until_ = now + smtp::spread(pause_, random);
  trying_ = false;
}

void CircuitBreaker::succeeded() {
  pause_ = 0ms;
  until_ = {};
  trying_ = false;
}

}  // namespace delivery
