#include "relay/delivery/courier.hpp"

#include "dkim/pem_cache.hpp"
#include "relay/delivery/change.hpp"
#include "relay/observe/log.hpp"
#include "relay/observe/metrics.hpp"
#include "relay/observe/recorder.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace delivery {
namespace {

using namespace std::chrono_literals;
namespace asio = net::asio;

constexpr auto idle_limit = 8s;  ///< SES closes after about 10 s
constexpr auto unsignable_retry =
    10min;  ///< how often a message without a usable key is looked at again

}  // namespace

/// The hooks of one delivery: signs when asked, and marks the entry in doubt while MAIL and RCPT
/// are on their way.
class Courier::Transaction final : public Hooks {
 public:
  Transaction(CourierServices& services,
              const Route& route,
              const asio::any_io_executor& executor,
              const spool::Job& job)
      : services_(services), route_(route), job_(job), mark_(std::make_shared<Mark>(executor)) {}

  /// Asks for the mark, once: it rides in the store's next group commit, and only the final dot
  /// waits for it.
  void ask_for_mark() {
    const auto now = services_.clock.now();
    auto change = change_of(job_.entry, spool::State::in_doubt, policy::EventKind::in_doubt, now);
    change.keeps_lease = true;
    change.next_attempt = now + smtp::doubt_wait(services_.rules.get()->doubt,
                                                 job_.entry.urgent,
                                                 services_.doubts.feed_proven(now));
    services_.doubts.begin(job_.entry.id);
    services_.store.change(std::move(change), [mark = mark_](bool durable) {
      asio::post(mark->arrived.get_executor(), [mark, durable] {
        mark->durable = durable;
        mark->arrived.cancel();
      });
    });
  }

  std::string content(std::string& why) override {
    const auto keyring = services_.keyring.get();
    const auto upstream = route_.settings.get();
    const auto began = services_.clock.monotonic();
    const auto hits = dkim::pem_cache_hits();
    auto prepared = prepare(job_, *keyring, *upstream, services_.clock.now());
    if (!prepared) {
      why = prepared.error().sentence();
      return {};
    }
    const std::chrono::duration<double> took = services_.clock.monotonic() - began;
    // Another thread's hit can hide a miss of ours; misses that come with every message still show.
    services_.metrics.dkim_key_cache(dkim::pem_cache_hits() > hits);
    if (const auto& signer = keyring->domains.find(job_.entry.domain)->second.signer)
      services_.metrics.dkim_signature(
          job_.entry.domain, dkim::word(signer->key().algorithm()), took.count());
    ask_for_mark();
    return std::move(*prepared);
  }

  asio::awaitable<bool> marked() override {
    if (!mark_->durable) {
      mark_->arrived.expires_after(mark_limit);
      co_await mark_->arrived.async_wait(net::tup);
    }
    co_return mark_->durable.value_or(false);
  }

 private:
  static constexpr auto mark_limit = 60s;
  /// Shared with the store's callback, which may come after the transaction.
  struct Mark {
    explicit Mark(const asio::any_io_executor& executor) : arrived(executor) {}
    asio::steady_timer arrived;
    std::optional<bool> durable;
  };
  CourierServices& services_;
  const Route& route_;
  const spool::Job& job_;
  std::shared_ptr<Mark> mark_;
};

Courier::Courier(CourierServices& services,
                 Route& route,
                 asio::any_io_executor executor,
                 Dispatch& dispatch,
                 spool::Job first)
    : services_(services),
      route_(route),
      executor_(std::move(executor)),
      dispatch_(dispatch),
      idle_(executor_),
      job_(std::move(first)) {}

asio::awaitable<void> Courier::run() {
  while (co_await next_job()) {
    current_ = std::move(job_);
    job_.reset();
    began_ = services_.clock.monotonic();
    const Attempt outcome = co_await attempt(*current_);
    if (outcome.closing) connection_.reset();
    Report report = settle_current(outcome);
    const bool available = report.available;
    dispatch_.settled(std::move(report));
    if (!available) break;
  }
  if (connection_) co_await connection_->close();
}

