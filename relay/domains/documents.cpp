#include "relay/domains/documents.hpp"

#include "relay/domains/json_fields.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <utility>

namespace domains {

namespace {

namespace json = boost::json;

constexpr auto roles = std::to_array<std::pair<std::string_view, Caller::Role>>(
    {{"admin", Caller::Role::admin}, {"read", Caller::Role::read}, {"app", Caller::Role::app}});
constexpr auto signings = std::to_array<std::pair<std::string_view, policy::SigningMode>>(
    {{"local", policy::SigningMode::local}, {"ses", policy::SigningMode::ses}});
constexpr auto algorithms = std::to_array<std::pair<std::string_view, dkim::Algorithm>>(
    {{"rsa2048", dkim::Algorithm::rsa_sha256}, {"ed25519", dkim::Algorithm::ed25519_sha256}});
constexpr auto results = std::to_array<std::pair<std::string_view, policy::CheckResult>>(
    {{"unknown", policy::CheckResult::unknown},
     {"good", policy::CheckResult::good},
     {"bad", policy::CheckResult::bad},
     {"silent", policy::CheckResult::silent}});
constexpr auto stages = std::to_array<dkim::KeyStage>({dkim::KeyStage::fresh,
                                                       dkim::KeyStage::published,
                                                       dkim::KeyStage::active,
                                                       dkim::KeyStage::retiring,
                                                       dkim::KeyStage::removable,
                                                       dkim::KeyStage::gone});

template <class Value, std::size_t N>
std::string_view word_of(const std::array<std::pair<std::string_view, Value>, N>& words,
                         Value value) {
  for (const auto& [word, meaning] : words)
    if (meaning == value) return word;
  return words.front().first;
}

template <class Value, std::size_t N>
void read_word(const Fields& fields,
               std::string_view name,
               const std::array<std::pair<std::string_view, Value>, N>& words,
               Value& into) {
  std::string text;
  fields.read(name, text);
  for (const auto& [word, meaning] : words)
    if (word == text) into = meaning;
}

json::value time_or_null(const std::optional<WallTime>& time) {
  return time ? json::value(milliseconds(*time)) : json::value(nullptr);
}

json::array texts(const std::vector<std::string>& list) {
  json::array array;
  for (const std::string& text : list) array.emplace_back(text);
  return array;
}

json::object limits_json(const policy::Limits& limits) {
  json::object object{{"recipients_per_message", limits.recipients_per_message},
                      {"message_size", limits.message_size}};
  if (limits.queued_messages) object["queued_messages"] = *limits.queued_messages;
  if (limits.queued_bytes) object["queued_bytes"] = *limits.queued_bytes;
  return object;
}

void read_limits(const Fields& fields, policy::Limits& limits) {
  fields.read("recipients_per_message", limits.recipients_per_message);
  fields.read("message_size", limits.message_size);
  fields.read("queued_messages", limits.queued_messages);
  fields.read("queued_bytes", limits.queued_bytes);
}

json::object state_json(const policy::DomainState& state) {
  json::object checks;
  for (std::size_t i = 0; i < policy::domain_checks; ++i) {
    const policy::CheckState& check = state.checks[i];
    checks[policy::word(static_cast<policy::DomainCheck>(i))] =
        json::object{{"last", word_of(results, check.last)},
                     {"seen", milliseconds(check.seen)},
                     {"silent_since", time_or_null(check.silent_since)}};
  }
  return {{"status", policy::word(state.status)},
          {"since", milliseconds(state.since)},
          {"proved", state.proved},
          {"wrong_for", state.wrong_for.count()},
          {"last_wrong", time_or_null(state.last_wrong)},
          {"last_round", time_or_null(state.last_round)},
          {"quiet_rounds", state.quiet_rounds},
          {"checks", std::move(checks)}};
}

void read_state(const Fields& fields, policy::DomainState& state) {
  std::string status;
  fields.read("status", status);
  state.status = policy::domain_status_of(status).value_or(policy::DomainStatus::pending);
  fields.read("since", state.since);
  fields.read("proved", state.proved);
  fields.read("wrong_for", state.wrong_for);
  fields.read("last_wrong", state.last_wrong);
  fields.read("last_round", state.last_round);
  fields.read("quiet_rounds", state.quiet_rounds);
  const Fields checks = fields.object("checks");
  for (std::size_t i = 0; i < policy::domain_checks; ++i) {
    const Fields check = checks.object(policy::word(static_cast<policy::DomainCheck>(i)));
    read_word(check, "last", results, state.checks[i].last);
    check.read("seen", state.checks[i].seen);
    check.read("silent_since", state.checks[i].silent_since);
  }
}

json::object key_json(const dkim::KeyState& key) {
  return {{"selector", key.selector},
          {"id", key.id},
          {"stage", dkim::word(key.stage)},
          {"made", milliseconds(key.made)},
          {"since", milliseconds(key.since)},
          {"confirmed", key.confirmed},
          {"contradictions", key.contradictions},
          {"contradicted_at", time_or_null(key.contradicted_at)},
          {"last_signed", time_or_null(key.last_signed)},
          {"ttl", key.ttl ? json::value(key.ttl->count()) : json::value(nullptr)}};
}

dkim::KeyState read_key_state(const Fields& fields) {
  dkim::KeyState key;
  std::string stage;
  fields.read("selector", key.selector);
  fields.read("id", key.id);
  fields.read("stage", stage);
  for (const dkim::KeyStage known : stages)
    if (dkim::word(known) == stage) key.stage = known;
  fields.read("made", key.made);
  fields.read("since", key.since);
  fields.read("confirmed", key.confirmed);
  fields.read("contradictions", key.contradictions);
  fields.read("contradicted_at", key.contradicted_at);
  fields.read("last_signed", key.last_signed);
  fields.read("ttl", key.ttl);
  return key;
}

json::object identity_json(const SesIdentity& identity) {
  return {{"result", word_of(results, identity.result)},
          {"why", identity.why},
          {"source", identity.source},
          {"dkim_tokens", texts(identity.dkim_tokens)},
          {"mail_from", identity.mail_from},
          {"mail_from_status", identity.mail_from_status},
          {"seen", milliseconds(identity.seen)}};
}

void read_identity(const Fields& fields, SesIdentity& identity) {
  read_word(fields, "result", results, identity.result);
  fields.read("why", identity.why);
  fields.read("source", identity.source);
  fields.read("dkim_tokens", identity.dkim_tokens);
  fields.read("mail_from", identity.mail_from);
  fields.read("mail_from_status", identity.mail_from_status);
  fields.read("seen", identity.seen);
}

}  // namespace

std::string to_json(const AppDocument& document) {
  const App& app = document.app;
  return json::serialize(json::object{{"owner", app.owner},
                                      {"contact", app.contact},
                                      {"upstream", app.upstream},
                                      {"configuration_set", app.configuration_set},
                                      {"weight", app.weight},
                                      {"limits", limits_json(app.limits)},
                                      {"added_at", milliseconds(app.added_at)},
                                      {"credential", document.credential}});
}

/// The version before knows `blocked` and `why` alone.
std::string to_json(const Standing& document) {
  const policy::Standing& record = document.record;
  json::object object{{"blocked", document.blocked()},
                      {"why", document.blocked() ? document.why() : std::string()},
                      {"state", policy::word(record.state)},
                      {"since", milliseconds(record.since)},
                      {"counted_from", milliseconds(record.counted_from)},
                      {"offences", record.offences},
                      {"sentence", document.sentence}};
  if (record.by_hand) {
    json::object by_hand{{"state", policy::word(record.by_hand->state)},
                         {"since", milliseconds(record.by_hand->since)},
                         {"reason", record.by_hand->reason}};
    if (record.by_hand->until) by_hand["until"] = milliseconds(*record.by_hand->until);
    object["by_hand"] = std::move(by_hand);
  }
  return json::serialize(object);
}

std::string to_json(const Domain& document) {
  return json::serialize(json::object{{"owner", document.owner},
                                      {"subdomains", document.subdomains},
                                      {"signing", word_of(signings, document.signing)},
                                      {"algorithm", word_of(algorithms, document.algorithm)},
                                      {"mail_from", document.mail_from},
                                      {"added_at", milliseconds(document.added_at)}});
}

std::string to_json(const Learned& document) {
  json::array keys;
  for (const dkim::KeyState& key : document.ring) keys.push_back(key_json(key));
  return json::serialize(json::object{{"state", state_json(document.state)},
                                      {"keys", std::move(keys)},
                                      {"identity", identity_json(document.identity)},
                                      {"trouble", document.trouble},
                                      {"selector", document.selector},
                                      {"changes", document.changes}});
}

std::string to_json(const Association& document) {
  return json::serialize(
      json::object{{"number", document.number}, {"provisioned", document.provisioned}});
}

std::string to_json(const TokenDocument& document) {
  return json::serialize(json::object{{"role", word_of(roles, document.token.role)},
                                      {"app", document.token.app},
                                      {"made_by", document.token.made_by},
                                      {"made_at", milliseconds(document.token.made_at)},
                                      {"credential", document.credential},
                                      {"owner", document.owner}});
}

std::string to_json(const RegistryDocument& document) {
  return json::serialize(json::object{{"master_key_id", document.master_key_id},
                                      {"associations", document.associations}});
}

mail::Result<AppDocument> read_app(std::string_view name, std::string_view text) {
  const auto object = parse_object(text);
  if (!object) return object.error();
  const Fields fields(*object);
  AppDocument document;
  document.app.name = name;
  fields.read("owner", document.app.owner);
  fields.read("contact", document.app.contact);
  fields.read("upstream", document.app.upstream);
  fields.read("configuration_set", document.app.configuration_set);
  fields.read("weight", document.app.weight);
  read_limits(fields.object("limits"), document.app.limits);
  fields.read("added_at", document.app.added_at);
  fields.read("credential", document.credential);
  return document;
}

namespace {

/// What a version wrote that knew of blocks alone.
Standing blocked_by_hand(const Fields& fields) {
  bool blocked = false;
  policy::StandingOverride by_hand;
  fields.read("blocked", blocked);
  fields.read("why", by_hand.reason);
  by_hand.state = policy::StandingState::blocked;
  Standing standing;
  if (blocked) standing.record.by_hand = std::move(by_hand);
  return standing;
}

policy::StandingOverride read_override(const Fields& fields) {
  policy::StandingOverride by_hand;
  std::string state;
  fields.read("state", state);
  by_hand.state = policy::standing_state_of(state).value_or(policy::StandingState::normal);
  fields.read("since", by_hand.since);
  fields.read("until", by_hand.until);
  fields.read("reason", by_hand.reason);
  return by_hand;
}

}  // namespace

mail::Result<Standing> read_standing(std::string_view text) {
  const auto object = parse_object(text);
  if (!object) return object.error();
  const Fields fields(*object);
  Standing standing;
  policy::Standing& record = standing.record;
  std::string state;
  fields.read("state", state);
  if (state.empty()) return blocked_by_hand(fields);
  record.state = policy::standing_state_of(state).value_or(policy::StandingState::normal);
  fields.read("since", record.since);
  fields.read("counted_from", record.counted_from);
  fields.read("offences", record.offences);
  fields.read("sentence", standing.sentence);
  if (object->contains("by_hand")) record.by_hand = read_override(fields.object("by_hand"));
  return standing;
}

mail::Result<Domain> read_domain(std::string_view name, std::string_view text) {
  const auto object = parse_object(text);
  if (!object) return object.error();
  const Fields fields(*object);
  Domain domain;
  domain.name = name;
  fields.read("owner", domain.owner);
  fields.read("subdomains", domain.subdomains);
  read_word(fields, "signing", signings, domain.signing);
  read_word(fields, "algorithm", algorithms, domain.algorithm);
  fields.read("mail_from", domain.mail_from);
  fields.read("added_at", domain.added_at);
  return domain;
}

mail::Result<Learned> read_learned(std::string_view text) {
  const auto object = parse_object(text);
  if (!object) return object.error();
  const Fields fields(*object);
  Learned learned;
  read_state(fields.object("state"), learned.state);
  for (const Fields& key : fields.objects("keys")) learned.ring.push_back(read_key_state(key));
  read_identity(fields.object("identity"), learned.identity);
  fields.read("trouble", learned.trouble);
  fields.read("selector", learned.selector);
  fields.read("changes", learned.changes);
  return learned;
}

mail::Result<Association> read_association(std::string_view name, std::string_view text) {
  const auto object = parse_object(text);
  if (!object) return object.error();
  const auto space = name.find(' ');
  if (space == std::string_view::npos)
    return mail::failure("a document in the store is damaged: restore a backup");
  Association association{
      std::string(name.substr(0, space)), std::string(name.substr(space + 1)), 0, false};
  Fields(*object).read("number", association.number);
  Fields(*object).read("provisioned", association.provisioned);
  return association;
}

mail::Result<TokenDocument> read_token(std::string_view id, std::string_view text) {
  const auto object = parse_object(text);
  if (!object) return object.error();
  const Fields fields(*object);
  TokenDocument document;
  document.token.id = id;
  read_word(fields, "role", roles, document.token.role);
  fields.read("app", document.token.app);
  fields.read("made_by", document.token.made_by);
  fields.read("made_at", document.token.made_at);
  fields.read("credential", document.credential);
  fields.read("owner", document.owner);
  return document;
}

mail::Result<RegistryDocument> read_registry(std::string_view text) {
  const auto object = parse_object(text);
  if (!object) return object.error();
  RegistryDocument document;
  Fields(*object).read("master_key_id", document.master_key_id);
  Fields(*object).read("associations", document.associations);
  return document;
}

}  // namespace domains
