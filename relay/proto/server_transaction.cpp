#include "relay/proto/server_state.hpp"

#include "policy/address.hpp"
#include "policy/evaluate.hpp"
#include "policy/summary.hpp"
#include "policy/urgency.hpp"

#include <algorithm>
#include <utility>

namespace smtp {
namespace {

using policy::Reason;
using policy::Refusal;

Refusal auth_required() {
  return refusal_for(Reason::auth_required, "Not sent: no account is known for this site");
}

Refusal storage() { return refusal_for(Reason::storage, "Not sent: the relay could not store it"); }

Refusal too_big(std::uint64_t limit) {
  return refusal_for(Reason::too_big,
                     "Not sent: it is larger than the limit, " + std::to_string(limit) + " octets");
}

}  // namespace

Step ServerSession::State::mail(const PathArguments& arguments) {
  if (!confidential()) return refuse(encryption_required());
  if (app.empty()) return refuse(auth_required());
  const auto address = policy::parse_path(arguments.path);
  transaction.envelope.reverse_path = address ? address->text() : std::string(arguments.path);
  transaction.declared_size = arguments.size;
  stage = Stage::facts;
  return {{}, Begin{app}, {}, {}};
}

Step ServerSession::State::on(Refuse& refuse) {
  return refuse_transaction(std::move(refuse.refusal));
}

Step ServerSession::State::on(Facts& facts) {
  if (!facts.app) return refuse_transaction(auth_required());
  if (!facts.storable) return refuse_transaction(storage());
  const auto verdict =
      policy::judge_mail(*facts.app, transaction.envelope.reverse_path, transaction.declared_size);
  if (verdict) return refuse_transaction(*verdict);
  if (const auto full = policy::judge_queue(*facts.app, facts.queued))
    return refuse_transaction(*full);
  if (transaction.declared_size > options.size_limit)
    return refuse_transaction(too_big(options.size_limit));
  transaction.app = std::move(facts.app);
  transaction.has_suppressed = facts.has_suppressed;
  stage = Stage::envelope;
  return say({250, 1, 0}, "Ok");
}

Step ServerSession::State::rcpt(const PathArguments& arguments) {
  auto& forward_paths = transaction.envelope.forward_paths;
  if (forward_paths.size() >= max_recipients_listed) return say({452, 5, 3}, "Too many recipients");
  const auto address = policy::parse_path(arguments.path);
  const auto verdict = policy::judge_recipient(arguments.path);
  if (verdict || !address) {
    transaction.recipient_refused = true;
    return refuse(
        verdict.value_or(refusal_for(Reason::recipient, "Not sent: not a valid address")));
  }
  forward_paths.push_back(address->text());
  stage = Stage::recipients;
  return say({250, 1, 5}, "Ok");
}

Step ServerSession::State::data() {
  if (const auto verdict = policy::judge_data(*transaction.app, transaction.envelope)) {
    return refuse_transaction(*verdict);
  }
  if (!transaction.app->restricted && !transaction.has_suppressed) return ask_for_content();
  stage = Stage::weighing;
  return {{}, Weigh{transaction.app, transaction.envelope.forward_paths}, {}, {}};
}

/// Recipients that may not get it are left out, and the reply tells of them only when nobody is
/// left.
Step ServerSession::State::on(const Weighed& weighed) {
  const policy::AppFacts& facts = *transaction.app;
  auto& forward_paths = transaction.envelope.forward_paths;
  const auto verdict =
      policy::judge_recipients(facts, transaction.envelope, weighed.recipients, facts.restricted);
  if (verdict.refusal) return refuse_transaction(*verdict.refusal);
  for (const policy::LeftOut& each : verdict.left_out)
    transaction.left_out.push_back({std::exchange(forward_paths[each.recipient], ""), each.reason});
  std::erase(forward_paths, "");
  return ask_for_content();
}

Step ServerSession::State::ask_for_content() {
  stage = Stage::content;
  const std::uint64_t limit = std::min(options.size_limit, transaction.app->limits.message_size);
  return {policy::Reply::plain(354, {"End data with <CR><LF>.<CR><LF>"}).wire(),
          ReadContent{limit},
          {},
          {}};
}

namespace {

/// Under p=quarantine a message that does not align is taken, and may end as spam.
std::string quarantine_warning(const policy::AppFacts& facts, const policy::Summary& summary) {
  const auto sight = policy::dmarc_sight(facts, summary);
  if (!sight || sight->passes() || sight->policy != policy::DmarcPolicy::quarantine) return {};
  return sight->from_domain +
         " publishes DMARC p=quarantine and this mail does not align: receivers may take it for "
         "spam";
}

}  // namespace

Step ServerSession::State::on(Content& content) {
  const policy::AppFacts& facts = *transaction.app;
  if (content.too_big || !content.octets) {
    return refuse_transaction(too_big(std::min(options.size_limit, facts.limits.message_size)));
  }
  if (facts.rules.line_ends == policy::LineEnds::normalise) {
    content.octets = std::make_shared<std::string>(policy::normalise_line_ends(*content.octets));
  }
  policy::Summary summary = policy::summarise(*content.octets, facts.rules, facts.urgent_paths);
  if (const auto verdict = policy::judge_message(facts, summary))
    return refuse_transaction(*verdict);
  const policy::SenderDomain* signs = policy::signing_domain(facts, summary);
  if (!signs) {
    return refuse_transaction(
        refusal_for(Reason::from_domain, "Not sent: no domain of this site can sign it"));
  }
  const policy::Urgency urgent = policy::urgency(summary, transaction.envelope);
  stage = Stage::store;
  return {{},
          Commit{transaction.envelope,
                 std::move(content.octets),
                 transaction.app,
                 signs->name,
                 signs->association,
                 std::move(summary.message_id),
                 std::string(policy::unknown_from(facts, summary)),
                 quarantine_warning(facts, summary),
                 urgent.by_link,
                 urgent.by_field,
                 std::move(transaction.left_out)},
          {},
          {}};
}

Step ServerSession::State::on(const Stored& stored) {
  end_transaction();
  bad_commands = 0;
  return say({250, 0, 0}, "Ok: queued as " + stored.queue_id);
}

Step ServerSession::State::on(const NotStored&) { return refuse_transaction(storage()); }
Step ServerSession::State::on(const StoreTimedOut&) { return close({}, "store-timeout"); }

}  // namespace smtp
