#include "relay/proto/server_session.hpp"

#include "relay/proto/server_state.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace smtp {
namespace {

using policy::Reason;
using policy::Refusal;
using policy::Reply;
using policy::Status;

constexpr Status wrong_order{503, 5, 1};
constexpr Status not_offered{502, 5, 1};

/// The number in Crockford's base32, as queue ids are shown.
std::string base32(std::uint64_t number) {
  constexpr std::string_view digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string text;
  for (; number != 0; number /= 32) text += digits[number % 32];
  std::ranges::reverse(text);
  return text;
}

std::string_view what_comes_first(Stage stage, Verb verb) {
  if (stage == Stage::fresh) return "Say EHLO first";
  if (stage == Stage::ready) return "Send MAIL FROM first";
  if (verb == Verb::data) return "Send RCPT TO first";
  return "A transaction is open: end it or send RSET first";
}

/// Whether a stage waits for this kind of input. TimedOut and Draining can come instead of any.
struct AwaitedIn {
  Stage stage;
  [[nodiscard]] bool line() const { return stage <= Stage::sasl; }
  bool operator()(const Line&) const { return line(); }
  bool operator()(const LineTooLong&) const { return line(); }
  bool operator()(const BadLineEnd&) const { return line(); }
  bool operator()(const EarlyTalk&) const { return line() || stage == Stage::tls; }
  bool operator()(const TlsStarted&) const { return stage == Stage::tls; }
  bool operator()(const Authenticated&) const { return stage == Stage::credential; }
  bool operator()(const Facts&) const { return stage == Stage::facts; }
  bool operator()(const Refuse&) const { return stage == Stage::facts; }
  bool operator()(const Weighed&) const { return stage == Stage::weighing; }
  bool operator()(const Content&) const { return stage == Stage::content; }
  bool operator()(const Stored&) const { return stage == Stage::store; }
  bool operator()(const NotStored&) const {
    return stage == Stage::store || stage == Stage::weighing;
  }
  bool operator()(const StoreTimedOut&) const { return stage == Stage::store; }
  bool operator()(const TimedOut&) const { return stage != Stage::closed; }
  bool operator()(const Draining&) const { return stage != Stage::closed; }
};

}  // namespace

Refusal refusal_for(Reason reason, std::string_view what) {
  std::string sentence(what);
  sentence.append(". ").append(policy::row(reason).mend);
  if (sentence.ends_with('.')) sentence.pop_back();  // the reference follows
  return {reason, std::nullopt, std::move(sentence), {}};
}

Refusal encryption_required() {
  return refusal_for(Reason::encryption_required, "Not sent: the connection is not encrypted");
}

// --- what it says ---

Step ServerSession::State::bad(Status status, std::string_view text) {
  if (++bad_commands <= max_bad_commands) return say(status, text);
  return close(Reply({421, 7, 0}, "Too many bad commands").wire(), "errors");
}

Step ServerSession::State::refuse(Refusal refusal) {
  std::string reference = options.session_reference + base32(++references);
  Step step = say(policy::reply_to(refusal, reference));
  step.refused =
      Refused{std::move(refusal), std::move(reference), app, transaction.envelope.reverse_path};
  return step;
}

Step ServerSession::State::refuse_transaction(Refusal refusal) {
  Step step = refuse(std::move(refusal));
  end_transaction();
  step.next = ReadLine{};
  return step;
}

Step ServerSession::State::close(std::string output, std::string_view why) {
  stage = Stage::closed;
  return {std::move(output), Close{}, {}, why};
}

// --- commands ---

Step ServerSession::State::on(const Line& line) {
  if (sasl) return exchange(sasl->resume(line.text));
  return command(line.text);
}

Step ServerSession::State::command(std::string_view line) {
  if (stage == Stage::fresh && is_http_request(line)) return close({}, "http");
  const Command command = read_command(line);
  if (!command.row) return bad({500, 5, 1}, "Command not known");
  const VerbRow& row = *command.row;
  if (!legal_in(row, stage)) return out_of_order(row.verb);
  const Arguments arguments = row.read(command.arguments);
  if (const auto* fault = std::get_if<SyntaxFault>(&arguments))
    return bad(fault->status, fault->text);
  return perform(row.verb, arguments);
}

/// RCPT and DATA may have been pipelined behind a refusal: that is no fault of the client, and ends
/// a transaction that no recipient is left of.
Step ServerSession::State::out_of_order(Verb verb) {
  if (verb == Verb::data && transaction.recipient_refused) {
    end_transaction();
    return say({554, 5, 1}, "No valid recipients");
  }
  const std::string_view text = what_comes_first(stage, verb);
  return verb == Verb::rcpt || verb == Verb::data ? say(wrong_order, text) : bad(wrong_order, text);
}

Step ServerSession::State::perform(Verb verb, const Arguments& arguments) {
  switch (verb) {
    case Verb::ehlo:
      return ehlo();
    case Verb::helo:
      return helo();
    case Verb::mail:
      return mail(std::get<PathArguments>(arguments));
    case Verb::rcpt:
      return rcpt(std::get<PathArguments>(arguments));
    case Verb::data:
      return data();
    case Verb::rset:
      return rset();
    case Verb::noop:
      return say({250, 0, 0}, "Ok");
    case Verb::quit:
      return close(Reply({221, 0, 0}, "Bye").wire(), "quit");
    case Verb::vrfy:
      return say({252, 5, 2}, "Not looked up: send mail to it");
    case Verb::help:
      return say({214, 0, 0},
                 "Mail is submitted with EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, QUIT");
    case Verb::starttls:
      return starttls();
    case Verb::auth:
      return auth(std::get<AuthArguments>(arguments));
    case Verb::not_implemented:
      return bad(not_offered, "Not offered here");
  }
  return close({}, "fault");
}

