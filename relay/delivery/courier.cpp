#include "relay/delivery/courier.hpp"

#include "dkim/pem_cache.hpp"
#include "relay/observe/log.hpp"
#include "relay/observe/metrics.hpp"
#include "relay/observe/recorder.hpp"

#include <boost/asio/post.hpp>

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
              const asio::any_io_executor& executor,
              const spool::Job& job)
      : services_(services), job_(job), mark_(std::make_shared<Mark>(executor)) {}

  /// Asks for the mark, once: it rides in the store's next group commit, and only the final dot
  /// waits for it.
  void ask_for_mark() {
    spool::Change change;
    change.id = job_.entry.id;
    change.to = spool::State::in_doubt;
    change.next_attempt = job_.entry.next_attempt;
    change.attempts = job_.entry.attempts;
    change.event.kind = policy::EventKind::in_doubt;
    change.event.detail = "handed to the upstream, whose reply is awaited";
    change.event.at = services_.clock.now();
    change.event.queue_id = job_.entry.id.text();
    change.event.app = job_.entry.app;
    change.event.domain = job_.entry.domain;
    services_.store.change(std::move(change), [mark = mark_](bool durable) {
      asio::post(mark->arrived.get_executor(), [mark, durable] {
        mark->durable = durable;
        mark->arrived.cancel();
      });
    });
  }

  std::string content(std::string& why) override {
    const auto keyring = services_.keyring.get();
    const auto upstream = services_.upstream.get();
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
    services_.metrics.dkim_signature(
        job_.entry.domain,
        dkim::word(keyring->signer(job_.entry.domain)->key().algorithm()),
        took.count());
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
  const spool::Job& job_;
  std::shared_ptr<Mark> mark_;
};

Courier::Courier(CourierServices& services,
                 asio::any_io_executor executor,
                 std::function<std::unique_ptr<UpstreamConnection>()> connect,
                 Dispatch& dispatch,
                 spool::Job first)
    : services_(services),
      executor_(std::move(executor)),
      connect_(std::move(connect)),
      dispatch_(dispatch),
      idle_(executor_),
      job_(std::move(first)) {}

asio::awaitable<void> Courier::run() {
  while (co_await next_job()) {
    current_ = std::move(job_);
    job_.reset();
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
  Report report;
  report.courier = shared_from_this();
  report.octets = current_->entry.size;
  report.result =
      smtp::classify(outcome.phase, outcome.reply, outcome.ambiguous, current_->entry.envelope);
  report.settlement = settle(*current_, outcome, report.result);
  report.connected = outcome.phase >= smtp::Phase::idle;
  report.available = connection_ && !dismissed_;
  commit(*current_, outcome, report.settlement);
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
  if (connection_ && connection_->stale()) {
    connection_.reset();
  }
  if (auto failure = co_await ensure_open()) co_return std::move(*failure);
  const auto busy = services_.metrics.upstream_connection(observe::UpstreamState::busy);
  Transaction transaction(services_, executor_, job);
  co_return co_await connection_->deliver(job, transaction);
}

asio::awaitable<std::optional<Attempt>> Courier::ensure_open() {
  if (connection_) co_return std::nullopt;
  const auto connecting = services_.metrics.upstream_connection(observe::UpstreamState::connecting);
  connection_ = connect_();
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

smtp::Settlement Courier::settle(const spool::Job& job,
                                 const Attempt& attempt,
                                 smtp::ReplyClass result) {
  if (!attempt.unsignable.empty()) {
    smtp::Settlement hold;
    hold.fate = smtp::Fate::hold;
    hold.reason = policy::Reason::signing;
    hold.retry_in = unsignable_retry;
    hold.attempts = job.entry.attempts;
    hold.event = policy::EventKind::held;
    return hold;
  }
  smtp::AttemptFacts facts;
  facts.result = result;
  facts.attempts_before = job.entry.attempts;
  facts.age = std::chrono::duration_cast<std::chrono::milliseconds>(services_.clock.now() -
                                                                    job.entry.accepted_at);
  facts.random = services_.clock.random();
  services_.metrics.delivery_attempt(smtp::word(result));
  if (attempt.reply) services_.metrics.upstream_reply(attempt.reply->code);
  return smtp::settle(services_.retry, facts);
}

void Courier::commit(const spool::Job& job,
                     const Attempt& attempt,
                     const smtp::Settlement& settlement) {
  spool::Change change;
  const auto now = services_.clock.now();
  change.id = job.entry.id;
  switch (settlement.fate) {
    case smtp::Fate::sent:
      change.to = spool::State::sent;
      break;
    case smtp::Fate::retry:
      change.to = spool::State::queued;
      break;
    case smtp::Fate::hold:
      change.to = spool::State::held;
      break;
    case smtp::Fate::fail:
      change.to = spool::State::failed;
      break;
  }
  change.reason = settlement.reason;
  change.next_attempt = now + settlement.retry_in;
  change.attempts = settlement.attempts;
  if (attempt.reply) {
    change.last_reply = std::to_string(attempt.reply->code) + " " + attempt.reply->text;
    if (settlement.fate == smtp::Fate::sent) change.upstream_id = smtp::upstream_id(*attempt.reply);
  }
  if (!attempt.trouble.empty()) change.last_reply += (attempt.reply ? "; " : "") + attempt.trouble;
  change.event.kind = settlement.event;
  change.event.at = now;
  change.event.queue_id = job.entry.id.text();
  change.event.app = job.entry.app;
  change.event.domain = job.entry.domain;
  change.event.reason = settlement.reason;
  change.event.detail = change.last_reply;
  observe::Circumstances more;
  more.attempts = settlement.attempts;
  more.recipients = job.entry.envelope.forward_paths.size();
  more.took = now - job.entry.accepted_at;
  more.upstream_id = change.upstream_id;
  services_.recorder.record(change.event, more);
  // Not waited for: the store keeps and retries a change that it cannot commit yet.
  const auto when = change.next_attempt;
  const bool comes_back = change.to == spool::State::queued || change.to == spool::State::held;
  services_.store.change(std::move(change), [&dispatch = dispatch_, comes_back, when](bool) {
    if (comes_back) dispatch.due(when);
  });
}

}  // namespace delivery
