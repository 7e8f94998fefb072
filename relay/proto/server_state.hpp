#pragma once

#include "policy/facts.hpp"
#include "policy/reply.hpp"
#include "relay/proto/sasl.hpp"
#include "relay/proto/server_session.hpp"
#include "relay/proto/verbs.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smtp {

/// A refusal that only the session can know of: what is wrong, then the mend from the table of
/// reasons.
[[nodiscard]] policy::Refusal refusal_for(policy::Reason reason, std::string_view what);
[[nodiscard]] policy::Refusal encryption_required();

/// The server session between two Inputs. Its commands are in server_session.cpp, what belongs to a
/// transaction in server_transaction.cpp.
struct ServerSession::State {
  /// What lives from MAIL to the end of the transaction; replaced whole, so that nothing of it
  /// outlives it.
  struct Transaction {
    std::shared_ptr<const policy::AppFacts> app;
    policy::Envelope envelope;
    std::uint64_t declared_size = 0;
    bool recipient_refused = false;
    bool has_suppressed = false;
    std::vector<LeftOut> left_out;
  };

  ServerOptions options;
  Stage stage = Stage::fresh;
  std::string app;                   ///< bound or authenticated; empty while unknown
  std::optional<SaslExchange> sasl;  ///< in Stage::sasl alone
  Transaction transaction;
  int bad_commands = 0;
  std::uint64_t references = 0;

  explicit State(ServerOptions given) : options(std::move(given)), app(options.app) {}

  [[nodiscard]] bool in_transaction() const noexcept {
    return stage == Stage::facts || stage == Stage::envelope || stage == Stage::recipients ||
           stage == Stage::weighing || stage == Stage::content || stage == Stage::store;
  }
  [[nodiscard]] bool confidential() const noexcept {
    return options.encrypted || options.plain_text_ok;
  }
  void end_transaction() {
    transaction = Transaction();
    stage = Stage::ready;
  }

  Step say(const policy::Reply& reply) {
    return {reply.wire(), ReadLine{in_transaction()}, {}, {}};
  }
  Step say(policy::Status status, std::string_view text) {
    return say(policy::Reply(status, text));
  }
  Step bad(policy::Status status, std::string_view text);
  Step refuse(policy::Refusal refusal);
  Step refuse_transaction(policy::Refusal refusal);
  Step close(std::string output, std::string_view why);

  Step command(std::string_view line);
  Step out_of_order(Verb verb);
  Step perform(Verb verb, const Arguments& arguments);
  Step ehlo();
  Step helo();
  Step mail(const PathArguments& arguments);
  Step rcpt(const PathArguments& arguments);
  Step data();
  Step ask_for_content();
  Step rset();
  Step starttls();
  Step auth(const AuthArguments& arguments);
  Step exchange(SaslStep sasl_step);

  Step on(const Line& line);
  Step on(const LineTooLong&);
  Step on(const BadLineEnd&);
  Step on(const EarlyTalk&);
  Step on(const TlsStarted&);
  Step on(const Authenticated& answer);
  Step on(Facts& facts);
  Step on(Refuse& refuse);
  Step on(const Weighed& weighed);
  Step on(Content& content);
  Step on(const Stored& stored);
  Step on(const NotStored&);
  Step on(const StoreTimedOut&);
  Step on(const TimedOut&);
  Step on(const Draining&);
};

}  // namespace smtp
