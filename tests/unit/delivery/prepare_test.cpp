#include "relay/delivery/prepare.hpp"

#include "tests/unit/delivery/scripted_upstream.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using delivery::test::job;

namespace {

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

struct Desk {
  dkim::Library library;
  delivery::Keyring keyring;
  config::Upstream upstream;
  Desk() {
    keyring.domains["example.com"].signer =
        std::make_shared<const dkim::Signer>(delivery::test::signer(library));
    upstream.configuration_set = "of-the-upstream";
  }
  mail::Result<std::string> prepare(const spool::Job& message) const {
    return delivery::prepare(message, keyring, upstream, std::chrono::system_clock::now());
  }
};

}  // namespace

TEST_SUITE_BEGIN("relay/delivery/prepare");

TEST_CASE("what leaves is signed once, mended, dot-stuffed and ended by a dot") {
  const Desk desk;
  const std::string octets = desk.prepare(job(7)).value();
  CHECK(octets.starts_with("DKIM-Signature:"));
  CHECK(count(octets, "DKIM-Signature:") == 1);
  CHECK(count(octets, "secret@example.org") == 0);
  CHECK(count(octets, "\r\nDate: ") == 1);
  CHECK(count(octets, "\r\n..hidden\r\n") == 1);
  CHECK(octets.ends_with("\r\n.\r\n"));
}

TEST_CASE(
    "SES is told the app and the queue id, and the app's configuration set before the upstream's") {
  Desk desk;
  const spool::Job message = job(7);
  CHECK(count(desk.prepare(message).value(), "X-SES-CONFIGURATION-SET: of-the-upstream\r\n") == 1);
  desk.keyring.configuration_sets.emplace("shop", "of-the-app");
  const std::string octets = desk.prepare(message).value();
  CHECK(count(octets, "X-SES-CONFIGURATION-SET: of-the-app\r\n") == 1);
  CHECK(count(octets, "X-SES-CONFIGURATION-SET") == 1);
  CHECK(count(octets, "postern_app=shop, postern_id=" + message.entry.id.text()) == 1);
}

TEST_CASE("another upstream than SES is told nothing of SES") {
  Desk desk;
  for (const auto kind : {config::UpstreamKind::smtp, config::UpstreamKind::capture}) {
    desk.upstream.kind = kind;
    CHECK(count(desk.prepare(job(7)).value(), "X-SES-") == 0);
  }
}

TEST_CASE(
    "a message without a key, or that cannot be mended, is a failure that says why, never unsigned "
    "octets") {
  const Desk desk;
  const auto keyless = desk.prepare(job(7, "gone.example"));
  REQUIRE(keyless.has_error());
  CHECK(count(keyless.error().sentence(), "gone.example") == 1);
  spool::Job damaged = job(8);
  damaged.octets = std::make_shared<const std::string>("no header at all\r\n");
  CHECK(desk.prepare(damaged).has_error());
}

TEST_CASE("a retry carries the Date of the accept") {
  const Desk desk;
  spool::Job message = job(7);
  message.entry.accepted_at = std::chrono::system_clock::from_time_t(1000000000);
  const std::string octets = desk.prepare(message).value();
  CHECK(count(octets, "\r\nDate: Sun, 9 Sep 2001 01:46:40 +0000\r\n") == 1);
}

TEST_SUITE_END();
