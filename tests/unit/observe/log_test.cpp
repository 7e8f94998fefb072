#include "relay/observe/log.hpp"

#include "captured.hpp"

#include <doctest/doctest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using observe::Field;
using observe::Log;

namespace {

constexpr std::chrono::system_clock::time_point start{
    1'767'323'045'678ms};  // 2026-01-02T03:04:05.678Z

struct Fixture {
  Captured captured;
  std::atomic<std::chrono::system_clock::time_point> now = start;

  observe::LogOptions options(config::Log rules = {}) {
    observe::LogOptions given;
    given.rules = rules;
    given.descriptor = captured.descriptor();
    given.address_key = "key";
    given.gather = 1ms;
    given.now = [this] { return now.load(); };
    return given;
  }
};

policy::Event accepted() {
  policy::Event event;
  event.kind = policy::EventKind::accepted;
  event.at = start;
  event.queue_id = "0ABCDEFGHJKMN";
  event.app = "shop";
  event.domain = "example.com";
  return event;
}

policy::Event refused(std::string app = "shop",
                      policy::Reason reason = policy::Reason::attachment) {
  policy::Event event;
  event.kind = policy::EventKind::refused;
  event.at = start;
  event.reference = "R1";
  event.app = std::move(app);
  event.reason = reason;
  event.detail = "Not sent: the part \"a.pdf\" is an attachment.";
  return event;
}

}  // namespace

