#include "relay/app/examination.hpp"
#include "tests/unit/dkim/rfc_keys.hpp"
#include "tests/unit/domains/scripted_resolver.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace app {
namespace {

policy::DnsQuestion key_of(const std::string& domain) {
  return {"p1._domainkey." + domain, policy::RecordType::txt};
}

policy::DomainSetup signing(std::string domain) {
  policy::DomainSetup setup;
  setup.name = std::move(domain);
  setup.selectors = {{"p1", std::string(dkim::test::rfc8463_record), true, false}};
  return setup;
}

/// A resolver that knows what the test says, and the look at it.
struct Bench {
  doctor::Findings look(bool needed) {
    doctor::Findings findings;
    const DnsWanted wanted{{}, "example.com", needed, {signing("example.com"), signing("b.test")}};
    auto run = [&]() -> net::asio::awaitable<void> {
      findings = co_await look_at_dns(resolver, wanted, [](std::string_view) {});
    };
    const auto fail = [](std::string_view what) { throw std::logic_error(std::string(what)); };
    net::spawn(context.get_executor(), run, fail, [] {});
    context.run();
    return findings;
  }

  boost::asio::io_context context{1};
  domains::test::ScriptedResolver resolver{context.get_executor()};
};

std::vector<std::string> short_lines(const doctor::Findings& findings) {
  std::vector<std::string> lines;
  for (const doctor::Finding& finding : findings)
    lines.push_back(std::string(word(finding.grade)) + ' ' + finding.check);
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_SUITE("relay/app/look_at_dns") {
  TEST_CASE("keys that stand in DNS are one finding, beside that DNS answers") {
    Bench bench;
    for (const char* domain : {"example.com", "b.test"})
      bench.resolver.answers[key_of(domain)] =
          domains::test::found({std::string(dkim::test::rfc8463_record)});
    const auto findings = bench.look(false);
    CHECK(short_lines(findings) == Lines{"ok dns", "ok dkim"});
    CHECK(findings.back().what == "the keys of 2 trusted domains stand in DNS");
    CHECK(bench.resolver.resolved.contains("example.com"));
  }

  TEST_CASE("each trusted domain whose key is not published is named") {
    Bench bench;
    bench.resolver.answers[key_of("b.test")] =
        domains::test::found({std::string(dkim::test::rfc8463_record)});
    CHECK(short_lines(bench.look(false)) == Lines{"ok dns", "warn dkim example.com", "ok dkim"});
  }

  TEST_CASE("a resolver that fails is bad only where domains are verified by DNS") {
    for (const bool needed : {false, true}) {
      Bench bench;
      bench.resolver.answers[{"example.com", policy::RecordType::txt}] = domains::test::failed();
      bench.resolver.answers[key_of("example.com")] = domains::test::failed();
      const auto findings = bench.look(needed);
      CHECK(short_lines(findings) ==
            Lines{needed ? "bad dns" : "warn dns", "warn dkim example.com", "warn dkim b.test"});
      CHECK(findings[1].what.find("did not answer") != std::string::npos);
      CHECK(findings[2].what.find("cannot verify") != std::string::npos);
    }
  }
}

}  // namespace app
