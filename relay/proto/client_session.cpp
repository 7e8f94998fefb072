#include "relay/proto/client_session.hpp"

#include "relay/proto/base64.hpp"
#include "relay/proto/reply_class.hpp"
#include "relay/proto/reply_reader.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace smtp {
namespace {

constexpr std::string_view lost =
    "The connection to the upstream was lost, or timed out, before its reply.";
constexpr std::string_view no_smtp_reply =
    "What the upstream sent is no SMTP reply: check that host and port name an SMTP service.";
constexpr std::string_view out_of_place =
    "The upstream's reply does not belong to the command it was given: the connection was closed.";
constexpr std::string_view no_starttls =
    "The upstream does not offer STARTTLS and nothing was sent in clear text: set tls: implicit or "
    "another port.";
constexpr std::string_view no_mechanism =
    "The upstream offers neither AUTH PLAIN nor AUTH LOGIN: check host and port, or leave user "
    "name and password out.";
constexpr std::string_view unsendable =
    "The envelope cannot be written as SMTP commands: drop the message and send it again from the "
    "site.";
constexpr std::string_view withheld =
    "The content was held back after 354, because it could not be marked as in doubt: see the log "
    "on the store.";
constexpr std::string_view out_of_turn =
    "The delivery driver spoke out of turn, a mistake in Postern: please report it.";
constexpr std::string_view session_over = "The session with the upstream is over.";

// --- what may be written and said ---

/// A path that stays one argument of its command: no control character, no bracket outside a quoted
/// string.
bool sendable(std::string_view path) {
  bool quoted = false;
  for (std::size_t at = 0; at < path.size(); ++at) {
    const auto c = static_cast<unsigned char>(path[at]);
    if (c < 0x20 || c == 0x7F || (!quoted && (c == '<' || c == '>' || c == ' '))) return false;
    if (c == '"') quoted = !quoted;
    if (c == '\\' && quoted) ++at;
  }
  return !quoted;
}

bool sendable(const policy::Envelope& envelope) {
  const auto fits = [](const std::string& path) { return !path.empty() && sendable(path); };
  return sendable(envelope.reverse_path) && !envelope.forward_paths.empty() &&
         std::ranges::all_of(envelope.forward_paths, fits);
}

enum class At : std::uint8_t {
  start,
  greeting,
  hello,
  starttls,
  handshake,
  auth_plain,
  login_user,      ///< AUTH LOGIN was sent: the user name is asked for next
  login_password,  ///< the user name was sent
  login_end,       ///< the password was sent
  idle,
  reset,
  mail,
  rcpt,
  data,
  sending,  ///< between 354 and ContentSent
  end_of_data,
  quit,
  over,
};

Phase phase_of(At at) {
  switch (at) {
    case At::start:
      return Phase::connect;
    case At::greeting:
      return Phase::greeting;
    case At::hello:
      return Phase::hello;
    case At::starttls:
    case At::handshake:
      return Phase::starttls;
    case At::auth_plain:
    case At::login_user:
    case At::login_password:
    case At::login_end:
      return Phase::auth;
    case At::idle:
      return Phase::idle;
    case At::reset:
    case At::mail:
      return Phase::mail;
    case At::rcpt:
      return Phase::rcpt;
    case At::data:
      return Phase::data;
    case At::sending:
    case At::end_of_data:
      return Phase::end_of_data;
    case At::quit:
    case At::over:
      return Phase::quit;
  }
  return Phase::quit;
}

/// The first digit of the reply that lets the session go on; 0: none does.
int wanted(At at) {
  switch (at) {
    case At::greeting:
    case At::hello:
    case At::starttls:
    case At::auth_plain:
    case At::login_end:
    case At::reset:
    case At::mail:
    case At::rcpt:
    case At::end_of_data:
      return 2;
    case At::login_user:
    case At::login_password:
    case At::data:
      return 3;
    case At::start:
    case At::handshake:
    case At::idle:
    case At::sending:
    case At::quit:
    case At::over:
      return 0;
  }
  return 0;
}

bool in_transaction(At at) { return at >= At::reset && at <= At::end_of_data; }
bool takes_lines(At at) { return at != At::start && at != At::handshake && at != At::over; }

}  // namespace

struct ClientSession::State {
  ClientOptions options;
  At at = At::start;
  ReplyReader reader{};
  Capabilities offered{};
  bool encrypted = false;    ///< by STARTTLS
  bool needs_reset = false;  ///< the last transaction was refused before its end of data
  bool served = false;       ///< a transaction came to its end here before
  Deliver transaction{};
  std::size_t next_path = 0;  ///< forward path whose RCPT goes out next

