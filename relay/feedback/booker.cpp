#include "relay/feedback/booker.hpp"

#include "policy/bounce.hpp"
#include "policy/suppression.hpp"
#include "relay/net/ask.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace feedback {
namespace {

/// What an event does to the life of its message and to those whom it names.
struct Meaning {
  std::optional<policy::EventKind> step;
  spool::Effect effect = spool::Effect::none;
};

Meaning meaning_of(EventType type) {
  switch (type) {
    case EventType::send:  // the reply to the final dot said the same
      return {std::nullopt};
    case EventType::delivery:
      return {policy::EventKind::delivered, spool::Effect::delivered};
    case EventType::bounce:
      return {policy::EventKind::bounced, spool::Effect::bounced};
    case EventType::complaint:
      return {policy::EventKind::complained, spool::Effect::complained};
    case EventType::reject:
      return {policy::EventKind::rejected};
    case EventType::delivery_delay:
      return {policy::EventKind::delayed};
    case EventType::open:
    case EventType::click:
    case EventType::rendering_failure:
    case EventType::subscription:
    case EventType::unknown:
      break;
  }
  return {policy::EventKind::noted};
}

spool::BookedRecipient booked(const Event& event, const Recipient& recipient) {
  spool::BookedRecipient booked;
  booked.address = recipient.address;
  if (!event.bounce) return booked;
  const policy::BounceReport report{
      event.bounce->type_word, event.bounce->subtype_word, recipient.status, recipient.diagnostic};
  booked.bounce = policy::classify_bounce(report);
  booked.counts = policy::counted_by_aws(report);
  return booked;
}

/// SES tells only of messages that it has taken; what an unknown type means nobody knows.
bool shows_acceptance(EventType type) { return type != EventType::unknown; }

}  // namespace

spool::Booking booking_of(const Event& event, WallTime now) {
  spool::Booking booking;
  booking.fingerprint = fingerprint(event);
  booking.tag = event.queue_id;
  booking.upstream_id = event.message_id;
  const auto [step, effect] = meaning_of(event.type);
  booking.step = step;
  booking.detail = event.detail;
  booking.at = policy::event_time(event.at, event.sent_at, now);
  booking.sent_at = event.sent_at;
  booking.now = now;
  booking.effect = effect;
  for (const Recipient& recipient : event.recipients)
    booking.recipients.push_back(booked(event, recipient));
  booking.type = word(event.type);
  if (event.bounce) {
    booking.bounce_type = word(event.bounce->type);
    const bool fits = goes_with(event.bounce->subtype, event.bounce->type);
    booking.bounce_subtype = word(fits ? event.bounce->subtype : BounceSubtype::unknown);
  }
  if (event.complaint) {
    booking.feedback_type = word(event.complaint->kind);
    booking.complaint_subtype = event.complaint->subtype_word;
  }
  return booking;
}

Booker::Booker(Parts parts) : parts_(std::move(parts)) {}

net::asio::awaitable<Taken> Booker::take(Event event) {
  if (!event.relay.empty() && event.relay != parts_.relay_tag) {
    parts_.metrics.discarded(observe::Discarded::other_relay);
    co_return Taken::other_relay;
  }
  co_await prove(event);
  const spool::Booking booking = booking_of(event, parts_.clock.now());
  const auto question = [&](std::function<void(spool::Booked)> done) {
    parts_.store.book(booking, std::move(done));
  };
  const auto booked = co_await net::ask<spool::Booked>(question, store_answers_within);
  if (!booked) co_return Taken::failed;
  switch (booked->outcome) {
    case spool::Booked::Outcome::booked:
      follow(event, booking, *booked);
      co_return Taken::booked;
    case spool::Booked::Outcome::duplicate:
      co_return Taken::duplicate;
    case spool::Booked::Outcome::unknown:
      parts_.metrics.discarded(observe::Discarded::foreign);
      co_return Taken::foreign;
    case spool::Booked::Outcome::failed:
      break;
  }
  co_return Taken::failed;
}

net::asio::awaitable<void> Booker::prove(const Event& event) {
  if (!event.queue_id || event.relay != parts_.relay_tag) co_return;
  const auto question = [&](std::function<void(bool)> done) {
    parts_.prove(*event.queue_id, event.message_id, shows_acceptance(event.type), std::move(done));
  };
  co_await net::ask<bool>(question, store_answers_within);
}

void Booker::follow(const Event& event,
                    const spool::Booking& booking,
                    const spool::Booked& booked) {
  if (!booked.notice) count(booking, booked);
  const bool came_back =
      booking.effect == spool::Effect::bounced || booking.effect == spool::Effect::complained;
  if (came_back && parts_.came_back) parts_.came_back();
  for (const spool::Suppressed& each : booked.suppressed) parts_.suppressed.take(each);
  const auto now = parts_.clock.now();
  const auto suppressed = std::ranges::count_if(booked.suppressed, [now](const auto& each) {
    return policy::is_suppressed(each.record, now);
  });
  if (suppressed > 0 && parts_.newly_suppressed)
    parts_.newly_suppressed(booked.app, static_cast<std::uint64_t>(suppressed));
  parts_.metrics.last_event(now);
  if (booking.step) {
    policy::Event step;
    step.kind = *booking.step;
    step.at = now;
    step.queue_id = booked.id.text();
    step.app = booked.app;
    step.domain = booked.domain;
    step.detail = event.detail;
    parts_.log.event(step, {});
  }
  if (event.type == EventType::open || event.type == EventType::click) {
    parts_.metrics.signature_altered();
    if (parts_.altered) parts_.altered(booked.app, booked.domain);
    parts_.log.error(
        "signature-altered: SES changed a message that was signed here; switch off open and click "
        "tracking in the configuration set",
        {{"app", booked.app}, {"domain", booked.domain}});
  }
}

void Booker::count(const spool::Booking& booking, const spool::Booked& booked) {
  auto& metrics = parts_.metrics;
  metrics.count("events_total", std::array{booked.app, booking.type}, 1);
  if (booking.effect == spool::Effect::bounced)
    metrics.count(
        "bounces_total",
        std::array{booked.app, booked.domain, booking.bounce_type, booking.bounce_subtype},
        booking.recipients.size());
  if (booking.effect == spool::Effect::complained)
    metrics.count(
        "complaints_total", std::array{booked.app, booked.domain, booking.feedback_type}, 1);
}

}  // namespace feedback
