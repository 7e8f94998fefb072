#include "relay/doctor/judge.hpp"

#include <fmt/format.h>

#include <tuple>
#include <utility>

namespace doctor {
namespace {

using namespace std::chrono_literals;

constexpr unsigned others = 0007;
constexpr auto slow_listener_greeting = 1s;

std::string megabytes(std::uint64_t octets) { return fmt::format("{} MiB", octets >> 20U); }

std::string list(const std::vector<config::Endpoint>& servers) {
  if (servers.empty()) return "the system's resolvers";
  std::string text;
  for (const config::Endpoint& server : servers)
    text += fmt::format("{}{}:{}", text.empty() ? "" : ", ", server.address, server.port);
  return text;
}

/// Of a verified domain in trouble, the fault and what to do about it.
std::pair<std::string, std::string> parted(const DomainSeen& seen) {
  const auto end = seen.trouble.find(": ");
  std::string fault = "verified, but: " + seen.trouble.substr(0, end);
  if (end != std::string::npos) return {std::move(fault), seen.trouble.substr(end + 2)};
  return {std::move(fault),
          fmt::format("Publish what `postern domain records {}` prints.", seen.name)};
}

}  // namespace

Finding judge_domain(const DomainSeen& seen) {
  Finding finding{"domain " + seen.name, Grade::bad, std::string(policy::word(seen.status)), {}};
  switch (seen.status) {
    case policy::DomainStatus::verified:
      if (seen.trouble.empty()) {
        finding.grade = Grade::ok;
        return finding;
      }
      std::tie(finding.what, finding.mend) = parted(seen);
      return finding;
    case policy::DomainStatus::pending:
    case policy::DomainStatus::warning:
      finding.grade = Grade::warn;
      break;
    case policy::DomainStatus::revoked:
    case policy::DomainStatus::failed:
      break;
  }
  finding.mend = seen.edit.empty() ? seen.trouble : seen.edit;
  if (!seen.edit.empty() && seen.valued) finding.mend = with_value(seen.edit, seen.name);
  if (finding.mend.empty())
    finding.mend = fmt::format("Publish what `postern domain records {}` prints.", seen.name);
  return finding;
}

Finding judge_dns(const std::vector<config::Endpoint>& servers, std::string_view why, bool needed) {
  if (why.empty()) return {"dns", Grade::ok, list(servers) + " answer", {}};
  return {"dns",
          needed ? Grade::bad : Grade::warn,
          fmt::format("{} do not answer: {}", list(servers), why),
          servers.empty() ? "Mend /etc/resolv.conf, or name servers in `dns.servers`."
                          : "Correct `dns.servers`, or let this machine reach them (port 53, UDP "
                            "and TCP)."};
}

Finding judge_clock(bool steady) {
  if (steady) return {"clock", Grade::ok, "it runs steadily", {}};
  return {"clock",
          Grade::warn,
          "it was set by over a minute: for ten minutes nothing expires",
          "Have it kept by NTP (systemd-timesyncd, chrony)."};
}

Finding judge_disk(const std::filesystem::path& directory,
                   std::uint64_t free_octets,
                   std::uint64_t reserve) {
  Finding finding{"disk",
                  Grade::ok,
                  fmt::format("{} free at {}, {} are kept in reserve",
                              megabytes(free_octets),
                              directory.string(),
                              megabytes(reserve)),
                  {}};
  if (free_octets >= 2 * reserve) return finding;
  finding.grade = free_octets < reserve ? Grade::bad : Grade::warn;
  finding.mend =
      free_octets < reserve
          ? "Make room on that disk, or lower `spool.reserve`: no mail is taken until then."
          : "Make room on that disk: below the reserve no mail is taken.";
  return finding;
}

Findings judge_permissions(const std::vector<FileSeen>& secrets,
                           const std::optional<FileSeen>& socket) {
  Findings findings;
  for (const FileSeen& file : secrets) {
    if (!file.mode || (*file.mode & others) == 0) continue;
    findings.push_back(
        {"permissions",
         Grade::bad,
         fmt::format("{} is open to everybody (mode {:04o})", file.path.string(), *file.mode),
         fmt::format("chmod o= {}", file.path.string())});
  }
  if (socket && socket->mode && (*socket->mode & others) != 0)
    findings.push_back({"permissions",
                        Grade::warn,
                        fmt::format("the admin socket {} is open to everybody (mode {:04o})",
                                    socket->path.string(),
                                    *socket->mode),
                        fmt::format("chmod 660 {}", socket->path.string())});
  if (findings.empty())
    findings.push_back({"permissions", Grade::ok, "secrets are closed to others", {}});
  return findings;
}

Finding without_end(std::string_view check, std::chrono::seconds limit) {
  return {std::string(check),
          Grade::bad,
          fmt::format("nothing came of it within {} s", limit.count()),
          "Let this machine reach what is asked there (resolver, firewall, proxy); if the relay's "
          "log (`journalctl -u postern`) has an `Internal error` with `where=doctor`, report it."};
}

Finding judge_listener(std::string_view address, std::string_view why, milliseconds after) {
  const std::string check = fmt::format("listener {}", address);
  if (!why.empty())
    return {
        check,
        Grade::bad,
        fmt::format("it does not greet: {}", why),
        "Close clients that keep connections open (at most 200 from one address, 1000 in all: "
        "`postern_smtp_connections`), and let this machine reach the address in `listen.smtp`; the "
        "relay's log (`journalctl -u postern`) names what it could not accept."};
  Finding finding{check, Grade::ok, fmt::format("greets after {} ms", after.count()), {}};
  if (after < slow_listener_greeting) return finding;
  finding.grade = Grade::warn;
  finding.mend = "The machine is too busy: give the relay more CPU.";
  return finding;
}

}  // namespace doctor
