#include "relay/doctor/judge.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace doctor {
namespace {

using namespace std::chrono_literals;

constexpr auto slow_upstream_greeting = 2s;
constexpr auto soon = 14 * 24h;

std::string where(const config::Upstream& upstream) {
  return fmt::format("{}:{}", upstream.host, upstream.port);
}

Finding unreachable(const config::Upstream& upstream, const UpstreamSeen& seen) {
  Finding finding{"upstream " + upstream.name, Grade::bad, seen.trouble, {}};
  if (!seen.connected) {
    finding.mend = fmt::format(
        "Let this machine look up {} and reach its port {} (resolver, firewall, security group), "
        "or "
        "correct `upstream.host` and `upstream.port`.",
        upstream.host,
        upstream.port);
  } else if (!seen.secured && seen.reply.empty()) {
    finding.mend = fmt::format(
        "Give in `upstream.tls_ca_file` the authorities that signed the certificate of {}, or "
        "leave "
        "it out for Amazon's; check the machine's clock.",
        upstream.host);
  } else {
    finding.what = fmt::format("{} {} ({})", where(upstream), seen.reply, smtp::word(seen.phase));
    if (seen.reply.empty()) finding.what = fmt::format("{}: {}", where(upstream), seen.trouble);
    finding.mend = fmt::format(
        "Set `upstream.host`, `upstream.port` and `upstream.tls` to those of an SMTP server that "
        "offers AUTH over TLS: port 465 with `tls: implicit`, 587 with `tls: starttls`; what {} "
        "says now, `openssl s_client -connect {}{} -crlf` shows.",
        upstream.host,
        where(upstream),
        upstream.starttls ? " -starttls smtp" : "");
  }
  return finding;
}

Finding refused_credentials(const config::Upstream& upstream, const UpstreamSeen& seen) {
  const std::string region = upstream.region.empty() ? "REGION" : upstream.region;
  return {
      "credentials " + upstream.name,
      Grade::bad,
      fmt::format("{} answers AUTH with {}",
                  where(upstream),
                  seen.reply.empty() ? seen.trouble : seen.reply),
      fmt::format("Give the user name (access key id) and SMTP password of one IAM user of that "
                  "region; `postern smtp-password --region {}` makes the password of the "
                  "secret access key.",
                  region)};
}

std::string day(WallTime at) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::to_time_t(at)));
}

Finding greeting(const config::Upstream& upstream, const UpstreamSeen& seen) {
  const milliseconds after = seen.greeted_after.value_or(0ms);
  Finding finding{"upstream " + upstream.name,
                  Grade::ok,
                  fmt::format("{} greets after {} ms", where(upstream), after.count()),
                  {}};
  if (after < slow_upstream_greeting) return finding;
  finding.grade = Grade::warn;
  finding.mend = "Use an upstream nearer by, and see how long its name takes to look up.";
  return finding;
}

Finding certificate(const config::Upstream& upstream, WallTime expires, WallTime now) {
  Finding finding{"certificate " + upstream.name, Grade::ok, "good until " + day(expires), {}};
  if (expires - now > soon) return finding;
  finding.grade = Grade::warn;
  finding.mend = "Tell whoever runs that server: without a new one no mail leaves from then on.";
  return finding;
}

}  // namespace

Findings judge_upstream(const config::Upstream& upstream, const UpstreamSeen& seen, WallTime now) {
  if (upstream.kind == config::UpstreamKind::capture)
    return {{"upstream " + upstream.name,
             Grade::warn,
             "mail is written to files, nothing leaves",
             "Set `upstream.kind: ses` when it is to leave."}};
  const bool refused = !seen.ready && seen.phase == smtp::Phase::auth;
  if (!seen.ready && !refused) return {unreachable(upstream, seen)};
  Findings findings{greeting(upstream, seen)};
  if (seen.certificate_expires)
    findings.push_back(certificate(upstream, *seen.certificate_expires, now));
  if (refused) {
    findings.push_back(refused_credentials(upstream, seen));
  } else if (!upstream.username.empty()) {
    findings.push_back({"credentials " + upstream.name, Grade::ok, "taken", {}});
  }
  return findings;
}

Finding judge_certificate(const std::filesystem::path& file, WallTime expires, WallTime now) {
  Finding finding{"certificate of the relay", Grade::ok, "good until " + day(expires), {}};
  if (expires - now > soon) return finding;
  finding.mend = fmt::format("Renew {} (`tls.certificate`), then `postern reload`.", file.string());
  if (expires > now) {
    finding.grade = Grade::warn;
    return finding;
  }
  finding.grade = Grade::bad;
  finding.what = fmt::format("expired on {}: clients that check it send nothing", day(expires));
  return finding;
}

}  // namespace doctor
