#include "relay/domains/examiner.hpp"

#include "dkim/record.hpp"
#include "policy/public_suffix.hpp"
#include "policy/record_plan.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace domains {

namespace asio = net::asio;
using policy::CheckResult;
using policy::DnsAnswer;
using policy::DnsOutcome;
using policy::DnsQuestion;

namespace {

constexpr int most_rounds_of_further_questions = 6;

/// Waits for as many ends as were begun.
struct Gathering {
  explicit Gathering(const asio::any_io_executor& executor, std::size_t count)
      : all(executor, asio::steady_timer::time_point::max()), left(count) {}
  void end_one() {
    if (--left == 0) all.cancel();
  }
  asio::steady_timer all;
  std::size_t left;
};

DnsQuestion key_question(const Domain& domain, const std::string& selector) {
  return {dkim::record_name(selector, domain.name), policy::RecordType::txt};
}

/// One answer for what several servers say: theirs if they agree, else none.
DnsAnswer agreed(const std::vector<DnsAnswer>& said) {
  std::optional<DnsAnswer> first;
  for (const DnsAnswer& one : said) {
    if (one.outcome == DnsOutcome::failed) continue;
    const auto same = [&](const DnsAnswer& other) {
      return other.outcome == one.outcome && std::ranges::is_permutation(other.records,
                                                                         one.records,
                                                                         {},
                                                                         &policy::DnsRecord::text,
                                                                         &policy::DnsRecord::text);
    };
    if (first && !same(*first)) {
      DnsAnswer differ;
      differ.why = "the zone's servers differ";
      return differ;
    }
    first = one;
  }
  return first.value_or(DnsAnswer{});
}

/// SES's replies that refuse the domain are no verdict that could revoke it: its mail waits
/// already, and only trying shows that the refusal is over.
CheckResult verdict_on(const SesIdentity& identity) {
  const bool refused = identity.result == CheckResult::bad && identity.source == by_replies;
  return refused ? CheckResult::silent : identity.result;
}

/// What the results of a round hang on, and where a cache can hide what was published.
std::vector<DnsQuestion> required_questions(const policy::DomainSetup& setup) {
  policy::DomainSetup required = setup;
  required.mail_from.clear();
  auto questions = policy::questions(required);
  std::erase_if(questions, [&](const DnsQuestion& question) {
    return question.name == setup.name || question.name.starts_with("_dmarc.");
  });
  return questions;
}

DnsQuestion dmarc_question(std::string_view name) {
  return {"_dmarc." + std::string(name), policy::RecordType::txt};
}

/// The names that mail of the domain has in From, as far as they were met.
std::vector<std::string> from_names(const Domain& domain) {
  std::vector<std::string> names{domain.name};
  for (const auto& [name, facts] : domain.dmarc)
    if (name != domain.name) names.push_back(name);
  return names;
}

std::vector<DnsQuestion> dmarc_questions(const Domain& domain) {
  std::vector<DnsQuestion> questions;
  for (const std::string& name : from_names(domain)) questions.push_back(dmarc_question(name));
  questions.push_back(dmarc_question(policy::organizational_domain(domain.name)));
  return questions;
}

std::map<std::string, policy::DmarcFacts, std::less<>> dmarc_facts(
    const Domain& domain, const policy::DnsAnswers& answers) {
  std::map<std::string, policy::DmarcFacts, std::less<>> facts;
  const std::string parent = policy::organizational_domain(domain.name);
  for (const std::string& name : from_names(domain))
    facts.emplace(
        name,
        policy::discover_dmarc(answers.at(dmarc_question(name)),
                               name == parent ? nullptr : &answers.at(dmarc_question(parent))));
  return facts;
}

}  // namespace

/// What was seen, by question.
struct Examiner::Looks {
  policy::DnsAnswers answers;
  std::map<DnsQuestion, std::vector<DnsAnswer>> authorities;
};

asio::awaitable<void> Examiner::ask(std::vector<DnsQuestion> questions,
                                    policy::DnsAnswers& answers) {
  if (questions.empty()) co_return;
  const auto gathering = std::make_shared<Gathering>(parts_.executor, questions.size());
  const auto found = std::make_shared<policy::DnsAnswers>();
  for (const DnsQuestion& question : questions)
    net::spawn(
        parts_.executor,
        [this, question, found]() -> asio::awaitable<void> {
          DnsAnswer answer = co_await parts_.resolver.resolve(question);
          found->insert_or_assign(question, std::move(answer));
        },
        parts_.sink,
        [gathering] { gathering->end_one(); });
  co_await gathering->all.async_wait(net::tup);
  for (const DnsQuestion& question : questions)
    answers.insert_or_assign(question, (*found)[question]);
}

