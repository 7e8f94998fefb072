#include "relay/app/relay.hpp"

#include "policy/reply.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

// What somebody is told of: alerts at once, digests of what was refused.

namespace app {
namespace {

using notices::AlertKind;

AlertKind kind_of(const delivery::Hold& hold) {
  if (!hold.domain.empty()) return AlertKind::domain;
  return hold.reason == policy::Reason::credentials ? AlertKind::credentials : AlertKind::account;
}

std::vector<std::string> apps_of(const domains::Catalog& catalog, std::string_view domain) {
  std::vector<std::string> apps;
  for (const domains::Association& right : catalog.of_domain(std::string(domain)))
    apps.push_back(right.app);
  return apps;
}

}  // namespace

mail::Result<void> Relay::open_notices() {
  auto opened = notices::Notices::make(
      {threads_.context(0).get_executor(),
       *store_,
       clock_,
       log_,
       metrics_,
       [this](std::string_view what) { recorder_.internal_error(what, "notices"); },
       [this] { return audience(); },
       [this](const std::string& app,
              const policy::Letter& letter,
              std::optional<spool::Note> note,
              std::function<void(bool)> done) {
         mail_letter(app, letter, std::move(note), std::move(done));
       }},
      settings_,
      notes_,
      last_refusal_);
  if (!opened) return opened.error();
  notices_ = std::move(*opened);
  return {};
}

notices::Audience Relay::audience() const {
  notices::Audience audience;
  audience.mails = !settings_.relay_operator.from.empty();
  audience.operator_contact = settings_.relay_operator.contact;
  for (const auto& [name, app] : registry_->catalog()->apps)
    audience.contacts.emplace(name, app->contact);
  return audience;
}

void Relay::submit(spool::Job job, std::function<void(bool)> done) {
  auto stored = [this, job, done = std::move(done)](const spool::Acceptance& acceptance) {
    const bool taken = acceptance.outcome == spool::Accepted::stored;
    if (taken) scheduler_->deliver(job, false);
    done(taken);
  };
  store_->accept(std::move(job), false, std::move(stored));
}

void Relay::mail_letter(const std::string& app,
                        const policy::Letter& letter,
                        std::optional<spool::Note> note,
                        std::function<void(bool)> done) {
  spool::Job job = reporter_.letter(app, letter);
  job.note = std::move(note);
  submit(std::move(job), [this, done = std::move(done)](bool stored) {
    net::asio::post(threads_.context(0), [done, stored] { done(stored); });
  });
}

void Relay::hear_of_holds() {
  delivery::HoldListeners& holds = courier_services_->holds;
  holds.changed = [this](const std::string& upstream, const delivery::Hold& hold, bool begins) {
    tell_of_hold(upstream, hold, begins);
  };
  holds.too_long = [this](const spool::Entry& entry,
                          policy::Reason reason,
                          std::uint64_t alike,
                          spool::WallTime end) { tell_of_long_hold(entry, reason, alike, end); };
}

void Relay::alert(const notices::Alert& alert) { notices_->tell(alert); }

void Relay::tell_of_domain(const domains::Domain& domain, const std::string& edit) {
  std::string sentence;
  switch (domain.state.status) {
    case policy::DomainStatus::verified:
      sentence = "is verified: mail from it is sent.";
      break;
    case policy::DomainStatus::warning:
      sentence = "has records that are wrong; its mail is still sent, and no more if they stay so.";
      break;
    case policy::DomainStatus::revoked:
      sentence = "may send no more, because its records are wrong: its mail is held.";
      break;
    case policy::DomainStatus::pending:
      sentence = "waits for its records: it sends nothing yet.";
      break;
    case policy::DomainStatus::failed:
      sentence = "was not verified in its time: it sends nothing, and is looked at no more.";
      break;
  }
  if (!edit.empty()) sentence += " To mend it: " + policy::printable(edit, 600);
  alert({.kind = AlertKind::domain,
         .about = domain.name,
         .sentence = domain.name + " " + sentence,
         .more_apps = apps_of(*registry_->catalog(), domain.name)});
}

void Relay::tell_of_old_key(const domains::Domain& domain, const std::string& sentence) {
  alert({.kind = AlertKind::rotation,
         .about = domain.name,
         .sentence = domain.name + ": " + sentence,
         .more_apps = apps_of(*registry_->catalog(), domain.name)});
}

/// The replies of an upstream have all mail held, or end that.
void Relay::tell_of_hold(const std::string& upstream, const delivery::Hold& hold, bool begins) {
  const policy::ReasonRow& reason = policy::row(hold.reason);
  const std::string whose =
      hold.domain.empty() ? "All mail by the upstream " + upstream : "All mail of " + hold.domain;
  notices::Alert told{.kind = kind_of(hold), .about = hold.domain.empty() ? upstream : hold.domain};
  told.sentence = begins ? fmt::format("{} is held. {} {}", whose, reason.meaning, reason.mend)
                         : whose + " is sent again: the upstream takes it.";
  if (!hold.domain.empty()) told.more_apps = apps_of(*registry_->catalog(), hold.domain);
  alert(told);
}

/// The operator alone: the site has its warning.
void Relay::tell_of_long_hold(const spool::Entry& entry,
                              policy::Reason reason,
                              std::uint64_t alike,
                              spool::WallTime end) {
  const policy::ReasonRow& why = policy::row(reason);
  alert({.kind = AlertKind::held,
         .about = entry.app,
         .sentence = fmt::format("{} of {} held for long, and given up from {} on. {} {}",
                                 alike == 1 ? "A mail" : std::to_string(alike) + " mails",
                                 entry.app + (alike == 1 ? " is" : " are"),
                                 policy::minute_of(end),
                                 why.meaning,
                                 why.mend)});
}

void Relay::tell_of_alteration(const std::string& app, const std::string& domain) {
  alert({.kind = AlertKind::signature_altered,
         .app = app,
         .about = domain,
         .sentence = "SES changed a message of " + domain +
                     " that was signed here, so that its signature is broken: switch off open and "
                     "click tracking in the configuration set."});
}

/// Told of when it begins and when it is over.
void Relay::look_at_feed() {
  const feedback::SqsStanding* standing = feedback_->queue();
  if (standing == nullptr) return;
  const FeedTrouble trouble = feed_trouble(*standing, started_, clock_.now());
  if (std::exchange(feed_trouble_, trouble) == trouble) return;
  alert({.kind = AlertKind::feed, .sentence = std::string(sentence_of(trouble))});
}

}  // namespace app
