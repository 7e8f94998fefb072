#include "relay/spool/sqlite_orders.hpp"

#include "relay/spool/envelope_record.hpp"
#include "relay/spool/sqlite_sql.hpp"
#include "relay/spool/sqlite_values.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace spool::sqlite {
namespace {

constexpr std::int64_t candidates_at_once = 2000;  ///< looked at
constexpr std::size_t changes_at_once = 500;       ///< of them changed
constexpr std::size_t most_seen = 100'000;

/// How far before now the urgent ones that leave a hold fall due, a millisecond after each other.
constexpr std::chrono::hours urgent_lead{1};

constexpr unsigned bit(State state) { return 1U << static_cast<unsigned>(state); }

/// The states that an operation applies to.
std::uint8_t states_of(Operation operation) {
  unsigned bits = 0;
  switch (operation) {
    case Operation::retry:
      bits = bit(State::queued) | bit(State::in_doubt);
      break;
    case Operation::hold:
      bits = bit(State::queued);
      break;
    case Operation::release:
      bits = bit(State::held);
      break;
    case Operation::drop:
      bits = bit(State::queued) | bit(State::held) | bit(State::in_doubt);
      break;
  }
  return static_cast<std::uint8_t>(bits);
}

State end_of(Operation operation) {
  switch (operation) {
    case Operation::hold:
      return State::held;
    case Operation::drop:
      return State::failed;
    case Operation::retry:
    case Operation::release:
      break;
  }
  return State::queued;
}

policy::EventKind event_of(Operation operation, State from) {
  switch (operation) {
    case Operation::hold:
      return policy::EventKind::held;
    case Operation::release:
      return policy::EventKind::released;
    case Operation::drop:
      return policy::EventKind::dropped;
    case Operation::retry:
      break;
  }
  return from == State::in_doubt ? policy::EventKind::resent : policy::EventKind::deferred;
}

}  // namespace

Orders::Orders(Connection& connection, std::string_view trace_secret, const Ledger& ledger)
    : connection_(connection),
      page_(connection, sql::order_page),
      known_before_(connection, sql::known_before),
      key_(trace_secret),
      ledger_(ledger) {}

void Orders::begin(PendingOrder order) {
  current_ = std::move(order);
  result_ = {};
  const auto& id = current_->order.which.id;
  before_ = QueueId(id ? id->value() + 1 : std::numeric_limits<std::int64_t>::max());
  tried_ = before_;
  ended_ = passed_over_ = false;
  released_urgent_ = 0;
  seen_.clear();
}

std::vector<PendingChange> Orders::next_page() {
  std::vector<PendingChange> changes;
  if (ended_) {
    finish(!passed_over_);
    return changes;
  }
  std::vector<Candidate> page;
  if (!read_page(page)) {
    abandon();
    return changes;
  }
  for (const auto& candidate : page) {
    auto change = change_of(candidate);
    if (current_->order.dry_run)
      change.done(true);
    else
      changes.push_back(std::move(change));
  }
  return changes;
}

/// The next rows that the order is for; false: they could not be read.
bool Orders::read_page(std::vector<Candidate>& page) {
  const auto rows_wanted = current_->order.which.id ? 1 : candidates_at_once;
  Rows rows(page_, before_.value() - 1, rows_wanted);
  std::int64_t looked_at = 0;
  while (page.size() < changes_at_once && rows.next()) {
    ++looked_at;
    auto candidate = read(rows);
    before_ = candidate.id;
    if (fits(candidate)) page.push_back(std::move(candidate));
  }
  const bool stopped_early = page.size() == changes_at_once;
  ended_ = current_->order.which.id || (!stopped_early && looked_at < rows_wanted);
  return !rows.failed() || (connection_.read_damage() && pass_over());
}

/// Goes on below what cannot be read of the entries, which the order then cannot have done anything
/// to.
bool Orders::pass_over() {
  passed_over_ = true;
  Rows rows(known_before_, std::min(before_, tried_).value());
  const bool found = rows.next() && !rows.is_null(0);
  if (rows.failed()) return false;
  ended_ = !found || current_->order.which.id;
  if (!found) return true;
  tried_ = QueueId(rows.integer(0));
  before_ = QueueId(rows.integer(0) + 1);
  return true;
}

