#include "tests/spf/zone.hpp"

namespace spf_tests {

using policy::DnsAnswer;
using policy::DnsOutcome;
using policy::DnsQuestion;

void Zone::add(const std::string& name, policy::RecordType type, std::string text) {
  DnsQuestion question;
  question.name = name;
  question.type = type;
  DnsAnswer& answer = answers_[question];
  answer.outcome = DnsOutcome::found;
  answer.records.emplace_back().text = std::move(text);
  failing_.try_emplace(name, false);
}

DnsAnswer Zone::answer(const DnsQuestion& question) const {
  const auto found = answers_.find(question);
  if (found != answers_.end()) return found->second;
  DnsAnswer nothing;
  const auto named = failing_.find(question.name);
  if (named == failing_.end()) nothing.outcome = DnsOutcome::no_name;
  if (named != failing_.end() && !named->second) nothing.outcome = DnsOutcome::no_data;
  return nothing;
}

boost::asio::awaitable<DnsAnswer> Zone::resolve(DnsQuestion question) {
  asked_.push_back(question);
  co_return answer(question);
}

boost::asio::awaitable<std::vector<DnsAnswer>> Zone::ask_authorities(DnsQuestion question) {
  co_return std::vector<DnsAnswer>{answer(question)};
}

}  // namespace spf_tests
