#include "relay/delivery/smtp_upstream.hpp"

#include "relay/net/tls.hpp"

#include <openssl/x509_vfy.h>

#include <sys/socket.h>

#include <utility>
#include <variant>

namespace delivery {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t input_buffer = 4096;

smtp::ClientOptions options_of(const config::Upstream& settings, std::string hostname) {
  smtp::ClientOptions options;
  options.hostname = std::move(hostname);
  options.starttls = settings.starttls;
  options.user = settings.username.reveal();
  options.password = settings.password.reveal();
  return options;
}

Attempt broken(smtp::Phase phase, std::string trouble) {
  Attempt attempt;
  attempt.phase = phase;
  attempt.closing = true;
  attempt.trouble = std::move(trouble);
  return attempt;
}

}  // namespace

std::chrono::seconds patience(smtp::Phase phase) noexcept {
  switch (phase) {
    case smtp::Phase::connect:
      return 15s;
    case smtp::Phase::greeting:
    case smtp::Phase::hello:
    case smtp::Phase::starttls:
    case smtp::Phase::auth:
      return 30s;
    case smtp::Phase::idle:
    case smtp::Phase::quit:
      return 5s;
    case smtp::Phase::mail:
    case smtp::Phase::rcpt:
    case smtp::Phase::data:
      return 120s;
    case smtp::Phase::end_of_data:
      return 600s;  // RFC 5321 4.5.3.2.6: ending early makes doubt
  }
  return 30s;
}

SmtpUpstream::SmtpUpstream(const net::asio::any_io_executor& executor,
                           std::shared_ptr<const config::Upstream> settings,
                           net::TlsContext tls,
                           std::string hostname)
    : settings_(std::move(settings)),
      tls_(std::move(tls)),
      session_(options_of(*settings_, std::move(hostname))),
      connecting_(executor, patience(smtp::Phase::connect)) {}

net::asio::awaitable<std::optional<Attempt>> SmtpUpstream::open() {
  Attempt failure;
  const bool ready = co_await connect(failure) &&
                     (settings_->starttls || co_await secure(failure)) &&
                     co_await converse_until_ready(failure);
  if (ready) co_return std::nullopt;
  if (connection_) connection_->close();
  co_return failure;
}

net::asio::awaitable<bool> SmtpUpstream::connect(Attempt& failure) {
  auto socket = co_await connecting_.to(settings_->host, settings_->port);
  if (socket) {
    connection_ = std::make_unique<net::Connection>(std::move(*socket), input_buffer);
    sight_.connected = true;
    co_return true;
  }
  failure = broken(smtp::Phase::connect, socket.error().sentence());
  co_return false;
}

net::asio::awaitable<bool> SmtpUpstream::secure(Attempt& failure) {
  connection_->expect_within(patience(smtp::Phase::starttls));
  last_error_ = co_await connection_->connect_tls(tls_, settings_->host);
  if (!last_error_) {
    sight_.secured = true;
    sight_.certificate_expires = net::peer_expiry(connection_->tls()->native_handle());
    co_return true;
  }
  failure = broken(smtp::Phase::connect, "TLS with " + settings_->host + " failed: " + why());
  co_return false;
}

net::asio::awaitable<bool> SmtpUpstream::converse_until_ready(Attempt& failure) {
  smtp::ClientStep step = session_.start();
  for (;;) {
    smtp::ClientInput input = smtp::Broken{};
    const bool written =
        step.output.empty() || co_await write(step.output, patience(smtp::Phase::hello));
    if (std::holds_alternative<smtp::Ready>(step.next)) co_return true;
    if (const auto* over = std::get_if<smtp::ClientClose>(&step.next)) {
      failure = broken(over->phase, explain(over->trouble, over->reply.has_value()));
      // The reply to EHLO says nothing of what it does not offer: then the trouble is what counts.
      failure.reply = over->reply;
      co_return false;
    }
    if (const auto* await = std::get_if<smtp::AwaitReply>(&step.next); await && written) {
      input = co_await read_reply(await->phase);
    } else if (std::holds_alternative<smtp::ClientStartTls>(step.next) && written) {
      if (!co_await secure(failure)) co_return false;
      input = smtp::ClientTlsStarted{};
    }
    step = session_.resume(std::move(input));
  }
}

