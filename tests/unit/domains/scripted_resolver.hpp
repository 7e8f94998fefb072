#pragma once

#include "policy/domain_setup.hpp"
#include "relay/domains/resolver.hpp"
#include "relay/net/coro.hpp"

#include <boost/asio/steady_timer.hpp>

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace domains::test {

inline policy::DnsAnswer found(std::vector<std::string> texts, std::uint32_t ttl = 300) {
  policy::DnsAnswer answer;
  answer.outcome = policy::DnsOutcome::found;
  answer.ttl = ttl;
  for (std::string& text : texts) answer.records.push_back({text, {text}});
  return answer;
}

inline policy::DnsAnswer missing() {
  policy::DnsAnswer answer;
  answer.outcome = policy::DnsOutcome::no_name;
  return answer;
}

inline policy::DnsAnswer failed() {
  policy::DnsAnswer answer;
  answer.why = "SERVFAIL";
  return answer;
}

/// Says what the test says: a name that it does not know is absent, and its zone's servers cannot
/// be found.
class ScriptedResolver final : public Resolver {
 public:
  explicit ScriptedResolver(const boost::asio::any_io_executor& executor)
      : opened_(executor, boost::asio::steady_timer::time_point::max()) {}

  void publish(const std::vector<policy::WantedRecord>& records) {
    std::map<policy::DnsQuestion, std::vector<std::string>> texts;
    for (const policy::WantedRecord& record : records)
      texts[{record.name, record.type}].push_back(record.value);
    for (auto& [question, values] : texts) answers[question] = found(std::move(values));
  }

  boost::asio::awaitable<policy::DnsAnswer> resolve(policy::DnsQuestion question) override {
    resolved.insert(question.name);
    if (closed) co_await opened_.async_wait(net::tup);
    if (question.name == throws_at) throw std::runtime_error("thrown at " + throws_at);
    const auto known = answers.find(question);
    co_return known == answers.end() ? missing() : known->second;
  }

  boost::asio::awaitable<std::vector<policy::DnsAnswer>> ask_authorities(
      policy::DnsQuestion question) override {
    asked_further.insert(question.name);
    const auto known = authorities.find(question);
    co_return known == authorities.end() ? std::vector<policy::DnsAnswer>() : known->second;
  }

  /// Until open() nobody gets an answer.
  void close() { closed = true; }
  void open() {
    closed = false;
    opened_.cancel();
  }

  std::map<policy::DnsQuestion, policy::DnsAnswer> answers;
  std::map<policy::DnsQuestion, std::vector<policy::DnsAnswer>> authorities;
  std::set<std::string> resolved, asked_further;
  std::string throws_at;
  bool closed = false;

 private:
  boost::asio::steady_timer opened_;
};

}  // namespace domains::test
