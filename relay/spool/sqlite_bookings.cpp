#include "relay/spool/sqlite_bookings.hpp"

#include "mail/header_fields.hpp"
#include "relay/spool/sqlite_sql.hpp"
#include "relay/spool/sqlite_values.hpp"
#include "relay/spool/suppression_record.hpp"

#include <algorithm>
#include <utility>

namespace spool::sqlite {
namespace {

policy::ComplaintReport report_of(const Booking& booking) {
  return {booking.complaint_subtype,
          booking.feedback_type,
          static_cast<std::uint32_t>(booking.recipients.size())};
}

}  // namespace

/// The entry that an event is about.
struct Bookings::Meant {
  QueueId id;
  std::string app, domain;
  bool urgent = false, notice = false;
  WallTime sent_at{};
};

Bookings::Bookings(Connection& connection,
                   std::string_view trace_secret,
                   Recorder& recorder,
                   Cohorts& cohorts,
                   std::size_t most_suppressed)
    : connection_(connection),
      trace_key_(trace_secret),
      recorder_(recorder),
      cohorts_(cohorts),
      is_booked_(connection, sql::is_booked),
      insert_booked_(connection, sql::insert_booked),
      booked_entry_(connection, sql::booked_entry),
      entry_of_upstream_id_(connection, sql::entry_of_upstream_id),
      is_recipient_(connection, sql::is_recipient),
      add_to_tally_(connection, sql::add_to_tally),
      note_reached_(connection, sql::note_reached),
      suppression_(connection, sql::suppression),
      put_suppression_(connection, sql::put_suppression),
      insert_audit_(connection, sql::insert_audit),
      count_suppressions_(connection, sql::count_suppressions),
      most_suppressed_(most_suppressed) {
  count_ = staged_count_ = counted();
}

std::size_t Bookings::counted() {
  Rows rows(count_suppressions_);
  return rows.next() ? static_cast<std::size_t>(rows.integer(0)) : 0;
}

Wrote Bookings::book(const Booking& booking, Booked& outcome) {
  outcome = {};
  bool is_known = false;
  if (const auto asked = known(booking, is_known); asked != Wrote::yes) return asked;
  outcome.outcome = is_known ? Booked::Outcome::duplicate : Booked::Outcome::unknown;
  std::optional<Meant> meant;
  if (const auto found = find(booking, meant); found != Wrote::yes) return found;
  if (!meant) return Wrote::yes;
  outcome.id = meant->id;
  outcome.app = meant->app;
  outcome.domain = meant->domain;
  outcome.urgent = meant->urgent;
  outcome.notice = meant->notice;
  if (is_known) return Wrote::yes;
  outcome.outcome = Booked::Outcome::booked;
  return apply(booking, *meant, outcome);
}

Wrote Bookings::known(const Booking& booking, bool& known) {
  const auto& key = booking.fingerprint;
  Rows rows(is_booked_, Blob{{reinterpret_cast<const char*>(key.data()), key.size()}});
  known = rows.next();
  return rows.failed() ? fault() : Wrote::yes;
}

/// By the queue id that came back with the event, else by the upstream's id.
Wrote Bookings::find(const Booking& booking, std::optional<Meant>& meant) {
  if (booking.tag) return entry_of(*booking.tag, meant);
  std::optional<QueueId> id;
  {
    Rows rows(entry_of_upstream_id_, booking.upstream_id);
    if (rows.next()) id = QueueId(rows.integer(0));
    if (rows.failed()) return fault();
  }
  return id ? entry_of(*id, meant) : Wrote::yes;
}

Wrote Bookings::entry_of(QueueId id, std::optional<Meant>& meant) {
  Rows rows(booked_entry_, id.value());
  if (!rows.next()) return rows.failed() ? fault() : Wrote::yes;
  meant.emplace();
  meant->id = id;
  meant->app = rows.text(1);
  meant->domain = rows.text(2);
  meant->urgent = rows.integer(3) != 0;
  meant->notice = rows.integer(4) != 0;
  if (state_of(rows.text(6)) == State::sent) meant->sent_at = from_milliseconds(rows.integer(7));
  return Wrote::yes;
}

Wrote Bookings::apply(const Booking& booking, const Meant& meant, Booked& outcome) {
  const auto& key = booking.fingerprint;
  if (!insert_booked_.run(Blob{{reinterpret_cast<const char*>(key.data()), key.size()}},
                          to_milliseconds(booking.now)))
    return fault();
  if (booking.step) {
    policy::Event step;
    step.kind = *booking.step;
    step.at = booking.at;
    step.detail = booking.detail;
    const auto wrote = recorder_.tell(meant.id, step);
    if (wrote != Wrote::yes && wrote != Wrote::not_applicable) return wrote;
  }
  if (meant.notice) return Wrote::yes;
  for (const BookedRecipient& recipient : booking.recipients)
    if (const auto wrote = touch(booking, recipient, meant, outcome); wrote != Wrote::yes)
      return wrote;
  const auto bounces = static_cast<std::uint64_t>(
      std::ranges::count_if(booking.recipients, [this](const BookedRecipient& recipient) {
        return recipient.counts && cohorts_.counts(recipient.address);
      }));
  const bool complained =
      booking.effect == Effect::complained && policy::counted_by_aws(report_of(booking));
  const std::uint64_t complaints = complained ? 1 : 0;
  if (bounces + complaints > 0) {
    const auto sent_at = meant.sent_at == WallTime() ? booking.sent_at : meant.sent_at;
    const auto wrote = cohorts_.came_back(meant.app, meant.domain, sent_at, bounces, complaints);
    if (wrote != Wrote::yes) return wrote;
  }
  return tally(booking, meant);
}

/// What the event does to one of its recipients. Nothing, unless the message went to that one.
Wrote Bookings::touch(const Booking& booking,
                      const BookedRecipient& recipient,
                      const Meant& meant,
                      Booked& outcome) {
  const auto who = trace_key_.of(recipient.address);
  {
    Rows rows(is_recipient_, meant.id.value(), who);
    if (!rows.next()) return rows.failed() ? fault() : Wrote::yes;
  }
  if (booking.effect == Effect::delivered && !note_reached_.run(meant.app, who, day_of(booking.at)))
    return fault();
  Suppressed after{meant.app, mail::to_lower(recipient.address), {}};
  std::optional<policy::Suppression> before;
  if (const auto read = record_of(after.app, after.address, before); read != Wrote::yes)
    return read;
  // Each reached recipient would else have a row, for nothing.
  if (booking.effect == Effect::delivered && !before) return Wrote::yes;
  const auto record = before.value_or(policy::Suppression{});
  switch (booking.effect) {
    case Effect::none:
      return Wrote::yes;
    case Effect::delivered:
      after.record = policy::after_delivery(record, booking.at);
      break;
    case Effect::bounced:
      after.record = policy::after_bounce(record, recipient.bounce, booking.at);
      break;
    case Effect::complained:
      after.record = policy::after_complaint(record, report_of(booking), meant.urgent, booking.at);
      break;
  }
  if (after.record == record) return Wrote::yes;
  const auto wrote = put(after, !before);
  if (wrote == Wrote::yes) outcome.suppressed.push_back(std::move(after));
  return wrote == Wrote::not_applicable ? Wrote::yes : wrote;
}

Wrote Bookings::record_of(std::string_view app,
                          std::string_view address,
                          std::optional<policy::Suppression>& record) {
  Rows rows(suppression_, app, address);
  if (rows.next()) record = decode_suppression(rows.text(0));
  return rows.failed() ? fault() : Wrote::yes;
}

/// Not applicable: the list is full and takes no more; what stands there goes on.
Wrote Bookings::put(const Suppressed& suppressed, bool is_new) {
  // Those whose time is over go without a word to us.
  if (is_new && staged_count_ >= most_suppressed_) staged_count_ = counted();
  if (is_new && staged_count_ >= most_suppressed_) return Wrote::not_applicable;
  if (!put_suppression_.run(suppressed.app,
                            suppressed.address,
                            encode(suppressed.record),
                            to_milliseconds(forget_at(suppressed.record))))
    return fault();
  staged_count_ += is_new ? 1 : 0;
  return Wrote::yes;
}

Wrote Bookings::tally(const Booking& booking, const Meant& meant) {
  bool done = tally("events_total", {meant.app, booking.type});
  for (std::size_t i = 0;
       done && booking.effect == Effect::bounced && i < booking.recipients.size();
       ++i)
    done = tally("bounces_total",
                 {meant.app, meant.domain, booking.bounce_type, booking.bounce_subtype});
  if (done && booking.effect == Effect::complained)
    done = tally("complaints_total", {meant.app, meant.domain, booking.feedback_type});
  return done ? Wrote::yes : fault();
}

bool Bookings::tally(std::string_view family, std::initializer_list<std::string_view> labels) {
  std::string joined;
  for (const std::string_view label : labels) joined.append(label).push_back(label_end);
  return add_to_tally_.run(family, joined);
}

Wrote Bookings::suppress(const PendingSuppression& pending) {
  for (const Suppressed& suppressed : pending.records) {
    std::optional<policy::Suppression> before;
    auto wrote = record_of(suppressed.app, suppressed.address, before);
    const bool is_new = !before;
    const auto record = policy::joined(before.value_or(policy::Suppression{}), suppressed.record);
    if (wrote == Wrote::yes) wrote = put({suppressed.app, suppressed.address, record}, is_new);
    if (wrote == Wrote::not_applicable) return Wrote::item_fault;
    if (wrote != Wrote::yes) return wrote;
  }
  const AuditRecord& audit = pending.audit;
  const bool told = insert_audit_.run(to_milliseconds(audit.at),
                                      cut(audit.who),
                                      cut(audit.what),
                                      cut(audit.target),
                                      cut(audit.detail));
  return told ? Wrote::yes : fault();
}

}  // namespace spool::sqlite
