#include "relay/net/threads.hpp"

#include <pthread.h>

#include <string>

namespace net {

Threads::Threads(unsigned count) {
  for (unsigned i = 0; i < count; ++i) loops_.push_back(std::make_unique<Loop>());
}

Threads::~Threads() { stop_and_join(); }

void Threads::start() {
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    Loop& loop = *loops_[i];
    loop.thread = std::thread([&loop] { loop.context.run(); });
    pthread_setname_np(loop.thread.native_handle(), ("io-" + std::to_string(i)).c_str());
  }
}

void Threads::stop_and_join() {
  for (const auto& loop : loops_) loop->work.reset();
  for (const auto& loop : loops_) loop->context.stop();
  for (const auto& loop : loops_) {
    if (loop->thread.joinable()) loop->thread.join();
  }
}

std::size_t Threads::least_busy() const noexcept {
  std::size_t best = 0;
  for (std::size_t i = 1; i < loops_.size(); ++i) {
    if (loops_[i]->load <= loops_[best]->load) best = i;
  }
  return best;
}

}  // namespace net
