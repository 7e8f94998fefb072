#include "relay/notices/notices.hpp"

#include "relay/spool/queue_id.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>

namespace notices {
namespace {

Digests::Settings digest_settings(const config::Config& settings) {
  return {settings.relay_operator.digest, settings.log.addresses};
}

/// Whom an alert concerns, with the app in whose lane the mail goes.
std::map<std::string, std::string> recipients(const Alert& alert, const Audience& audience) {
  std::map<std::string, std::string> apps;  // by address
  if (!audience.operator_contact.empty()) apps.emplace(audience.operator_contact, "");
  std::set<std::string> concerned(alert.more_apps.begin(), alert.more_apps.end());
  concerned.insert(alert.app);
  for (const std::string& app : concerned) {
    const auto contact = audience.contacts.find(app);
    if (contact != audience.contacts.end() && !contact->second.empty())
      apps.emplace(contact->second, app);
  }
  return apps;
}

}  // namespace

mail::Result<std::unique_ptr<Notices>> Notices::make(
    Parts parts,
    const config::Config& settings,
    const std::map<std::string, std::string, std::less<>>& notes,
    std::int64_t last_refusal) {
  std::unique_ptr<Notices> made(new Notices(std::move(parts)));
  if (auto opened = made->open_webhook(settings.relay_operator.webhook); !opened)
    return opened.error();
  Notices& self = *made;
  const auto kept = notes.find(Digests::note);
  Digests::Parts digests{
      self.parts_.executor,
      self.parts_.store,
      self.parts_.clock,
      self.parts_.log,
      self.parts_.sink,
      self.parts_.audience,
      self.parts_.mail,
      [&self](const policy::Digest& digest) {
        if (self.webhook_)
          self.webhook_->post(post_of(digest, self.fresh_id(), self.parts_.clock.now()));
      }};
  self.digests_ = std::make_shared<Digests>(std::move(digests),
                                            digest_settings(settings),
                                            kept == notes.end() ? std::string_view() : kept->second,
                                            last_refusal);
  return made;
}

/// What the one before did not deliver goes by the new one.
mail::Result<void> Notices::open_webhook(const config::Webhook& settings) {
  std::shared_ptr<Webhook> opened;
  if (!settings.url.empty()) {
    auto made = Webhook::make(
        {parts_.executor, parts_.clock, parts_.log, parts_.metrics, parts_.sink}, settings);
    if (!made) return made.error();
    opened = std::move(*made);
  }
  std::swap(webhook_, opened);
  if (!opened) return {};
  for (Post& post : opened->stop())
    if (webhook_) webhook_->post(std::move(post));
  return {};
}

void Notices::start() { digests_->start(); }

void Notices::stop() {
  digests_->stop();
  if (!webhook_) return;
  const auto left = webhook_->stop();
  if (!left.empty())
    parts_.log.warn("the relay stops before the webhook was told all",
                    {{"posts", static_cast<std::uint64_t>(left.size())}});
  webhook_.reset();
}

mail::Result<void> Notices::reload(const config::Config& settings) {
  if (auto opened = open_webhook(settings.relay_operator.webhook); !opened) return opened.error();
  digests_->reload(digest_settings(settings));
  return {};
}

void Notices::tell(Alert alert) {
  parts_.metrics.alert(word(alert.kind));
  parts_.log.warn(alert.sentence,
                  {{"alert", word(alert.kind)}, {"app", alert.app}, {"about", alert.about}});
  if (const auto told = fold_.take(std::move(alert), parts_.clock.monotonic())) send(*told);
}

void Notices::suppressed(const std::string& app, std::uint64_t addresses) {
  const auto spike = spikes_.count(app, addresses, parts_.clock.monotonic());
  if (spike == 0) return;
  tell({.kind = AlertKind::suppressions,
        .app = app,
        .sentence = fmt::format(
            "{} recipients of {} bounced or complained within an hour and get no more of its "
            "mail, far more than in the day before: look whom it mails.",
            spike,
            app)});
}

void Notices::look() {
  for (const ToldAlert& told : fold_.due(parts_.clock.monotonic())) send(told);
}

void Notices::send(const ToldAlert& told) {
  const auto now = parts_.clock.now();
  if (webhook_) webhook_->post(post_of(told, fresh_id(), now));
  const Audience audience = parts_.audience();
  if (!audience.mails) return;
  for (const auto& [address, app] : recipients(told.alert, audience))
    parts_.mail(app, letter_of(told, address, now), std::nullopt, [this](bool stored) {
      if (!stored) parts_.log.error("an alert could not be mailed: the spool did not take it");
    });
}

std::string Notices::fresh_id() const {
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(parts_.clock.now().time_since_epoch());
  return spool::QueueId::make(now.count(), parts_.clock.random()).text();
}

}  // namespace notices