  // What came back.
  ClientStep on(const ReplyLine& line);
  ClientStep on(const ClientTlsStarted&);
  ClientStep on(Deliver& deliver);
  ClientStep on(const ContentSent&);
  ClientStep on(const ContentWithheld&);
  ClientStep on(const Quit&);
  ClientStep on(const Broken&) { return fail(lost); }
  ClientStep on_reply(UpstreamReply reply);
  ClientStep advance(UpstreamReply reply);
  ClientStep turned_down(UpstreamReply reply);

  // What is said next.
  ClientStep command(At next, std::string line);
  ClientStep hello();
  ClientStep greeted(UpstreamReply hello_reply);
  ClientStep authenticate(UpstreamReply hello_reply);
  ClientStep ready();
  ClientStep mail();
  ClientStep rcpt_or_data();

  // Ends.
  ClientStep close(std::optional<UpstreamReply> reply, std::string_view trouble);
  ClientStep finish(std::optional<UpstreamReply> reply, bool closing);
  ClientStep fail(std::string_view trouble);

  [[nodiscard]] std::string plain_response() const;
  [[nodiscard]] bool idle() const { return at == At::idle && reader.between_replies(); }
};

// --- what came back ---

ClientStep ClientSession::State::on(const ReplyLine& line) {
  if (!takes_lines(at)) return fail(out_of_place);
  if (at == At::hello && !reader.between_replies()) note(offered, line.text);
  switch (reader.feed(line.text)) {
    case ReplyReader::Found::more:
      return {{}, AwaitReply{phase_of(at)}};
    case ReplyReader::Found::whole:
      return on_reply(reader.take());
    case ReplyReader::Found::garbage:
      return fail(no_smtp_reply);
  }
  return fail(no_smtp_reply);
}

ClientStep ClientSession::State::on(const ClientTlsStarted& /*input*/) {
  if (at != At::handshake) return fail(out_of_turn);
  encrypted = true;
  return hello();
}

ClientStep ClientSession::State::on(Deliver& deliver) {
  if (!idle()) return fail(out_of_turn);
  if (!sendable(deliver.envelope)) {
    return {{}, Finished{Phase::mail, std::nullopt, false, false, unsendable}};
  }
  transaction = std::move(deliver);
  next_path = 0;
  return needs_reset ? command(At::reset, "RSET") : mail();
}

ClientStep ClientSession::State::on(const ContentSent& /*input*/) {
  if (at != At::sending) return fail(out_of_turn);
  at = At::end_of_data;
  return {{}, AwaitReply{Phase::end_of_data}};
}

ClientStep ClientSession::State::on(const ContentWithheld& /*input*/) {
  if (at != At::sending) return fail(out_of_turn);
  at = At::data;  // the point of no return was not passed
  return fail(withheld);
}

ClientStep ClientSession::State::on(const Quit& /*input*/) {
  return idle() ? command(At::quit, "QUIT") : fail(out_of_turn);
}

ClientStep ClientSession::State::on_reply(UpstreamReply reply) {
  if (phase_of(at) == Phase::auth) {
    const std::array secrets{options.password, base64_encode(options.password), plain_response()};
    reply.text = without_secrets(reply.text, secrets);
  }
  if (reply.code / 100 == wanted(at)) return advance(std::move(reply));
  return in_transaction(at) ? turned_down(std::move(reply)) : close(std::move(reply), {});
}

/// After the reply that was wanted.
ClientStep ClientSession::State::advance(UpstreamReply reply) {
  switch (at) {
    case At::greeting:
      return hello();
    case At::hello:
      return greeted(std::move(reply));
    case At::starttls:
      at = At::handshake;
      return {{}, ClientStartTls{}};
    case At::login_user:
      return command(At::login_password, base64_encode(options.user));
    case At::login_password:
      return command(At::login_end, base64_encode(options.password));
    case At::auth_plain:
    case At::login_end:
      return ready();
    case At::reset:
      return mail();
    case At::mail:
    case At::rcpt:
      return rcpt_or_data();
    case At::data:
      at = At::sending;
      return {{}, SendContent{}};
    case At::end_of_data:
      return finish(std::move(reply), false);
    case At::start:
    case At::handshake:
    case At::idle:
    case At::sending:
    case At::quit:
    case At::over:
      break;
  }
  return fail(out_of_place);
}

/// Another reply than the one wanted, in a transaction.
ClientStep ClientSession::State::turned_down(UpstreamReply reply) {
  // A 5yz to RSET says nothing of the message and must not fail it.
  if (reply.code < 400 || (at == At::reset && reply.code >= 500)) return fail(out_of_place);
  // Ahead of ContentSent the content may be half written: nothing can follow it.
  const bool closing = at == At::reset || at == At::sending || ends_session(reply);
  return finish(std::move(reply), closing);
}

