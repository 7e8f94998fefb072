#include "relay/app/examination.hpp"
#include "relay/app/side_by_side.hpp"
#include "relay/doctor/judge.hpp"

#include <fmt/format.h>

#include <utility>

namespace app {
namespace {

namespace asio = net::asio;

/// Without those that did not come in time.
asio::awaitable<policy::DnsAnswers> answers_to(domains::Resolver& resolver,
                                               std::vector<policy::DnsQuestion> questions,
                                               net::ExceptionSink sink) {
  std::vector<std::function<asio::awaitable<policy::DnsAnswer>()>> starts;
  starts.reserve(questions.size());
  for (const policy::DnsQuestion& question : questions)
    starts.emplace_back([&resolver, question] { return resolver.resolve(question); });
  const auto came = co_await side_by_side(std::move(starts), dns_limit, std::move(sink));
  policy::DnsAnswers answers;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    policy::DnsAnswer late;
    late.why = fmt::format("no answer in {} s", dns_limit.count());
    answers.emplace(questions[i], came[i].value_or(std::move(late)));
  }
  co_return answers;
}

/// Why there is no answer; empty: there is one, whatever it says.
std::string silence_of(const policy::DnsAnswer& answer) {
  if (answer.outcome != policy::DnsOutcome::failed) return {};
  return answer.why.empty() ? "no answer" : answer.why;
}

}  // namespace

asio::awaitable<doctor::Findings> look_at_dns(domains::Resolver& resolver,
                                              DnsWanted wanted,
                                              net::ExceptionSink sink) {
  const policy::DnsQuestion first{wanted.name, policy::RecordType::txt};
  std::vector<policy::DnsQuestion> questions{first};
  for (const policy::DomainSetup& setup : wanted.signing)
    std::ranges::move(doctor::key_questions(setup), std::back_inserter(questions));
  const auto answers = co_await answers_to(resolver, std::move(questions), std::move(sink));
  doctor::Findings findings{
      doctor::judge_dns(wanted.servers, silence_of(answers.at(first)), wanted.needed)};
  std::size_t well = 0;
  for (const policy::DomainSetup& setup : wanted.signing) {
    policy::DnsAnswers own;
    for (const policy::DnsQuestion& question : doctor::key_questions(setup))
      own.emplace(question, answers.at(question));
    doctor::Finding finding = doctor::judge_keys(setup, own);
    if (finding.grade == doctor::Grade::ok) {
      ++well;
    } else {
      findings.push_back(std::move(finding));
    }
  }
  if (well > 0)
    findings.push_back({"dkim",
                        doctor::Grade::ok,
                        fmt::format("the keys of {} trusted domains stand in DNS", well),
                        {}});
  co_return findings;
}

}  // namespace app