/// One reply line; views the connection's buffer until the next read.
net::asio::awaitable<smtp::ClientInput> SmtpUpstream::read_reply(smtp::Phase phase) {
  connection_->expect_within(patience(phase));
  for (;;) {
    const std::string_view waiting = connection_->buffered();
    const auto end = waiting.find('\n');
    if (end != std::string_view::npos) {
      std::string_view line = waiting.substr(0, end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      connection_->consume(end + 1);
      if (!sight_.greeted) sight_.greeted = std::chrono::steady_clock::now();
      co_return smtp::ReplyLine{line};
    }
    if (waiting.size() > smtp::max_reply_line_octets || aborted_) co_return smtp::Broken{};
    last_error_ = co_await connection_->fill();
    if (last_error_) co_return smtp::Broken{};
  }
}

net::asio::awaitable<bool> SmtpUpstream::write(const std::string& octets,
                                               std::chrono::seconds within) {
  connection_->expect_within(within);
  last_error_ = co_await connection_->write(octets);
  co_return !last_error_;
}

net::asio::awaitable<Attempt> SmtpUpstream::deliver(const spool::Job& job, Hooks& hooks) {
  smtp::Deliver begin;
  begin.envelope = job.entry.envelope;
  begin.octets = job.entry.size;
  smtp::ClientStep step = session_.resume(std::move(begin));
  std::string content;
  std::string unsignable;
  for (;;) {
    smtp::ClientInput input = smtp::Broken{};
    const bool written =
        step.output.empty() || co_await write(step.output, patience(smtp::Phase::mail));
    if (content.empty() && unsignable.empty()) content = hooks.content(unsignable);
    if (!unsignable.empty()) {
      Attempt attempt = broken(smtp::Phase::mail, unsignable);
      attempt.unsignable = unsignable;
      co_return attempt;
    }
    if (const auto* over = std::get_if<smtp::Finished>(&step.next)) {
      Attempt attempt;
      attempt.phase = over->phase;
      attempt.reply = over->reply;
      attempt.ambiguous = over->ambiguous;
      attempt.closing = over->closing;
      attempt.trouble = explain(over->trouble, over->reply.has_value());
      co_return attempt;
    }
    if (std::holds_alternative<smtp::ClientClose>(step.next))
      co_return broken(smtp::Phase::idle, explain({}, false));
    if (const auto* await = std::get_if<smtp::AwaitReply>(&step.next); await && written) {
      input = co_await read_reply(await->phase);
    } else if (std::holds_alternative<smtp::SendContent>(step.next) && written) {
      input = co_await send_content(content, hooks);
    }
    step = session_.resume(std::move(input));
  }
}

/// The point of no return: once the content is written the outcome may be in doubt, so the mark is
/// durable before it.
net::asio::awaitable<smtp::ClientInput> SmtpUpstream::send_content(const std::string& content,
                                                                   Hooks& hooks) {
  if (!co_await hooks.marked() || aborted_) co_return smtp::ContentWithheld{};
  // Even a write that fails half-way may have carried the final dot: what follows is ambiguous
  // either way.
  co_await write(content, patience(smtp::Phase::end_of_data));
  co_return smtp::ContentSent{};
}

bool SmtpUpstream::stale() {
  char octet = 0;
  const auto got =
      ::recv(connection_->socket().native_handle(), &octet, 1, MSG_PEEK | MSG_DONTWAIT);
  return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

net::asio::awaitable<void> SmtpUpstream::close() {
  if (!connection_) co_return;
  const smtp::ClientStep step = session_.resume(smtp::Quit{});
  // A courtesy: its reply is not waited for, SES closes in any case.
  if (!step.output.empty() && !stale()) co_await write(step.output, patience(smtp::Phase::quit));
  connection_->close();
}

void SmtpUpstream::abort() {
  aborted_ = true;
  connecting_.abort();
  if (connection_) connection_->interrupt();
}

/// What is to be said beside the reply, or instead of one.
std::string SmtpUpstream::explain(std::string_view trouble, bool replied) const {
  if (trouble.empty()) return replied ? std::string() : "connection lost: " + why();
  return last_error_ ? std::string(trouble) + " (" + why() + ")" : std::string(trouble);
}

std::string SmtpUpstream::why() const {
  if (connection_ && connection_->expired()) return "no answer in time";
  if (connection_ && connection_->tls()) {
    const long verdict = SSL_get_verify_result(connection_->tls()->native_handle());
    if (verdict != X509_V_OK) return X509_verify_cert_error_string(verdict);
  }
  return last_error_ ? last_error_.message() : "the upstream broke the protocol";
}

}  // namespace delivery