// --- what is said next ---

ClientStep ClientSession::State::command(At next, std::string line) {
  at = next;
  return {std::move(line) + "\r\n", AwaitReply{phase_of(at)}};
}

ClientStep ClientSession::State::hello() {
  offered = {};
  return command(At::hello, "EHLO " + options.hostname);
}

ClientStep ClientSession::State::greeted(UpstreamReply hello_reply) {
  if (!options.starttls || encrypted) return authenticate(std::move(hello_reply));
  if (offered.starttls) return command(At::starttls, "STARTTLS");
  at = At::starttls;
  return close(std::move(hello_reply), no_starttls);
}

std::string ClientSession::State::plain_response() const {
  const std::string nul(1, '\0');
  return base64_encode(nul + options.user + nul + options.password);
}

ClientStep ClientSession::State::authenticate(UpstreamReply hello_reply) {
  if (options.user.empty() && options.password.empty()) return ready();
  if (offered.plain) return command(At::auth_plain, "AUTH PLAIN " + plain_response());
  if (offered.login) return command(At::login_user, "AUTH LOGIN");
  at = At::auth_plain;
  return close(std::move(hello_reply), no_mechanism);
}

ClientStep ClientSession::State::ready() {
  at = At::idle;
  return {{}, Ready{}};
}

ClientStep ClientSession::State::mail() {
  std::string line = "MAIL FROM:<" + transaction.envelope.reverse_path + ">";
  if (offered.size && transaction.octets > 0) {
    line += " SIZE=" + std::to_string(transaction.octets);
  }
  if (offered.eight_bit) line += " BODY=8BITMIME";
  return command(At::mail, std::move(line));
}

ClientStep ClientSession::State::rcpt_or_data() {
  const std::vector<std::string>& paths = transaction.envelope.forward_paths;
  if (next_path == paths.size()) return command(At::data, "DATA");
  return command(At::rcpt, "RCPT TO:<" + paths[next_path++] + ">");
}

// --- ends ---

ClientStep ClientSession::State::close(std::optional<UpstreamReply> reply,
                                       std::string_view trouble) {
  const Phase phase = phase_of(std::exchange(at, At::over));
  return {{}, ClientClose{phase, std::move(reply), trouble}};
}

ClientStep ClientSession::State::finish(std::optional<UpstreamReply> reply, bool closing) {
  const At ended = std::exchange(at, closing ? At::over : At::idle);
  needs_reset = ended != At::end_of_data;
  served = true;
  transaction = {};
  return {{}, Finished{phase_of(ended), std::move(reply), false, closing, {}}};
}

/// No reply to go by: ends the session, and the transaction if there is one.
ClientStep ClientSession::State::fail(std::string_view trouble) {
  if (!in_transaction(at)) return close(std::nullopt, at == At::over ? session_over : trouble);
  const At ended = std::exchange(at, At::over);
  const bool ambiguous = ended == At::sending || ended == At::end_of_data;
  // SES closes idle sessions: only the break of a fresh one speaks against the upstream.
  const bool stale = served && (ended == At::reset || ended == At::mail);
  const Phase phase = stale ? Phase::idle : phase_of(ended);
  return {{}, Finished{phase, std::nullopt, ambiguous, true, trouble}};
}

// --- the public face ---

ClientSession::ClientSession(ClientOptions options)
    : state_(std::make_unique<State>(State{.options = std::move(options)})) {}
ClientSession::~ClientSession() = default;
ClientSession::ClientSession(ClientSession&&) noexcept = default;
ClientSession& ClientSession::operator=(ClientSession&&) noexcept = default;

ClientStep ClientSession::start() {
  state_->at = At::greeting;
  return {{}, AwaitReply{Phase::greeting}};
}

ClientStep ClientSession::resume(ClientInput input) {
  return std::visit([this](auto& came) { return state_->on(came); }, input);
}

std::string_view word(Phase phase) noexcept {
  switch (phase) {
    case Phase::connect:
      return "connect";
    case Phase::greeting:
      return "greeting";
    case Phase::hello:
      return "hello";
    case Phase::starttls:
      return "starttls";
    case Phase::auth:
      return "auth";
    case Phase::idle:
      return "idle";
    case Phase::mail:
      return "mail";
    case Phase::rcpt:
      return "rcpt";
    case Phase::data:
      return "data";
    case Phase::end_of_data:
      return "end-of-data";
    case Phase::quit:
      return "quit";
  }
  return "";
}

}  // namespace smtp
