#include "relay/observe/line_writer.hpp"

#include "captured.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using observe::LineWriter;

namespace {

LineWriter::Bounds bounds(const Captured& captured) {
  return {.descriptor = captured.descriptor(), .gather = 1ms, .patience = 10s};
}

std::optional<std::chrono::milliseconds> no_tick() { return std::nullopt; }

}  // namespace

TEST_SUITE("relay/observe/line_writer") {
  TEST_CASE("flush returns when the lines put before it are written, in order") {
    Captured captured;
    LineWriter writer(bounds(captured), no_tick);
    writer.put("one\n");
    writer.put("two\n");
    writer.flush();
    CHECK(captured.text() == "one\ntwo\n");
    writer.put("three\n");
    writer.flush();
    CHECK(captured.text() == "three\n");
  }

  TEST_CASE("stop writes what is pending") {
    Captured captured;
    auto rules = bounds(captured);
    rules.gather = 1h;
    LineWriter writer(rules, no_tick);
    writer.put("last\n");
    writer.stop();
    CHECK(captured.text() == "last\n");
    writer.put("too late\n");
    CHECK(writer.dropped() == 1);
  }

  TEST_CASE("at the bound lines are dropped and counted, and one that still fits is not") {
    Captured captured;
    auto rules = bounds(captured);
    rules.pending_octets = 10;
    rules.gather = 1h;
    LineWriter writer(rules, no_tick);
    writer.put("12345\n");
    writer.put("1234\n");
    writer.put("123\n");
    CHECK(writer.dropped() == 1);
    CHECK(writer.take_unreported() == 1);
    CHECK(writer.take_unreported() == 0);
    writer.flush();
    CHECK(captured.text() == "12345\n123\n");
    writer.put("1234\n");
    writer.flush();
    CHECK(captured.text() == "1234\n");
    CHECK(writer.dropped() == 1);
  }

  TEST_CASE("with nobody reading the callers go on, and stop gives up") {
    Captured captured(64 * 1024);
    auto rules = bounds(captured);
    rules.pending_octets = 64 * 1024;
    rules.patience = 50ms;
    LineWriter writer(rules, no_tick);
    const std::string line = std::string(1023, 'x') + "\n";
    for (int i = 0; i < 1000; ++i) writer.put(line);
    CHECK(writer.dropped() > 0);
    writer.flush();
    writer.stop();
    const std::string read = captured.text();
    const auto written = static_cast<std::uint64_t>(std::ranges::count(read, '\n'));
    CHECK(writer.dropped() + written == 1000);
    CHECK(read.size() == written * line.size());  // whole lines
  }

  TEST_CASE("a reader that went away costs the lines, not the process") {
    Captured captured;
    captured.close_reader();
    LineWriter writer(bounds(captured), no_tick);
    writer.put("nobody\n");
    writer.flush();
    CHECK(writer.dropped() == 1);
  }

  TEST_CASE("the tick is called again when it asked to be") {
    Captured captured;
    std::atomic<int> calls = 0;
    LineWriter writer(bounds(captured), [&]() -> std::optional<std::chrono::milliseconds> {
      if (++calls == 3) {
        calls.notify_all();
        return std::nullopt;
      }
      return 1ms;
    });
    writer.put("begin\n");
    for (int seen = calls; seen < 3; seen = calls) calls.wait(seen);
    writer.stop();
    CHECK(calls >= 3);
  }

  TEST_CASE("lines of many threads arrive whole and once") {
    Captured captured;
    std::string read;
    {
      LineWriter writer(bounds(captured), no_tick);
      std::vector<std::thread> threads;
      for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&writer, thread] {
          for (int i = 0; i < 500; ++i) writer.put(std::to_string(thread * 1000 + i) + "\n");
        });
      }
      for (std::thread& thread : threads) thread.join();
    }
    const auto lines = captured.lines();
    CHECK(lines.size() == 2000);
    CHECK(std::set<std::string>(lines.begin(), lines.end()).size() == 2000);
  }
}