Orders::Candidate Orders::read(const Rows& rows) {
  Candidate read;
  read.id = QueueId(rows.integer(0));
  read.app = rows.text(1);
  read.domain = rows.text(2);
  read.state = state_of(rows.text(3));
  read.reason = reason_at(rows, 4, read.state);
  read.accepted_at = from_milliseconds(rows.integer(5));
  read.urgent = rows.integer(6) != 0;
  read.attempts = static_cast<std::uint32_t>(rows.integer(7));
  read.last_reply = rows.text(8);
  read.upstream_id = rows.text(9);
  if (!read.urgent || read.state != State::held) return read;
  const auto envelope = decode_envelope(rows.text(10));  // a damaged one shows when it is leased
  if (envelope && envelope->forward_paths.size() == 1)
    read.recipient = envelope->forward_paths.front();
  return read;
}

bool Orders::fits(const Candidate& candidate) const {
  const auto& [operation, which, now, reason, until, detail, dry_run] = current_->order;
  if (!candidate.state || (states_of(operation) & bit(*candidate.state)) == 0) return false;
  if (which.id && candidate.id != *which.id) return false;
  if (which.state && candidate.state != which.state) return false;
  if (!which.app.empty() && candidate.app != which.app) return false;
  if (!which.domain.empty() && candidate.domain != which.domain) return false;
  if (which.reason && candidate.reason != which.reason) return false;
  if (which.accepted_before && candidate.accepted_at >= *which.accepted_before) return false;
  return !ledger_.leased(candidate.id);
}

PendingChange Orders::change_of(const Candidate& candidate) {
  const auto& order = current_->order;
  const bool closes = order.operation == Operation::release && superseded(candidate);
  PendingChange pending;
  auto& change = pending.change;
  change.id = candidate.id;
  change.to = closes ? State::failed : end_of(order.operation);
  change.only_from = states_of(order.operation);
  change.attempts = candidate.attempts;
  change.last_reply = candidate.last_reply;
  change.upstream_id = candidate.upstream_id;
  change.next_attempt = std::min(order.now, candidate.accepted_at);  // the oldest first
  if (order.operation == Operation::release) change.next_attempt = released_at(candidate);
  if (order.operation == Operation::hold) {
    change.reason = order.reason;
    change.next_attempt = order.until;
  }
  change.event.kind = closes ? policy::EventKind::superseded
                             : event_of(order.operation, candidate.state.value_or(State::queued));
  change.event.at = order.now;
  change.event.reason = change.reason;
  change.event.detail = order.detail;
  const bool resends = change.event.kind == policy::EventKind::resent;
  pending.done = [this, closes, resends](bool done) {
    result_.matched += done ? 1 : 0;
    result_.superseded += done && closes ? 1 : 0;
    result_.resent += done && resends ? 1 : 0;
  };
  pending.given_up = [this] { passed_over_ = true; };
  return pending;
}

/// Whether a newer one for the same person has just been released.
bool Orders::superseded(const Candidate& candidate) {
  if (!candidate.recipient) return false;
  const auto key = key_.of(candidate.app + " " + *candidate.recipient);
  if (seen_.size() >= most_seen) return seen_.contains(key);
  return !seen_.insert(key).second;
}

WallTime Orders::released_at(const Candidate& candidate) {
  if (!candidate.urgent) return std::min(current_->order.now, candidate.accepted_at);
  const auto due =
      current_->order.now - urgent_lead + std::chrono::milliseconds(released_urgent_++);
  return std::min(current_->order.now, due);
}

void Orders::abandon() {
  if (current_) finish(false);
}

void Orders::finish(bool complete) {
  result_.complete = complete;
  const auto order = std::exchange(current_, std::nullopt);
  seen_ = {};
  order->done(result_);
}

}  // namespace spool::sqlite
