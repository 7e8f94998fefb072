#include "relay/net/session.hpp"

#include "mail/header_fields.hpp"
#include "relay/net/ask.hpp"
#include "relay/net/fingerprint.hpp"
#include "relay/observe/log.hpp"
#include "relay/observe/metrics.hpp"
#include "relay/observe/recorder.hpp"
#include "relay/proto/sasl.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/socket.h>

#include <utility>
#include <variant>

namespace net {
namespace {

/// Where the store's answer meets the waiting session: shared with the callback, which may come
/// after the session.
struct Answer {
  explicit Answer(const asio::any_io_executor& executor) : arrived(executor) {}
  asio::steady_timer arrived;
  std::optional<spool::Acceptance> acceptance;
};

bool octets_waiting(Tcp::socket& socket) {
  char octet = 0;
  return ::recv(socket.native_handle(), &octet, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool is_hello(std::string_view line) {
  const auto verb = line.substr(0, line.find(' '));
  return mail::equals_ignoring_case(verb, "EHLO") || mail::equals_ignoring_case(verb, "HELO");
}

}  // namespace

Session::Session(Services& services,
                 Tcp::socket socket,
                 smtp::ServerOptions options,
                 TlsContext tls,
                 std::string peer)
    : services_(services),
      connection_(std::move(socket), limits::input_buffer),
      protocol_(options),
      options_(std::move(options)),
      tls_(std::move(tls)),
      peer_(std::move(peer)),
      began_(services.clock.monotonic()) {}

asio::awaitable<void> Session::run() {
  if (!co_await greet()) {
    services_.metrics.connection_closed("tls");
    co_return;
  }
  smtp::Step step = protocol_.start();
  if (!connection_.encrypted() && octets_waiting(connection_.socket()))
    step = protocol_.resume(smtp::EarlyTalk{});
  for (;;) {
    output_ += step.output;
    if (step.refused) note(*step.refused);
    if (std::holds_alternative<smtp::Close>(step.next)) break;
    smtp::Input input = co_await perform(std::move(step.next));
    if (gone_) break;
    step = protocol_.resume(std::move(input));
    connection_.consume(std::exchange(line_octets_, 0));
  }
  services_.metrics.connection_closed(gone_ ? "lost" : step.closed_for);
  if (!gone_) co_await flush();
  connection_.close();
}

/// Implicit TLS first, with a deadline of its own.
asio::awaitable<bool> Session::greet() {
  if (!options_.encrypted) co_return true;
  connection_.expect_within(limits::tls_handshake);
  const auto failed = co_await connection_.accept_tls(tls_);
  co_return !failed;
}

asio::awaitable<bool> Session::flush() {
  if (output_.empty()) co_return true;
  connection_.expect_within(limits::write);
  const auto failed = co_await connection_.write(output_);
  output_.clear();
  if (failed) gone_ = true;
  co_return !failed;
}

asio::awaitable<smtp::Input> Session::perform(smtp::Next next) {
  if (const auto* read = std::get_if<smtp::ReadLine>(&next))
    co_return co_await read_line(read->in_transaction);
  if (const auto* read = std::get_if<smtp::ReadContent>(&next))
    co_return co_await read_content(read->limit);
  if (std::holds_alternative<smtp::StartTls>(next)) co_return co_await start_tls();
  if (auto* credential = std::get_if<smtp::Authenticate>(&next)) {
    co_return co_await authenticate(std::move(*credential));
  }
  if (auto* recipients = std::get_if<smtp::Weigh>(&next))
    co_return co_await weigh(std::move(*recipients));
  if (auto* message = std::get_if<smtp::Commit>(&next))
    co_return co_await commit(std::move(*message));
  co_return begin(std::get<smtp::Begin>(next));
}

/// The next command line. What the state machine wants to say is sent only when no further command
/// waits, so that a pipelining client gets its replies in one segment (RFC 2920).
asio::awaitable<smtp::Input> Session::read_line(bool in_transaction) {
  for (;;) {
    if (auto line = buffered_line()) co_return std::move(*line);
    if (auto over = co_await read_more(in_transaction)) co_return std::move(*over);
  }
}

/// The line that has arrived whole; one over the bound is skipped to its end.
std::optional<smtp::Input> Session::buffered_line() {
  const std::string_view waiting = connection_.buffered();
  const auto end = waiting.find('\n');
  if (end != std::string_view::npos) {
    if (!std::exchange(skipping_line_, false) && end < smtp::max_line_octets) {
      return take_line(waiting.substr(0, end), end + 1);
    }
    line_octets_ = end + 1;
    return smtp::LineTooLong{};
  }
  if (waiting.size() >= smtp::max_line_octets) skipping_line_ = true;
  if (skipping_line_) connection_.consume(waiting.size());
  return std::nullopt;
}

/// Sends what is to be said, then reads once. Something: it ends the waiting for a line.
asio::awaitable<std::optional<smtp::Input>> Session::read_more(bool in_transaction) {
  const std::optional<smtp::Input> over = smtp::TimedOut{};
  const std::optional<smtp::Input> drained = smtp::Draining{};
  if (!co_await flush() || gone_) co_return over;
  if (draining_ && !in_transaction) co_return drained;
  if (services_.clock.monotonic() - began_ > limits::session_total) co_return over;
  connection_.expect_within(limits::command_idle);
  idle_ = !in_transaction;
  const auto failed = co_await connection_.fill();
  idle_ = false;
  if (!failed) co_return std::nullopt;
  if (connection_.expired()) co_return over;
  if (draining_ && !in_transaction) co_return drained;
  gone_ = true;
  co_return over;
}

smtp::Input Session::take_line(std::string_view line, std::size_t octets) {
  line_octets_ = octets;
  if (!line.ends_with('\r')) return smtp::BadLineEnd{};
  line.remove_suffix(1);
  if (line.find('\r') != std::string_view::npos || line.find('\0') != std::string_view::npos) {
    return smtp::BadLineEnd{};
  }
  if (is_hello(line) && connection_.buffered().size() > octets) return smtp::EarlyTalk{};
  return smtp::Line{line};
}

asio::awaitable<smtp::Input> Session::read_content(std::uint64_t limit) {
  smtp::ContentReader reader(limit);
  const auto began = services_.clock.monotonic();
  auto share = services_.content_memory.share_of(app_);
  bool whole = co_await flush();
  while (whole && !reader.complete()) {
    if (services_.clock.monotonic() - began > limits::content_total) break;
    whole = co_await receive(reader);
    if (!share.hold(reader.too_big() ? 0 : reader.received())) break;
  }
  if (!reader.complete()) {
    // A message that stops half-way is discarded, and its connection with it: what follows is not a
    // command.
    gone_ = true;
    co_return smtp::TimedOut{};
  }
  const bool too_big = reader.too_big();
  co_return smtp::Content{reader.take(), too_big};
}

asio::awaitable<bool> Session::receive(smtp::ContentReader& reader) {
  if (connection_.buffered().empty()) {
    if (gone_) co_return false;  // abort() came while nothing was under way to interrupt
    connection_.expect_within(limits::content_idle);
    if (co_await connection_.fill(true)) co_return false;
  }
  connection_.consume(reader.feed(connection_.buffered()));
  co_return true;
}

asio::awaitable<smtp::Input> Session::start_tls() {
  if (!connection_.buffered().empty())
    co_return smtp::EarlyTalk{};  // clear text behind STARTTLS is never read
  if (!co_await flush()) co_return smtp::TimedOut{};
  connection_.expect_within(limits::tls_handshake);
  if (co_await connection_.accept_tls(tls_)) gone_ = true;
  co_return smtp::TlsStarted{};
}

asio::awaitable<smtp::Input> Session::authenticate(smtp::Authenticate credential) {
  const auto now = services_.clock.monotonic();
  const bool locked = services_.auth_guard.locked(credential.user, peer_, now);
  const auto directory = services_.directory.get();
  auto app = locked ? nullptr : directory->authenticate(credential.user, credential.password);
  smtp::wipe(credential.password);
  if (app) {
    credential_ = directory->credentials.find(credential.user)->second;
    co_return smtp::Authenticated{std::move(app)};
  }
  if (!std::exchange(auth_failed_, true)) {  // by connection: Symfony tries two mechanisms on one
    services_.metrics.auth_failure();
    services_.auth_guard.failed(credential.user, peer_, now);
  }
  if (!locked) co_await pause(limits::failed_auth);
  co_return smtp::Authenticated{nullptr, locked};
}

asio::awaitable<void> Session::pause(std::chrono::milliseconds length) {
  asio::steady_timer timer(connection_.socket().get_executor(), length);
  const auto [cancelled] = co_await timer.async_wait(tup);
  if (cancelled) gone_ = true;
}

/// Not with a password that was replaced since, nor as another app that has the name now.
bool Session::logged_in_still(const Directory& directory) const {
  if (!credential_) return true;  // the listener says whose client it is
  const auto found = directory.credentials.find(app_);
  return found != directory.credentials.end() && found->second == *credential_;
}

smtp::Input Session::begin(const smtp::Begin& wanted) {
  transaction_began_ = services_.clock.monotonic();
  app_ = wanted.app;
  const bool storable = services_.store.writable() && services_.content_memory.room_for(app_);
  const spool::AppLoad load = services_.store.load(wanted.app);
  const auto& any = services_.suppressions.any;
  const auto directory = services_.directory.get();
  return smtp::Facts{logged_in_still(*directory) ? directory->app(app_) : nullptr,
                     storable,
                     {load.messages, load.octets},
                     any && any(wanted.app)};
}

/// Whom a restricted app reached is asked of the store; all else is in memory.
asio::awaitable<smtp::Input> Session::weigh(smtp::Weigh wanted) {
  smtp::Weighed weighed;
  for (const std::string& path : wanted.forward_paths) {
    policy::RecipientFacts& facts = weighed.recipients.emplace_back();
    const auto& has = services_.suppressions.has;
    facts.suppressed = has && has(wanted.app->name, path);
  }
  if (!wanted.app->restricted) co_return weighed;
  const auto since = services_.clock.now() - limits::reached_lately;
  const auto question = [&](std::function<void(std::vector<bool>)> done) {
    services_.store.reached(wanted.app->name, wanted.forward_paths, since, std::move(done));
  };
  const auto reached = co_await ask<std::vector<bool>>(question, services_.commit_limit);
  if (!reached || reached->size() != weighed.recipients.size()) co_return smtp::NotStored{};
  for (std::size_t i = 0; i < reached->size(); ++i) weighed.recipients[i].reached = (*reached)[i];
  co_return weighed;
}

/// The message as an entry of the spool, from now on queued, or held where all its like is.
spool::Job Session::job_of(smtp::Commit message) {
  spool::Job job;
  const auto now = services_.clock.now();
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  job.entry.id = services_.queue_ids.next(milliseconds.count(), services_.clock.random());
  job.entry.app = message.app->name;
  job.entry.domain = std::move(message.domain);
  job.entry.association = message.association;
  job.entry.envelope = std::move(message.envelope);
  job.entry.message_id = std::move(message.message_id);
  job.entry.size = message.octets->size();
  job.entry.accepted_at = job.entry.next_attempt = now;
  job.entry.urgent =
      services_.delivery.urgent(job.entry.app, message.urgent_by_link, message.urgent_by_field);
  if (const auto standing = services_.delivery.standing(job.entry.app, job.entry.domain)) {
    job.entry.state = spool::State::held;
    job.entry.reason = standing->reason;
    job.entry.next_attempt = standing->until;
  }
  job.octets = std::move(message.octets);
  for (smtp::LeftOut& each : message.left_out)
    job.left_out.push_back({std::move(each.forward_path), each.reason});
  const auto window = services_.directory.get()->duplicates_window;
  if (window.count() > 0 && !job.entry.message_id.empty())
    job.repeat = spool::Repeat{fingerprint(job), now - window};
  return job;
}

asio::awaitable<smtp::Input> Session::commit(smtp::Commit message) {
  if (!message.unknown_from.empty() && services_.met_from)
    services_.met_from(message.domain, message.unknown_from);
  const std::string warning = std::move(message.warning);
  const auto answer = std::make_shared<Answer>(connection_.socket().get_executor());
  answer->arrived.expires_after(services_.commit_limit);
  const auto job = std::make_shared<const spool::Job>(job_of(std::move(message)));
  const bool leased =
      job->entry.state == spool::State::queued &&
      services_.delivery.reserve({job->entry.app, job->entry.urgent}, job->entry.size);
  const auto on_answer =
      [answer, job, leased, &delivery = services_.delivery](const spool::Acceptance& acceptance) {
        const bool stored = acceptance.outcome == spool::Accepted::stored;
        if (stored) delivery.deliver(*job, leased);
        if (!stored && leased)
          delivery.unreserve({job->entry.app, job->entry.urgent}, job->entry.size);
        asio::post(answer->arrived.get_executor(), [answer, acceptance] {
          answer->acceptance = acceptance;
          answer->arrived.cancel();
        });
      };
  const auto withdrawal = services_.store.accept(*job, leased, on_answer);
  co_await answer->arrived.async_wait(tup);
  if (!answer->acceptance) {
    // Too late to answer. What is in a commit already stays queued: a second copy is better than a
    // lost mail.
    const bool taken_back = withdrawal->withdraw();
    services_.log.warn("no commit in time: connection closed without a reply",
                       {{"app", job->entry.app}, {"queued", taken_back ? "no" : "perhaps"}});
    co_return smtp::StoreTimedOut{};
  }
  switch (answer->acceptance->outcome) {
    case spool::Accepted::stored:
      record_accepted(job->entry, warning);
      break;
    case spool::Accepted::repeated:
      record_repeated(job->entry, answer->acceptance->id);
      break;
    case spool::Accepted::failed:
    case spool::Accepted::withdrawn:
      co_return smtp::NotStored{};
  }
  co_return smtp::Stored{answer->acceptance->id.text()};
}

/// The client did not hear our reply, or did not believe it: it gets the first one again.
void Session::record_repeated(const spool::Entry& entry, spool::QueueId first) {
  policy::Event event;
  event.kind = policy::EventKind::repeated;
  event.at = services_.clock.now();
  event.queue_id = first.text();
  event.app = entry.app;
  event.domain = entry.domain;
  observe::Circumstances more;
  more.size = entry.size;
  more.peer = peer_;
  transaction_began_.reset();
  services_.recorder.record(event, more);
}

void Session::record_accepted(const spool::Entry& entry, const std::string& warning) {
  policy::Event event;
  event.kind = policy::EventKind::accepted;
  event.detail = warning;
  event.at = services_.clock.now();
  event.queue_id = entry.id.text();
  event.app = entry.app;
  event.domain = entry.domain;
  observe::Circumstances more;
  more.size = entry.size;
  more.recipients = entry.envelope.forward_paths.size();
  if (transaction_began_)
    more.took = services_.clock.monotonic() - *std::exchange(transaction_began_, std::nullopt);
  more.reverse_path = entry.envelope.reverse_path;
  more.message_id = entry.message_id;
  more.peer = peer_;
  services_.recorder.record(event, more);
}

void Session::note(const smtp::Refused& refused) {
  policy::Event event;
  event.kind = policy::EventKind::refused;
  event.at = services_.clock.now();
  event.reference = refused.reference;
  event.app = refused.app;
  event.reason = refused.refusal.reason;
  event.detail = refused.refusal.sentence;
  observe::Circumstances more;
  more.peer = peer_;
  more.reverse_path = refused.envelope_from;
  // Every refusal but that of one recipient ends its transaction.
  if (transaction_began_ && event.reason != policy::Reason::recipient) {
    more.took = services_.clock.monotonic() - *std::exchange(transaction_began_, std::nullopt);
  }
  services_.recorder.record(event, more);
  services_.store.record(std::move(event));
}

void Session::drain() {
  draining_ = true;
  if (idle_) connection_.interrupt();  // never a reply that is being written
}

void Session::abort() {
  gone_ = true;
  connection_.interrupt();
}

}  // namespace net