Step ServerSession::State::ehlo() {
  end_transaction();
  std::vector<std::string> lines{options.hostname,
                                 "PIPELINING",
                                 "SIZE " + std::to_string(options.size_limit),
                                 "8BITMIME",
                                 "ENHANCEDSTATUSCODES"};
  if (options.starttls && !options.encrypted) lines.emplace_back("STARTTLS");
  if (options.auth && confidential()) lines.emplace_back("AUTH PLAIN LOGIN");
  return say(Reply::plain(250, std::move(lines)));
}

Step ServerSession::State::helo() {
  end_transaction();
  return say(Reply::plain(250, {options.hostname}));
}

Step ServerSession::State::rset() {
  if (stage != Stage::fresh) end_transaction();
  return say({250, 0, 0}, "Ok");
}

Step ServerSession::State::starttls() {
  if (options.encrypted) return bad(wrong_order, "The connection is encrypted already");
  if (!options.starttls) return bad(not_offered, "STARTTLS is not offered here");
  stage = Stage::tls;
  return {Reply({220, 0, 0}, "Ready to start TLS").wire(), StartTls{}, {}, {}};
}

Step ServerSession::State::auth(const AuthArguments& arguments) {
  if (!options.auth) return bad(not_offered, "AUTH is not offered here");
  if (!confidential()) return refuse(encryption_required());
  if (!app.empty()) return bad(wrong_order, "You are logged in already");
  sasl.emplace(arguments.mechanism);
  return exchange(sasl->begin(arguments.initial_response));
}

Step ServerSession::State::exchange(SaslStep sasl_step) {
  if (const auto* challenge = std::get_if<Challenge>(&sasl_step)) {
    stage = Stage::sasl;
    return say(Reply::plain(334, {std::string(challenge->text)}));
  }
  sasl.reset();
  stage = Stage::ready;
  if (auto* credential = std::get_if<Credential>(&sasl_step)) {
    stage = Stage::credential;
    return {{}, Authenticate{std::move(credential->user), std::move(credential->password)}, {}, {}};
  }
  switch (std::get<SaslFault>(sasl_step)) {
    case SaslFault::cancelled:
      return bad({501, 7, 0}, "Cancelled");
    case SaslFault::malformed:
      return bad({501, 5, 2}, "Not a well-formed response");
    case SaslFault::identity:
      return on(Authenticated{});
  }
  return close({}, "fault");
}

Step ServerSession::State::on(const Authenticated& answer) {
  stage = Stage::ready;
  if (answer.app) {
    app = answer.app->name;
    return say({235, 7, 0}, "Authentication successful");
  }
  Step step = refuse(refusal_for(Reason::auth_failed, "User name or password not correct"));
  if (answer.session_over) {
    stage = Stage::closed;
    step.next = Close{};
    step.closed_for = "auth-failed";
  }
  return step;
}

// --- what can go wrong with the connection ---

/// No mail client begins with such a line; it may be the request line of HTTP, and commands its
/// body.
Step ServerSession::State::on(const LineTooLong&) {
  if (stage == Stage::fresh) return close(Reply({500, 5, 2}, "Line too long").wire(), "errors");
  if (!sasl) return bad({500, 5, 2}, "Line too long");
  sasl.reset();
  stage = Stage::ready;
  return bad({500, 5, 6}, "Line too long");
}

Step ServerSession::State::on(const BadLineEnd&) {
  return close(Reply({500, 5, 2}, "A command is one line that ends with CRLF").wire(),
               "bad-line-end");
}

Step ServerSession::State::on(const EarlyTalk&) {
  return close(Reply({554, 5, 1}, "Wait for the reply before you go on").wire(), "early-talk");
}

/// RFC 3207 4.2: what the client said in clear text is forgotten. The count of bad commands and of
/// references is ours.
Step ServerSession::State::on(const TlsStarted&) {
  ServerOptions after = std::move(options);
  after.encrypted = true;
  State fresh(std::move(after));
  fresh.bad_commands = bad_commands;
  fresh.references = references;
  *this = std::move(fresh);
  return {{}, ReadLine{}, {}, {}};
}

Step ServerSession::State::on(const TimedOut&) {
  if (stage == Stage::store) return close({}, "timeout");
  return close(Reply({421, 4, 2}, "Nothing came for too long").wire(), "timeout");
}

Step ServerSession::State::on(const Draining&) {
  if (stage == Stage::store) return close({}, "drain");
  Step step = refuse(refusal_for(Reason::shutdown, "The relay is stopping"));
  stage = Stage::closed;
  step.next = Close{};
  step.closed_for = "drain";
  return step;
}

// --- the session ---

ServerSession::ServerSession(ServerOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}
ServerSession::~ServerSession() = default;
ServerSession::ServerSession(ServerSession&&) noexcept = default;
ServerSession& ServerSession::operator=(ServerSession&&) noexcept = default;

Step ServerSession::start() {
  return state_->say(Reply::plain(220, {state_->options.hostname + " ESMTP"}));
}

Step ServerSession::resume(Input input) {
  if (!std::visit(AwaitedIn{state_->stage}, input)) return state_->close({}, "fault");
  return std::visit([this](auto& came) { return state_->on(came); }, input);
}

bool ServerSession::in_transaction() const noexcept { return state_->in_transaction(); }

}  // namespace smtp
