#include "relay/net/tls_sessions.hpp"

#include <doctest/doctest.h>

#include <array>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using net::TlsSessions;

namespace {

const std::string ses = "ses.example:465";
const auto now = std::chrono::system_clock::from_time_t(1'700'000'000);
constexpr auto lifetime = 300s;

/// A session of that number, given at `now`.
TlsSessions::Session session(unsigned number, int version = TLS1_3_VERSION) {
  TlsSessions::Session made(SSL_SESSION_new());
  REQUIRE(SSL_SESSION_set_protocol_version(made.get(), version) == 1);
  const std::array<unsigned char, 2> id{static_cast<unsigned char>(number >> 8),
                                        static_cast<unsigned char>(number)};
  REQUIRE(SSL_SESSION_set1_id(made.get(), id.data(), id.size()) == 1);
  SSL_SESSION_set_time(made.get(), std::chrono::system_clock::to_time_t(now));
  SSL_SESSION_set_timeout(made.get(), lifetime.count());
  return made;
}

/// Its number; 0 for none.
unsigned number(const TlsSessions::Session& taken) {
  if (!taken) return 0;
  unsigned octets = 0;
  const unsigned char* id = SSL_SESSION_get_id(taken.get(), &octets);
  return id[0] * 256U + id[1];
}

}  // namespace

TEST_SUITE_BEGIN("relay/net/tls_sessions");

TEST_CASE("a session of TLS 1.3 is given out once, the newest first") {
  TlsSessions sessions;
  CHECK(number(sessions.take(ses, now)) == 0);
  sessions.keep(ses, session(1));
  sessions.keep(ses, session(2));
  CHECK(number(sessions.take(ses, now)) == 2);
  CHECK(number(sessions.take(ses, now)) == 1);
  CHECK(number(sessions.take(ses, now)) == 0);
}

TEST_CASE("a session of TLS 1.2 is given out again and again, each time as another copy") {
  TlsSessions sessions;
  sessions.keep(ses, session(1, TLS1_2_VERSION));
  const auto first = sessions.take(ses, now);
  const auto second = sessions.take(ses, now);
  CHECK(number(first) == 1);
  CHECK(number(second) == 1);
  CHECK(first.get() != second.get());
}

TEST_CASE("a server gets its own sessions only: host and port count") {
  TlsSessions sessions;
  sessions.keep(ses, session(1));
  CHECK(number(sessions.take("ses.example:587", now)) == 0);
  CHECK(number(sessions.take("other.example:465", now)) == 0);
  sessions.keep("other.example:465", session(2));
  sessions.forget("other.example:465");
  CHECK(number(sessions.take("other.example:465", now)) == 0);
  CHECK(number(sessions.take(ses, now)) == 1);
}

TEST_CASE("beyond the limit the oldest session goes") {
  TlsSessions sessions;
  for (unsigned i = 1; i <= TlsSessions::limit + 1; ++i) sessions.keep(ses, session(i));
  std::set<unsigned> taken;
  while (const auto next = sessions.take(ses, now)) taken.insert(number(next));
  CHECK(taken.size() == TlsSessions::limit);
  CHECK(taken.count(1) == 0);
}

TEST_CASE("a session is not given out before its time, nor after it") {
  static const struct {
    const char* name;
    std::chrono::seconds later;
    unsigned number;
  } rows[] = {
      {"the clock went back", -1s, 0},
      {"at once", 0s, 1},
      {"in its last second", lifetime - 1s, 1},
      {"over", lifetime, 0},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    TlsSessions sessions;
    sessions.keep(ses, session(1));
    CHECK(number(sessions.take(ses, now + row.later)) == row.number);
  }
}

TEST_CASE("threads that keep and take at once never get the same session twice") {
  TlsSessions sessions;
  std::array<std::vector<unsigned>, 4> taken;
  std::vector<TlsSessions::Session> made;
  for (unsigned i = 1; i <= 400; ++i) made.push_back(session(i));
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < taken.size(); ++t) {
    threads.emplace_back([&, t] {
      for (unsigned i = 0; i < 100; ++i) {
        sessions.keep(ses, std::move(made[t * 100 + i]));
        if (const auto next = sessions.take(ses, now)) taken[t].push_back(number(next));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::multiset<unsigned> all;
  for (const auto& part : taken) all.insert(part.begin(), part.end());
  CHECK(all.size() == 400);
  CHECK(std::set<unsigned>(all.begin(), all.end()).size() == all.size());
}

TEST_SUITE_END();
