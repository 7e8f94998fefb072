#include "relay/http/entry_json.hpp"

#include "fake_store.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

using namespace std::chrono_literals;

TEST_SUITE("relay/http/entry_json") {
  TEST_CASE("times are ISO 8601 in UTC with milliseconds") {
    using Time = std::chrono::system_clock::time_point;
    CHECK(http::iso8601(Time(0s)) == "1970-01-01T00:00:00.000Z");
    CHECK(http::iso8601(Time(1'767'323'045'678ms)) == "2026-01-02T03:04:05.678Z");
    CHECK(http::iso8601(Time(-1ms)) == "1969-12-31T23:59:59.999Z");
  }

  TEST_CASE("an entry has every member, and null for what is not known") {
    spool::Entry held = entry(1, spool::State::held);
    held.reason = policy::Reason::signing;
    held.urgent = true;
    held.held_since = held.accepted_at + 1h;
    held.held = 90'999ms;
    CHECK(
        boost::json::serialize(http::to_json(held, 48h)) ==
        R"({"id":"0000000000001","state":"held","reason":"signing","app":"shop","domain":"example.com",)"
        R"("reverse_path":"anna@example.com","forward_paths":["bob@example.org","carl@example.org"],)"
        R"("message_id":"<1@example.com>","size":4096,"urgent":true,"notice":false,"accepted_at":"2026-01-02T03:04:05.678Z","attempts":0,)"
        R"("next_attempt":"2026-01-02T03:04:05.678Z","held_since":"2026-01-02T04:04:05.678Z",)"
        R"("deadline":"2026-01-04T04:04:05.678Z","held_seconds":90,"last_reply":null,"upstream_id":null})");
    CHECK(http::to_json(entry(1, spool::State::sent), 48h).at("next_attempt").is_null());
    const boost::json::object queued = http::to_json(entry(1), 48h);
    for (const char* unknown : {"reason", "held_since", "deadline"})
      CHECK(queued.at(unknown).is_null());
  }

  TEST_CASE("an entry in doubt says when it is acted on if nothing is heard of it") {
    CHECK(http::to_json(entry(1, spool::State::in_doubt), 48h).at("next_attempt").is_string());
  }

  TEST_CASE("foreign octets that are no UTF-8 cannot break the JSON") {
    spool::Entry hostile = entry(1);
    hostile.last_reply = "550 \xff\xc3\"\\\n";
    hostile.envelope.forward_paths = {"\xe2\x82@example.org"};
    policy::Event event;
    event.detail = "\xf0";
    for (const boost::json::object& object : {http::to_json(hostile, 48h), http::to_json(event)}) {
      boost::system::error_code error;
      (void)boost::json::parse(boost::json::serialize(object), error);
      CHECK(!error);
    }
  }
}
