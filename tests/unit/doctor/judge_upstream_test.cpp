#include "relay/doctor/judge.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace doctor {
namespace {

using namespace std::chrono_literals;

const WallTime now{20'000 * 24h};

config::Upstream upstream() {
  config::Upstream settings;
  settings.region = "eu-west-1";
  settings.host = "ses.example";
  settings.username = config::Secret("AKIA");
  return settings;
}

UpstreamSeen well() {
  UpstreamSeen seen;
  seen.connected = seen.secured = seen.ready = true;
  seen.greeted_after = 40ms;
  seen.certificate_expires = now + 60 * 24h;
  return seen;
}

struct Row {
  const char* what;
  UpstreamSeen seen;
  Grade grade;
  std::vector<std::string> says;  ///< in the finding that is not ok
};

UpstreamSeen changed(auto change) {
  UpstreamSeen seen = well();
  change(seen);
  return seen;
}

std::vector<Row> rows() {
  return {
      {"unreachable",
       changed([](UpstreamSeen& seen) {
         seen = {};
         seen.trouble = "192.0.2.1 connection refused";
       }),
       Grade::bad,
       {"upstream default", "connection refused", "ses.example", "465", "firewall"}},
      {"a certificate of others",
       changed([](UpstreamSeen& seen) {
         seen.ready = seen.secured = false;
         seen.phase = smtp::Phase::connect;
         seen.trouble = "TLS with ses.example failed: unable to get local issuer certificate";
       }),
       Grade::bad,
       {"local issuer", "upstream.tls_ca_file"}},
      {"wrong credentials",
       changed([](UpstreamSeen& seen) {
         seen.ready = false;
         seen.phase = smtp::Phase::auth;
         seen.reply = "535 Authentication Credentials Invalid";
       }),
       Grade::bad,
       {"credentials default", "535", "postern smtp-password --region eu-west-1"}},
      {"no mail server",
       changed([](UpstreamSeen& seen) {
         seen.ready = false;
         seen.phase = smtp::Phase::greeting;
         seen.reply = "554 go away";
       }),
       Grade::bad,
       {"554 go away", "SMTP server", "`upstream.port`", "-connect ses.example:465 -crlf"}},
      {"slow",
       changed([](UpstreamSeen& seen) { seen.greeted_after = 2s; }),
       Grade::warn,
       {"2000 ms", "nearer"}},
      {"a certificate near its end",
       changed([](UpstreamSeen& seen) { seen.certificate_expires = now + 14 * 24h; }),
       Grade::warn,
       {"certificate default", "2024-10-18"}},
  };
}

}  // namespace

TEST_SUITE("relay/doctor/judge_upstream") {
  TEST_CASE("an upstream that takes the credentials is well, in three findings") {
    const Findings findings = judge_upstream(upstream(), well(), now);
    CHECK(findings.size() == 3);
    for (const Finding& finding : findings) {
      CAPTURE(line_of(finding));
      CHECK(finding.grade == Grade::ok);
      CHECK(finding.mend.empty());
    }
  }

  TEST_CASE("each fault of an upstream is one finding with its mend, and all else is well") {
    for (const Row& row : rows()) {
      CAPTURE(row.what);
      std::vector<std::string> wrong;
      for (const Finding& finding : judge_upstream(upstream(), row.seen, now)) {
        if (finding.grade == Grade::ok) continue;
        CHECK(finding.grade == row.grade);
        CHECK_FALSE(finding.mend.empty());
        wrong.push_back(line_of(finding));
      }
      REQUIRE(wrong.size() == 1);
      CAPTURE(wrong.front());
      for (const std::string& words : row.says)
        CHECK(wrong.front().find(words) != std::string::npos);
    }
  }

  TEST_CASE("the relay's own certificate is warned of in its last 14 days, and bad once expired") {
    const std::filesystem::path file = "/etc/relay.pem";
    const Finding well = judge_certificate(file, now + 14 * 24h + 1s, now);
    CHECK(well.grade == Grade::ok);
    CHECK(well.what == "good until 2024-10-18");
    const Finding near = judge_certificate(file, now + 14 * 24h, now);
    CHECK(near.grade == Grade::warn);
    CHECK(near.mend == "Renew /etc/relay.pem (`tls.certificate`), then `postern reload`.");
    const Finding over = judge_certificate(file, now, now);
    CHECK(over.grade == Grade::bad);
    CHECK(over.what.find("expired on 2024-10-04") != std::string::npos);
    CHECK(over.mend == near.mend);
  }

  TEST_CASE("files instead of an upstream are warned of") {
    config::Upstream capture = upstream();
    capture.kind = config::UpstreamKind::capture;
    const Findings findings = judge_upstream(capture, {}, now);
    REQUIRE(findings.size() == 1);
    CHECK(findings.front().grade == Grade::warn);
  }

  TEST_CASE("a finding is one line, whatever a server said") {
    const std::string line = line_of({"upstream", Grade::bad, "a\r\nb\x1b", "c\nd"});
    CHECK(line == "bad  upstream: a  b  -> c d");
  }
}

}  // namespace doctor