Report Courier::settle_current(const Attempt& outcome) {
  const spool::Entry& entry = current_->entry;
  Report report;
  report.courier = shared_from_this();
  report.id = entry.id;
  report.lane = {entry.app, entry.urgent};
  report.octets = entry.size;
  report.recipients = entry.envelope.forward_paths.size();
  report.result = smtp::classify(outcome.phase, outcome.reply, outcome.ambiguous, entry.envelope);
  report.began = began_;
  report.unsignable = !outcome.unsignable.empty();
  report.connected = outcome.phase >= smtp::Phase::idle;
  report.available = connection_ && !dismissed_;
  report.consequence.settlement = settle(outcome, report.result);
  if (!report.unsignable) {
    report.consequence = route_.account.judge({.id = entry.id,
                                               .domain = entry.domain,
                                               .result = report.result,
                                               .settlement = report.consequence.settlement,
                                               .began = began_},
                                              report.recipients,
                                              services_.clock.monotonic(),
                                              services_.clock.random());
  }
  const bool ambiguous = report.result == smtp::ReplyClass::ambiguous;
  if (!ambiguous || !settled_by_known_event()) commit(outcome, report.consequence.settlement);
  current_.reset();
  return report;
}

void Courier::put_back() {
  Attempt lost;
  lost.ambiguous = current_.has_value();
  if (!current_) current_ = std::exchange(job_, std::nullopt);
  if (!current_) return;
  lost.trouble = "the delivery ended by an internal error";
  connection_.reset();
  dispatch_.settled(settle_current(lost));
}

asio::awaitable<Attempt> Courier::attempt(const spool::Job& job) {
  if (connection_ && (connection_->stale() || opened_with_ != route_.settings.get())) {
    connection_.reset();
  }
  if (auto failure = co_await ensure_open()) co_return std::move(*failure);
  const auto busy = services_.metrics.upstream_connection(observe::UpstreamState::busy);
  Transaction transaction(services_, route_, executor_, job);
  co_return co_await connection_->deliver(job, transaction);
}

asio::awaitable<std::optional<Attempt>> Courier::ensure_open() {
  if (connection_) co_return std::nullopt;
  const auto connecting = services_.metrics.upstream_connection(observe::UpstreamState::connecting);
  opened_with_ = route_.settings.get();
  connection_ = route_.connect(executor_);
  co_return co_await connection_->open();
}

asio::awaitable<bool> Courier::next_job() {
  if (job_) co_return true;
  const auto waiting = services_.metrics.upstream_connection(observe::UpstreamState::idle);
  while (!job_ && !dismissed_) {
    idle_.expires_after(idle_limit);
    co_await idle_.async_wait(net::tup);
    // Only the scheduler lets a courier go: it may be assigning a message this very moment.
    if (!job_ && !dismissed_) dispatch_.unemployed(shared_from_this());
  }
  co_return job_.has_value();
}

void Courier::assign(spool::Job job) {
  asio::post(executor_, [self = shared_from_this(), job = std::move(job)]() mutable {
    self->job_ = std::move(job);
    self->idle_.cancel();
  });
}

void Courier::dismiss() {
  asio::post(executor_, [self = shared_from_this()] {
    self->dismissed_ = true;
    self->idle_.cancel();
  });
}

void Courier::abort() {
  asio::post(executor_, [self = shared_from_this()] {
    self->dismissed_ = true;
    self->job_.reset();  // not begun: still queued in the store
    self->idle_.cancel();
    if (self->connection_) self->connection_->abort();
  });
}

smtp::Settlement Courier::settle(const Attempt& attempt, smtp::ReplyClass result) {
  const spool::Entry& entry = current_->entry;
  if (!attempt.unsignable.empty()) {
    smtp::Settlement hold;
    hold.fate = smtp::Fate::hold;
    hold.reason = policy::Reason::signing;
    hold.retry_in = unsignable_retry;
    hold.attempts = entry.attempts;
    hold.event = policy::EventKind::held;
    return hold;
  }
  const auto now = services_.clock.now();
  smtp::AttemptFacts facts;
  facts.result = result;
  facts.attempts_before = entry.attempts;
  facts.age = spool::unheld_age(entry, now);
  facts.random = services_.clock.random();
  facts.urgent = entry.urgent;
  if (entry.held_since)
    facts.held = std::chrono::duration_cast<std::chrono::milliseconds>(now - *entry.held_since);
  facts.feed_proven = services_.doubts.feed_proven(now);
  facts.clock_steady = services_.clock_steady;
  services_.metrics.delivery_attempt(smtp::word(result));
  if (attempt.reply) services_.metrics.upstream_reply(attempt.reply->code);
  return smtp::settle(*services_.rules.get(), facts);
}

