#include "relay/domains/dns/authorities.hpp"

#include "relay/config/networks.hpp"
#include "relay/domains/dns/exchange.hpp"
#include "relay/domains/dns/gather.hpp"
#include "relay/domains/dns/message.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace domains {
namespace {

namespace asio = net::asio;
using asio::ip::address;
using policy::DnsAnswer;
using policy::DnsOutcome;
using policy::RecordType;

struct Zone {
  std::string name;                  ///< in wire form
  std::vector<std::string> servers;  ///< their names
};

/// Walks up from a name in wire form to the first that has NS records of its own; not to the top
/// level, whose servers could say nothing of a name below.
asio::awaitable<std::optional<Zone>> find_zone(const Ask& ask, std::string name) {
  for (int label = 0; label < most_labels_walked; ++label) {
    if (name == root_name || parent_of(name) == root_name) break;
    policy::DnsQuestion question{.name = shown_name(name), .type = RecordType::ns};
    const DnsAnswer answer = co_await ask(std::move(question));
    // The name's own may fail because of where a CNAME leads; its zone is found all the same.
    if (answer.outcome == DnsOutcome::failed && label > 0) break;
    if (answer.outcome == DnsOutcome::found && answer.canonical_name.empty()) {
      Zone zone{.name = name};
      for (const policy::DnsRecord& record : answer.records) zone.servers.push_back(record.text);
      co_return zone;
    }
    name = parent_of(name);
  }
  co_return std::nullopt;
}

asio::awaitable<MaybeAnswer> look_up(Ask ask, policy::DnsQuestion question) {
  co_return co_await ask(std::move(question));
}

/// One address of each server before the second of any, IPv4 before IPv6.
std::vector<address> by_turns(const std::vector<MaybeAnswer>& answers) {
  std::vector<address> addresses;
  for (std::size_t turn = 0; turn < most_server_addresses; ++turn) {
    for (const MaybeAnswer& answer : answers) {
      if (!answer || turn >= answer->records.size()) continue;
      const auto found = asio::ip::make_address(answer->records[turn].text);
      if (addresses.size() < most_server_addresses &&
          std::ranges::find(addresses, found) == addresses.end())
        addresses.push_back(found);
    }
  }
  return addresses;
}

asio::awaitable<std::vector<address>> addresses_of(const Ask& ask,
                                                   std::vector<std::string> servers) {
  if (servers.size() > most_server_addresses) servers.resize(most_server_addresses);
  std::vector<Start> starts;
  for (const RecordType type : {RecordType::a, RecordType::aaaa}) {
    for (const std::string& server : servers) {
      policy::DnsQuestion question{.name = server, .type = type};
      starts.emplace_back([ask, question] { return look_up(ask, question); });
    }
  }
  co_return by_turns(co_await gather(std::move(starts)));
}

asio::awaitable<MaybeAnswer> ask_address(address server,
                                         WireQuestion question,
                                         std::string zone,
                                         AuthorityRules rules) {
  const std::string address = server.to_string();
  if (!rules.private_servers && !config::is_public(address))
    co_return failed_answer("its address " + address + " is not a public one");
  const asio::ip::udp::endpoint endpoint(server, rules.port);
  co_return co_await exchange(endpoint, std::move(question), std::move(zone), rules.timeout);
}

/// What each server of the question's zone says of it; none where there is no such zone.
asio::awaitable<std::vector<DnsAnswer>> ask_zone(const Ask& ask,
                                                 WireQuestion question,
                                                 AuthorityRules rules) {
  std::vector<DnsAnswer> answers;
  auto zone = co_await find_zone(ask, question.name);
  if (!zone) co_return answers;
  std::vector<Start> starts;
  for (const address& server : co_await addresses_of(ask, std::move(zone->servers)))
    starts.emplace_back([server, question, name = zone->name, rules] {
      return ask_address(server, question, name, rules);
    });
  for (MaybeAnswer& answer : co_await gather(std::move(starts)))
    if (answer) answers.push_back(std::move(*answer));
  co_return answers;
}

/// Does the answer end at a CNAME, which leads to another zone or to nothing?
bool leads_on(const DnsAnswer& answer) {
  return answer.outcome == DnsOutcome::no_data && !answer.canonical_name.empty();
}

/// Takes from the answers those that lead on, and gives what they lead to: no other name than the
/// first says, the rest becomes `failed`.
std::optional<DnsAnswer> take_alias(std::vector<DnsAnswer>& answers) {
  std::optional<DnsAnswer> alias;
  for (DnsAnswer& answer : answers) {
    if (!leads_on(answer)) continue;
    if (!alias) alias = answer;
    if (answer.canonical_name != alias->canonical_name)
      answer = failed_answer("the zone's servers name different targets of the CNAME");
  }
  std::erase_if(answers, leads_on);
  return alias;
}

}  // namespace

asio::awaitable<std::vector<DnsAnswer>> ask_zone_servers(Ask ask,
                                                         policy::DnsQuestion question,
                                                         AuthorityRules rules) {
  std::vector<DnsAnswer> settled;
  DnsAnswer alias{.ttl = std::numeric_limits<std::uint32_t>::max()};
  for (int zones = 0; zones < most_zones_followed; ++zones) {
    const auto wire = wire_question(question);
    if (!wire) co_return settled;
    std::vector<DnsAnswer> answers = co_await ask_zone(ask, *wire, rules);
    if (answers.empty() && zones > 0)
      answers.push_back(
          failed_answer("the CNAME leads to " + question.name + ", whose servers cannot be found"));
    const auto further = take_alias(answers);
    for (DnsAnswer& answer : answers) {
      if (answer.canonical_name.empty()) answer.canonical_name = alias.canonical_name;
      answer.ttl = std::min(answer.ttl, alias.ttl);
      settled.push_back(std::move(answer));
    }
    if (!further) co_return settled;
    alias.canonical_name = question.name = further->canonical_name;
    alias.ttl = std::min(alias.ttl, further->ttl);
  }
  settled.push_back(failed_answer("the CNAMEs lead on and on"));
  co_return settled;
}

}  // namespace domains