asio::awaitable<void> Examiner::ask_authorities(std::vector<DnsQuestion> questions, Looks& looks) {
  if (questions.empty()) co_return;
  const auto gathering = std::make_shared<Gathering>(parts_.executor, questions.size());
  const auto found = std::make_shared<std::map<DnsQuestion, std::vector<DnsAnswer>>>();
  for (const DnsQuestion& question : questions)
    net::spawn(
        parts_.executor,
        [this, question, found]() -> asio::awaitable<void> {
          auto said = co_await parts_.resolver.ask_authorities(question);
          found->insert_or_assign(question, std::move(said));
        },
        parts_.sink,
        [gathering] { gathering->end_one(); });
  co_await gathering->all.async_wait(net::tup);
  for (auto& [question, said] : *found) {
    // Where none can be reached, as behind many a firewall, the resolver's word stands.
    const auto answered = [](const DnsAnswer& one) { return one.outcome != DnsOutcome::failed; };
    if (std::ranges::any_of(said, answered)) looks.answers.insert_or_assign(question, agreed(said));
    looks.authorities.insert_or_assign(question, std::move(said));
  }
}

dkim::Seen Examiner::see(const Domain& domain,
                         const std::string& selector,
                         const DnsAnswer& answer) const {
  if (answer.outcome == DnsOutcome::failed) return dkim::Seen::unknown;
  if (answer.records.empty()) return dkim::Seen::absent;
  if (answer.records.size() > 1) return dkim::Seen::unknown;
  const auto tested = parts_.test_key(domain.name, selector, answer.records.front().text);
  if (!tested) return dkim::Seen::unknown;
  return dkim::seen(tested->match);
}

dkim::Observation Examiner::observe(const Domain& domain,
                                    const std::string& selector,
                                    const Looks& looks) const {
  const DnsQuestion question = key_question(domain, selector);
  const auto asked = looks.authorities.find(question);
  const bool heard = asked != looks.authorities.end() &&
                     std::ranges::any_of(asked->second, [](const DnsAnswer& one) {
                       return one.outcome != DnsOutcome::failed;
                     });
  if (!heard) {
    const auto answer = looks.answers.find(question);
    if (answer == looks.answers.end()) return {};
    return {see(domain, selector, answer->second),
            false,
            false,
            std::chrono::seconds(answer->second.ttl)};
  }
  std::vector<dkim::Seen> seen;
  std::chrono::seconds ttl{0};
  for (const DnsAnswer& answer : asked->second) {
    seen.push_back(see(domain, selector, answer));
    ttl = std::max(ttl, std::chrono::seconds(answer.ttl));
  }
  return dkim::at_authorities(seen, ttl);
}

asio::awaitable<Round> Examiner::examine(const Domain& domain, WallTime now, bool thorough) {
  const policy::DomainSetup setup = setup_of(domain, parts_.region, parts_.report_address);
  Looks looks;
  auto questions = policy::questions(setup);
  std::ranges::copy(dmarc_questions(domain), std::back_inserter(questions));
  co_await ask(std::move(questions), looks.answers);

  // Keys on their way in or out are asked about where no cache answers; so is what seems wrong.
  policy::Verdicts verdicts;
  const auto first = policy::examine(setup, looks.answers, verdicts);
  std::vector<DnsQuestion> again;
  const auto result = [&](policy::DomainCheck check) {
    return first.results[static_cast<std::size_t>(check)];
  };
  if (thorough || result(policy::DomainCheck::ownership) == CheckResult::bad ||
      result(policy::DomainCheck::dkim) == CheckResult::bad)
    again = required_questions(setup);
  for (const dkim::KeyState& key : domain.ring)
    if (key.stage != dkim::KeyStage::active || !dkim::is_confirmed(key))
      again.push_back(key_question(domain, key.selector));
  std::ranges::sort(again);
  again.erase(std::ranges::unique(again).begin(), again.end());
  co_await ask_authorities(std::move(again), looks);

  Round round;
  round.domain = domain.name;
  round.at = now;
  for (const dkim::KeyState& key : domain.ring) {
    const dkim::Observation look = observe(domain, key.selector, looks);
    if (look.seen != dkim::Seen::unknown && look.seen != dkim::Seen::mixed)
      verdicts.key_tests[key.selector] = look.seen == dkim::Seen::same;
    round.keys.emplace(key.selector, look);
    round.key_ids.emplace(key.selector, key.id);
  }
  if (!setup.region.empty() && parts_.spf) {
    verdicts.domain_spf = co_await parts_.spf(domain.name);
    if (!setup.mail_from.empty()) verdicts.mail_from_spf = co_await parts_.spf(setup.mail_from);
  }
  round.identity = domain.identity;
  if (parts_.identity) round.identity = co_await parts_.identity(domain);
  verdicts.identity = verdict_on(round.identity);
  verdicts.identity_why = round.identity.why;
  for (int i = 0; i < most_rounds_of_further_questions; ++i) {
    auto further = policy::further_questions(setup, looks.answers, verdicts);
    if (further.empty()) break;
    co_await ask(std::move(further), looks.answers);
  }
  round.examination = policy::examine(setup, looks.answers, verdicts);
  round.dmarc = dmarc_facts(domain, looks.answers);
  round.records = policy::wanted_records(setup, looks.answers);
  co_return round;
}

}  // namespace domains