TEST_SUITE("relay/observe/log") {
  TEST_CASE_FIXTURE(Fixture, "a text line has time, level, and the fields that are known") {
    Log log(options());
    const std::vector<Field> more{{"from", "anna@example.com"},
                                  {"size", 4096},
                                  {"seconds", std::chrono::nanoseconds(1'234'567)},
                                  Field::identifier("message_id", "<1@example.com>")};
    log.event(accepted(), more);
    log.info("Listening for SMTP.",
             {{"listener", "127.0.0.1:2525"}, {"note", "two words"}, {"empty", ""}});
    log.flush();
    CHECK(
        captured.text() ==
        "2026-01-02T03:04:05.678Z info event=accepted id=0ABCDEFGHJKMN app=shop domain=example.com "
        "from=a***@example.com size=4096 seconds=0.001235 message_id=<1@example.com>\n"
        "2026-01-02T03:04:05.678Z info message=\"Listening for SMTP.\" listener=127.0.0.1:2525 "
        "note=\"two words\" "
        "empty=\"\"\n");
  }

  TEST_CASE_FIXTURE(Fixture, "a JSON line is one object with the same keys and values") {
    Log log(options({.format = config::LogFormat::json}));
    log.event(refused(), std::vector<Field>{{"size", 7}});
    log.flush();
    const std::string line = captured.text();
    CHECK(
        line ==
        R"({"time":"2026-01-02T03:04:05.678Z","level":"info","event":"refused","reference":"R1","app":"shop",)"
        R"("reason":"attachment","size":7,"detail":"Not sent: the part \"a.pdf\" is an attachment."})"
        "\n");
    CHECK(boost::json::parse(line).as_object().at("size").as_int64() == 7);
  }

  TEST_CASE_FIXTURE(Fixture,
                    "foreign text can neither begin a line nor a field, in either format") {
    const std::string hostile = "x\r\n2026 info event=accepted \"q\" \\ app=\u202e\x1b[2J\xff";
    for (const auto format : {config::LogFormat::text, config::LogFormat::json}) {
      Log log(options({.format = format}));
      policy::Event event = refused();
      event.detail = hostile;
      log.event(event);
      log.flush();
      const auto lines = captured.lines();
      REQUIRE(lines.size() == 1);
      CAPTURE(lines.front());
      CHECK(lines.front().find('\x1b') == std::string::npos);
      CHECK(lines.front().find("\u202e") == std::string::npos);
      const std::string shown =
          "x\\r\\n2026 info event=accepted \"q\" \\\\ app=\\u202e\\x1b[2J\\xff";
      if (format == config::LogFormat::json) {
        CHECK(boost::json::parse(lines.front()).as_object().at("detail").as_string() == shown);
      } else {
        CHECK(lines.front().ends_with(
            R"(detail="x\r\n2026 info event=accepted \"q\" \\ app=\u202e\x1b[2J\xff")"));
      }
    }
  }

  TEST_CASE_FIXTURE(Fixture, "a value is cut at 200 octets, and a cut never uncovers an address") {
    Log log(options());
    log.info("cut",
             {{"long", std::string(100'000, 'x')},
              {"words", std::string(150, 'y') + " " + std::string(150, 'z')}});
    log.info("no space", {{"address", std::string(1599, 'a') + "@example.org"}});
    log.info("masked first", {{"reply", "550 " + std::string(190, ' ') + "anna@example.org"}});
    log.flush();
    const auto lines = captured.lines();
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].ends_with("long=\"(too long)\" words=\"" + std::string(150, 'y') + " " +
                             std::string(46, 'z') + "...\""));
    CHECK(lines[1].find("aaa") == std::string::npos);
    CHECK(lines[2].find("an") == std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture,
                    "addresses are shown as the rules say, and a reload changes the rules") {
    Log log(options());
    log.info("a", {{"to", "anna@example.org"}});
    log.rules({.level = config::LogLevel::warning, .addresses = config::LogAddresses::full});
    log.info("not said");
    log.warn("b", {{"to", "anna@example.org"}});
    log.rules({.format = config::LogFormat::json, .addresses = config::LogAddresses::hashed});
    log.info("c", {{"to", "anna@example.org"}});
    log.flush();
    const auto lines = captured.lines();
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].ends_with(" info message=a to=a***@example.org"));
    CHECK(lines[1].ends_with(" warning message=b to=anna@example.org"));
    const auto to = std::string(boost::json::parse(lines[2]).as_object().at("to").as_string());
    CHECK(to.size() == 16 + std::string("@example.org").size());
    CHECK(to.find("anna") == std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "every level is said from its own level on") {
    using enum config::LogLevel;
    const std::pair<config::LogLevel, std::size_t> rows[] = {
        {debug, 4}, {info, 3}, {warning, 2}, {error, 1}};
    for (const auto& [level, count] : rows) {
      Log log(options({.level = level}));
      log.debug("debug");
      log.info("info");
      log.warn("warning");
      log.error("error");
      log.flush();
      CHECK(captured.lines().size() == count);
    }
  }

  TEST_CASE_FIXTURE(Fixture,
                    "refusals of one app and reason fold into one line that says how many") {
    Log log(options());
    for (int i = 0; i < 5; ++i) log.event(refused());
    log.event(refused("blog"));
    log.event(refused("shop", policy::Reason::bulk));
    log.flush();
    CHECK(captured.lines().size() == 3);
    now = start + 10s;
    log.flush();
    const auto lines = captured.lines();
    REQUIRE(lines.size() == 1);
    CHECK(lines.front() ==
          "2026-01-02T03:04:15.678Z info event=refused app=shop reason=attachment repeated=4");
  }

  TEST_CASE_FIXTURE(Fixture, "each acceptance and each settlement has its own line") {
    Log log(options());
    policy::Event sent = accepted();
    sent.kind = policy::EventKind::sent;
    for (int i = 0; i < 3; ++i) {
      log.event(accepted());
      log.event(sent);
    }
    log.flush();
    CHECK(captured.lines().size() == 6);
  }

  TEST_CASE_FIXTURE(Fixture, "a warning folds with the same words, whatever its numbers") {
    {
      Log log(options());
      log.warn("accept failed", {{"error", "too many files"}, {"open", 1000}});
      log.warn("accept failed", {{"error", "too many files"}, {"open", 1001}});
      log.warn("accept failed", {{"error", "another"}});
    }
    const auto lines = captured.lines();
    REQUIRE(lines.size() == 3);
    CHECK(lines[2].ends_with(
        " warning message=\"accept failed\" error=\"too many files\" repeated=1"));
  }

  TEST_CASE_FIXTURE(Fixture,
                    "folded counts are told in the format they were kept in when it changes") {
    Log log(options());
    log.event(refused());
    log.event(refused());
    log.rules({.format = config::LogFormat::json});
    log.event(refused());
    log.event(refused());
    now = start + 10s;
    log.flush();
    const auto lines = captured.lines();
    REQUIRE(lines.size() == 4);
    CHECK(boost::json::parse(lines[1]).is_object());
    for (const std::string& line : {lines[2], lines[3]}) {
      if (line.starts_with('{')) {
        CHECK(boost::json::parse(line).at("repeated").as_int64() == 1);
      } else {
        CHECK(line.ends_with(" event=refused app=shop reason=attachment repeated=1"));
      }
    }
    CHECK(lines[2].starts_with('{') != lines[3].starts_with('{'));
  }

  TEST_CASE_FIXTURE(Fixture, "the window ends by itself, on the writer's thread") {
    observe::LogOptions given = options();
    given.fold_window = 1s;
    given.now = &std::chrono::system_clock::now;
    Log log(given);
    log.event(refused());
    log.event(refused());
    std::vector<std::string> lines;
    const auto give_up = std::chrono::steady_clock::now() + 30s;
    while (lines.size() < 2 && std::chrono::steady_clock::now() < give_up) {
      for (std::string& line : captured.lines()) lines.push_back(std::move(line));
      std::this_thread::yield();
    }
    REQUIRE(lines.size() == 2);
    CHECK(lines[1].ends_with("repeated=1"));
  }

  TEST_CASE_FIXTURE(Fixture, "when lines were dropped a line says how many") {
    observe::LogOptions given = options();
    given.pending_octets = 200;
    given.gather = 1h;
    Log log(given);
    for (int i = 0; i < 10; ++i) log.info("a line that takes its room", {{"number", i}});
    log.flush();
    log.flush();
    const auto lines = captured.lines();
    REQUIRE(!lines.empty());
    CHECK(log.dropped() > 0);
    CHECK(lines.size() == 11 - log.dropped());
    CHECK(lines.back().ends_with("lines=" + std::to_string(log.dropped())));
  }

  TEST_CASE_FIXTURE(Fixture,
                    "an error is written at once, and the end of the log writes the rest") {
    observe::LogOptions given = options();
    given.gather = 1h;
    {
      Log log(given);
      log.error("broken");
      std::vector<std::string> lines;
      const auto give_up = std::chrono::steady_clock::now() + 30s;
      while (lines.empty() && std::chrono::steady_clock::now() < give_up) lines = captured.lines();
      REQUIRE(lines.size() == 1);
      log.info("later");
    }
    CHECK(captured.lines().size() == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "threads may log, and rules may change, at the same time") {
    {
      Log log(options());
      std::vector<std::thread> threads;
      for (int thread = 0; thread < 3; ++thread) {
        threads.emplace_back([&log] {
          for (int i = 0; i < 200; ++i) {
            log.event(accepted());
            log.event(refused());
          }
        });
      }
      for (int i = 0; i < 50; ++i) {
        log.rules({.format = i % 2 == 0 ? config::LogFormat::json : config::LogFormat::text});
      }
      for (std::thread& thread : threads) thread.join();
    }
    std::size_t acceptances = 0;
    for (const std::string& line : captured.lines()) {
      if (line.starts_with('{')) CHECK(boost::json::parse(line).is_object());
      if (line.find("accepted") != std::string::npos) ++acceptances;
    }
    CHECK(acceptances == 600);
  }
}