/// The reply was lost, but the upstream's event came before we gave up on it.
bool Courier::settled_by_known_event() {
  const auto upstream_id = services_.doubts.known(current_->entry.id);
  if (!upstream_id) return false;
  auto change = settled_by_event(current_->entry.id, *upstream_id, services_.clock.now());
  change.only_from = 0;
  change.event.app = current_->entry.app;
  change.event.domain = current_->entry.domain;
  store(std::move(change));
  services_.doubts.end(current_->entry.id);
  return true;
}

void Courier::commit(const Attempt& attempt, const smtp::Settlement& settlement) {
  auto change = change_of(current_->entry, settlement, services_.clock.now());
  if (settlement.fate == smtp::Fate::hold) {
    const auto latest = held_until(current_->entry, *services_.rules.get(), change.event.at);
    // The probes of a hold of many show when it ends.
    const bool of_many = settlement.account_wide || settlement.domain_wide;
    change.next_attempt = of_many ? latest : std::min(change.next_attempt, latest);
  }
  change.last_reply.clear();
  if (attempt.reply) {
    change.last_reply = std::to_string(attempt.reply->code) + " " + attempt.reply->text;
    if (settlement.fate == smtp::Fate::sent) change.upstream_id = smtp::upstream_id(*attempt.reply);
  }
  if (!attempt.trouble.empty()) change.last_reply += (attempt.reply ? "; " : "") + attempt.trouble;
  change.event.detail = change.last_reply;
  if (settlement.fate == smtp::Fate::fail) {
    const bool refused = settlement.event == policy::EventKind::failed;
    change.notice =
        services_.reporter.about(*current_,
                                 refused ? policy::ReportKind::failed : policy::ReportKind::expired,
                                 settlement.reason,
                                 change.last_reply);
  }
  store(std::move(change), attempt.ambiguous);
}

/// Says what became of the message, once, and has it written.
void Courier::store(spool::Change change, bool was_in_doubt) {
  const spool::Entry& entry = current_->entry;
  observe::Circumstances more;
  more.attempts = change.attempts;
  more.recipients = entry.envelope.forward_paths.size();
  more.took = change.event.at - entry.accepted_at;
  more.upstream_id = change.upstream_id;
  more.was_in_doubt = was_in_doubt;
  services_.recorder.record(change.event, more);
  // Not waited for: the store keeps and retries a change that it cannot commit yet.
  const auto when = change.notice ? change.event.at : change.next_attempt;
  const bool comes_back =
      change.notice || (change.to != spool::State::sent && change.to != spool::State::failed);
  if (!was_in_doubt) services_.doubts.end(entry.id);
  services_.store.change(
      std::move(change),
      [&dispatch = dispatch_, &services = services_, id = entry.id, was_in_doubt, comes_back, when](
          bool) {
        // An event that came while this change was under way found the entry leased.
        auto upstream_id = was_in_doubt ? services.doubts.end(id) : std::nullopt;
        if (upstream_id) settle_by_event(services, id, std::move(*upstream_id), {});
        if (comes_back) dispatch.due(when);
      });
}

void settle_by_event(CourierServices& services,
                     spool::QueueId id,
                     std::string upstream_id,
                     std::function<void(bool)> done) {
  services.doubts.event(id, upstream_id);
  auto change = settled_by_event(id, std::move(upstream_id), services.clock.now());
  const policy::Event event = change.event;
  services.store.change(std::move(change),
                        [&services, event, done = std::move(done)](bool settled) {
                          if (settled) services.recorder.record(event);
                          if (done) done(settled);
                        });
}

}  // namespace delivery
