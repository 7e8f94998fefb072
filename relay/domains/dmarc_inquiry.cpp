#include "relay/domains/dmarc_inquiry.hpp"

#include "policy/evaluate.hpp"
#include "policy/public_suffix.hpp"
#include "policy/record_doctor.hpp"
#include "relay/net/coro.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>
#include <variant>

namespace domains {

namespace asio = net::asio;
using namespace asio::experimental::awaitable_operators;
using policy::DnsAnswer;
using policy::DnsQuestion;
using policy::RecordType;
using std::chrono::steady_clock;

namespace {

/// What one question came to; shared with its coroutine.
struct Waiting {
  Waiting(asio::io_context& context, steady_clock::duration patience) : over(context, patience) {}
  asio::steady_timer over;
  DnsAnswer answer;
  bool ended = false;
};

/// An exception ends this question alone; it must not leave the timer to be waited for.
asio::awaitable<DnsAnswer> answer_of(Resolver& resolver, DnsQuestion question) {
  try {
    co_return co_await resolver.resolve(std::move(question));
  } catch (const std::exception& thrown) {
    co_return DnsAnswer{.why = thrown.what()};
  }
}

asio::awaitable<void> resolve(Resolver& resolver,
                              DnsQuestion question,
                              std::shared_ptr<Waiting> waiting) {
  auto first =
      co_await (answer_of(resolver, std::move(question)) || waiting->over.async_wait(net::tup));
  if (first.index() == 0) waiting->answer = std::get<0>(std::move(first));
}

}  // namespace

DmarcInquiry::DmarcInquiry(asio::io_context& context,
                           Resolver& resolver,
                           const std::vector<config::Domain>& domains,
                           std::string region,
                           std::chrono::milliseconds patience)
    : context_(context), resolver_(resolver), region_(std::move(region)), patience_(patience) {
  for (const config::Domain& domain : domains)
    if (!domain.trusted) mail_from_.emplace(domain.name, domain.mail_from);
}

void DmarcInquiry::learn(policy::AppFacts& app, const policy::Summary& summary) {
  for (const policy::Address& address : summary.from) {
    const policy::SenderDomain* covering = policy::covering_domain(app, address.domain);
    if (covering == nullptr) continue;
    const auto mail_from = mail_from_.find(covering->name);
    if (mail_from == mail_from_.end()) continue;
    policy::SenderDomain& sender =
        app.domains[static_cast<std::size_t>(covering - app.domains.data())];
    const policy::DmarcFacts& facts = sender.dmarc[address.domain] = facts_of(address.domain);
    if (facts.known && may_lead_to_ses(sender.name, mail_from->second))
      sender.spf_domain = mail_from->second;
  }
}

policy::DmarcFacts DmarcInquiry::facts_of(const std::string& from_domain) {
  const DnsAnswer own = ask({"_dmarc." + from_domain, RecordType::txt});
  const std::string parent = policy::organizational_domain(from_domain);
  const bool decides = parent == from_domain || own.outcome == policy::DnsOutcome::failed ||
                       std::ranges::any_of(own.records, policy::is_dmarc, &policy::DnsRecord::text);
  if (decides) return policy::discover_dmarc(own, nullptr);
  const DnsAnswer above = ask({"_dmarc." + parent, RecordType::txt});
  return policy::discover_dmarc(own, &above);
}

/// Whether the MAIL FROM domain works, as far as its own two records tell: not where DNS has it
/// that they are wrong.
bool DmarcInquiry::may_lead_to_ses(const std::string& domain, const std::string& mail_from) {
  if (mail_from.empty() || region_.empty()) return false;
  policy::DomainSetup setup;
  setup.name = domain;
  setup.mail_from = mail_from;
  setup.region = region_;
  policy::DnsAnswers said;
  for (const RecordType type : {RecordType::mx, RecordType::txt})
    said[{mail_from, type}] = ask({mail_from, type});
  const auto results = policy::examine(setup, said, {}).results;
  return results[static_cast<std::size_t>(policy::DomainCheck::mail_from)] !=
         policy::CheckResult::bad;
}

DnsAnswer DmarcInquiry::ask(const DnsQuestion& question) {
  const auto known = answers_.find(question);
  if (known != answers_.end()) return known->second;
  if (patience_ <= steady_clock::duration::zero()) return {};
  const auto begun = steady_clock::now();
  DnsAnswer answer = wait_for(question);
  patience_ -= steady_clock::now() - begun;
  answers_.emplace(question, answer);
  return answer;
}

DnsAnswer DmarcInquiry::wait_for(const DnsQuestion& question) {
  const auto waiting = std::make_shared<Waiting>(context_, patience_);
  net::spawn(
      context_.get_executor(),
      [this, question, waiting] { return resolve(resolver_, question, waiting); },
      [waiting](std::string_view what) { waiting->answer.why = what; },
      [waiting] { waiting->ended = true; });
  context_.restart();
  while (!waiting->ended) context_.run_one();
  return waiting->answer;
}

}  // namespace domains
