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
    CHECK(
        boost::json::serialize(http::to_json(held)) ==
        R"({"id":"0000000000001","state":"held","reason":"signing","app":"shop","domain":"example.com",)"
        R"("reverse_path":"anna@example.com","forward_paths":["bob@example.org","carl@example.org"],)"
        R"("message_id":"<1@example.com>","size":4096,"accepted_at":"2026-01-02T03:04:05.678Z","attempts":0,)"
        R"("next_attempt":"2026-01-02T03:04:05.678Z","last_reply":null,"upstream_id":null})");
    CHECK(http::to_json(entry(1, spool::State::sent)).at("next_attempt").is_null());
    CHECK(http::to_json(entry(1)).at("reason").is_null());
  }

  TEST_CASE("foreign octets that are no UTF-8 cannot break the JSON") {
    spool::Entry hostile = entry(1);
    hostile.last_reply = "550 \xff\xc3\"\\\n";
    hostile.envelope.forward_paths = {"\xe2\x82@example.org"};
    policy::Event event;
    event.detail = "\xf0";
    for (const boost::json::object& object : {http::to_json(hostile), http::to_json(event)}) {
      boost::system::error_code error;
      (void)boost::json::parse(boost::json::serialize(object), error);
      CHECK(!error);
    }
  }
}
