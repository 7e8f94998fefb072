#include "policy/report.hpp"

#include "policy/summary.hpp"
#include "policy/urgency.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

// The first line of the input is an upstream's reply, what follows it the message that is reported.
// Whatever they are, the report is sound mail of four nodes in printable US-ASCII, from the
// operator.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(octets), size);
  const std::size_t line = std::min(input.find('\n'), size);
  const std::string_view original = input.substr(std::min(line + 1, size));
  policy::ReportFacts facts;
  facts.kind = static_cast<policy::ReportKind>(size % 4);
  facts.from = "postern@example.com";
  facts.to = "web@example.com";
  facts.message_id = "<1@example.com>";
  facts.date = facts.accepted = "Sun, 22 Nov 2026 10:00:00 +0000";
  facts.boundary = "8f14e45fceea167a5a36dedd4bea2543";
  facts.reporting_mta = "relay.example.com";
  facts.app = "shop";
  facts.queue_id = "01TESTQUEUEID";
  facts.recipients = {"visitor@example.net"};
  if (size % 2 == 1) facts.reason = policy::Reason::daily_quota;
  facts.last_reply = input.substr(0, line);
  facts.held_since = facts.deadline = facts.date;
  facts.held_alike = size;
  facts.original = original;

  const std::string report = policy::report(facts);
  const bool printable = std::all_of(report.begin(), report.end(), [](char c) {
    return (c >= ' ' && c <= '~') || c == '\r' || c == '\n' || c == '\t';
  });
  const policy::Summary summary = policy::summarise(report, {});
  for (const policy::Finding& finding : summary.findings)
    if (finding.reason != policy::Reason::attachment) std::abort();
  const bool from_operator = summary.from.size() == 1 && summary.from[0].text() == facts.from;
  if (!printable || !from_operator || summary.parts.size() != 4) std::abort();
  if (report.size() > std::size_t{16} * 1024) std::abort();
  return 0;
}
