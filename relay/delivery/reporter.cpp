#include "relay/delivery/reporter.hpp"

#include "mail/date_time.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace delivery {

const std::string& ReportAddresses::contact(std::string_view app) const {
  const auto own = contacts.find(app);
  return own == contacts.end() ? operator_contact : own->second;
}

std::shared_ptr<const spool::Job> Reporter::about(const spool::Job& job,
                                                  policy::ReportKind kind,
                                                  std::optional<policy::Reason> reason,
                                                  const std::string& last_reply) const {
  policy::ReportFacts facts;
  facts.kind = kind;
  facts.reason = reason;
  facts.last_reply = last_reply;
  return make(job, std::move(facts));
}

std::shared_ptr<const spool::Job> Reporter::warning(const spool::Job& job,
                                                    policy::Reason reason,
                                                    spool::WallTime deadline,
                                                    std::uint64_t held_alike) const {
  policy::ReportFacts facts;
  facts.kind = policy::ReportKind::still_held;
  facts.reason = reason;
  facts.last_reply = job.entry.last_reply;
  facts.held_since = mail::date_time(job.entry.held_since.value_or(job.entry.accepted_at));
  facts.deadline = mail::date_time(deadline);
  facts.held_alike = held_alike;
  return make(job, std::move(facts));
}

spool::Job Reporter::letter(const std::string& app, const policy::Letter& letter) const {
  const auto addresses = addresses_.get();
  spool::Job job = addressed(*addresses, app, letter.to);
  job.octets = std::make_shared<const std::string>(policy::message_of(
      letter, {addresses->from, job.entry.message_id, mail::date_time(job.entry.accepted_at)}));
  job.entry.size = job.octets->size();
  return job;
}

/// A notice without its octets.
spool::Job Reporter::addressed(const ReportAddresses& addresses,
                               const std::string& app,
                               const std::string& to) const {
  spool::Job job;
  spool::Entry& entry = job.entry;
  const auto now = clock_.now();
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  entry.id = queue_ids_.next(milliseconds.count(), clock_.random());
  entry.app = app;
  entry.domain = addresses.domain;
  entry.envelope = {addresses.from, {to}};
  entry.message_id = "<" + entry.id.text() + "@" + addresses.domain + ">";
  entry.notice = true;
  entry.accepted_at = entry.next_attempt = now;
  return job;
}

/// What both have in common; null when nobody may be told.
std::shared_ptr<const spool::Job> Reporter::make(const spool::Job& job,
                                                 policy::ReportFacts facts) const {
  const auto addresses = addresses_.get();
  const spool::Entry& original = job.entry;
  const std::string& to = addresses->contact(original.app);
  if (!policy::may_report(original.notice, addresses->from, to)) return nullptr;
  auto report = std::make_shared<spool::Job>(addressed(*addresses, original.app, to));
  spool::Entry& entry = report->entry;
  facts.from = addresses->from;
  facts.to = to;
  facts.message_id = entry.message_id;
  facts.date = mail::date_time(entry.accepted_at);
  facts.boundary = boundary();
  facts.reporting_mta = addresses->hostname;
  facts.app = original.app;
  facts.queue_id = original.id.text();
  facts.accepted = mail::date_time(original.accepted_at);
  facts.recipients = original.envelope.forward_paths;
  facts.original = *job.octets;
  report->octets = std::make_shared<const std::string>(policy::report(facts));
  entry.size = report->octets->size();
  return report;
}

/// Many messages may expire in one millisecond, and an id that is taken would leave its original
/// unclosed: each report has a millisecond of its own.
std::string Reporter::boundary() const {
  return fmt::format("{:08x}{:08x}{:08x}", clock_.random(), clock_.random(), clock_.random());
}

}  // namespace delivery
