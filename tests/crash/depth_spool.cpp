// Fills a spool with queued entries and looks at what its depth costs: memory, start-up, and the
// rate of accepts beside that of an empty one, in one run. Usage: depth_spool [entries], a million
// being what the design promises for (128 MiB, 5 s, a fifth); without it a small number. Exit 1
// when a promise that does not hang on the machine is broken.
#include "tests/unit/spool/asked.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t in_flight = 400;  ///< accepts that wait for their answer at once
constexpr std::uint32_t timed = 20'000;   ///< accepts whose rate is measured
constexpr long most_resident_kib = 128L << 10;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Octets that this process has in memory, in KiB.
long resident() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::strtol(line.c_str() + 6, nullptr, 10);
  throw std::runtime_error("/proc/self/status has no VmRSS");
}

/// A message of one of five apps, each twentieth urgent, accepted a millisecond after the last.
spool::Job message(std::uint32_t number) {
  auto job = asked::message(number, 1500);
  job.entry.id = spool::QueueId::make(
      asked::noon.time_since_epoch() / std::chrono::milliseconds(1) + number, number);
  job.entry.app = "app" + std::to_string(number % 5);
  job.entry.urgent = number % 20 == 0;
  job.entry.accepted_at = job.entry.next_attempt = asked::noon + std::chrono::milliseconds(number);
  return job;
}

/// Accepts so many from `first` on; gives how many a second.
double accept(spool::Store& store, std::uint32_t first, std::uint32_t count) {
  std::atomic<std::uint32_t> answered{0};
  std::atomic<bool> failed{false};
  const auto start = Clock::now();
  for (std::uint32_t i = 0; i < count; ++i) {
    for (auto done = answered.load(); i - done >= in_flight; done = answered.load())
      answered.wait(done);
    store.accept(message(first + i), false, [&](spool::Acceptance acceptance) {
      if (acceptance.outcome != spool::Accepted::stored) failed = true;
      ++answered;
      answered.notify_one();
    });
  }
  for (auto done = answered.load(); done != count; done = answered.load()) answered.wait(done);
  if (failed) throw std::runtime_error("an accept failed");
  return count / seconds_since(start);
}

struct Opened {
  std::unique_ptr<spool::Store> store;
  double seconds = 0;
};

Opened open(const std::filesystem::path& directory, std::uint64_t queued) {
  const auto start = Clock::now();
  auto [store, recovery] = asked::open(asked::options_in(directory));
  if (recovery.queued != queued) throw std::runtime_error("entries were lost");
  return {std::move(store), seconds_since(start)};
}

/// Processor time that this process has used, in microseconds.
double used() { return 1e6 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// What some accepts cost.
struct Cost {
  double rate = 0;                  ///< accepts a second
  double microseconds = 1'000'000;  ///< of the processor, each

  void measure(spool::Store& store, std::uint32_t first) {
    const double before = used();
    rate = std::max(rate, accept(store, first, timed));
    microseconds = std::min(microseconds, (used() - before) / timed);
  }
};

/// The best of five of each, in turn, so that a neighbour on the machine does not count.
void compare(spool::Store& store, std::uint32_t first) {
  Cost empty;
  Cost deep;
  for (std::uint32_t i = 0; i < 5; ++i) {
    const asked::TempDir temp;
    empty.measure(*open(temp.path(), 0).store, first);
    deep.measure(store, first + i * timed);
  }
  std::printf(
      "accepts: %.0f/s, %.2f of an empty one's %.0f/s; %.1f us of processor each, an empty "
      "one's %.1f us\n",
      deep.rate,
      deep.rate / empty.rate,
      empty.rate,
      deep.microseconds,
      empty.microseconds);
}

/// The longest that one of some leases and looks for what is due next took, in milliseconds.
double slowest_lease(spool::Store& store) {
  double slowest = 0;
  const auto now = asked::noon + std::chrono::hours(24);
  for (int i = 0; i < 20; ++i) {
    const auto start = Clock::now();
    const auto jobs = asked::lease(store, spool::Wanted{now, 50, 200, 8 << 20, {}});
    if (jobs.empty() || !asked::next_due(store)) throw std::runtime_error("nothing is due");
    slowest = std::max(slowest, 1000 * seconds_since(start));
  }
  return slowest;
}

int run(std::uint32_t entries) {
  const asked::TempDir directory;
  {
    const auto filled = open(directory.path(), 0);
    std::printf("filled with %u at %.0f/s\n", entries, accept(*filled.store, 0, entries));
  }
  const auto opened = open(directory.path(), entries);
  std::printf("%u queued: opened in %.2f s, a lease in %.0f ms at most, %ld MiB resident\n",
              entries,
              opened.seconds,
              slowest_lease(*opened.store),
              resident() >> 10);
  compare(*opened.store, entries);
  const long kib = resident();
  std::printf("%ld MiB resident at the end\n", kib >> 10);
  if (kib > most_resident_kib) std::puts("too much is in memory");
  return kib > most_resident_kib ? 1 : 0;
}

}  // namespace

int main(int count, char** words) {
  try {
    const auto entries = count > 1 ? std::strtoul(words[1], nullptr, 10) : 20'000;
    return run(static_cast<std::uint32_t>(entries));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "depth_spool: %s\n", error.what());
    return 2;
  }
}
