#include "relay/domains/spf/dns_layer.hpp"

#include "relay/domains/spf/amends.hpp"
#include "relay/domains/spf/messages.hpp"
#include "relay/domains/spf/names.hpp"
#include "relay/domains/spf/records.hpp"
#include "relay/domains/spf/syntax.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace domains::spf {
namespace {

using policy::DnsAnswer;
using policy::DnsOutcome;
using policy::RecordType;

constexpr std::size_t max_terms = 10;
constexpr std::size_t max_void_terms = 2;
constexpr std::size_t max_ptr_names = 10;

DnsLayer& layer_of(const SPF_dns_server_t* server) { return *static_cast<DnsLayer*>(server->hook); }

SPF_dns_rr_t* look_up_for(SPF_dns_server_t* server,
                          const char* domain,
                          ns_type type,
                          int should_cache) noexcept {
  return layer_of(server).look_up(domain, type, should_cache != 0);
}

SPF_errcode_t get_record_for(SPF_server_t* server,
                             SPF_request_t* request,
                             SPF_response_t* response,
                             SPF_record_t** record) noexcept {
  return layer_of(server->resolver).get_record(server, request, response, record);
}

std::optional<RecordType> type_of(ns_type type) {
  if (type == ns_t_a) return RecordType::a;
  if (type == ns_t_aaaa) return RecordType::aaaa;
  if (type == ns_t_mx) return RecordType::mx;
  if (type == ns_t_ptr) return RecordType::ptr;
  return std::nullopt;
}

SPF_dns_stat_t status_of(DnsOutcome outcome) {
  switch (outcome) {
    case DnsOutcome::found:
      return NETDB_SUCCESS;
    case DnsOutcome::no_data:
      return NO_DATA;
    case DnsOutcome::no_name:
      return HOST_NOT_FOUND;
    case DnsOutcome::failed:
      break;
  }
  return TRY_AGAIN;
}

DnsAnswer answer_of(DnsOutcome outcome) {
  DnsAnswer answer;
  answer.outcome = outcome;
  return answer;
}

/// The host of "10 host.example" (MX) or the text itself (PTR).
std::string_view host_of(const std::string& text) {
  const std::size_t space = text.find(' ');
  return space == text.npos ? text : std::string_view(text).substr(space + 1);
}

/// The octets that libspf2 keeps of a record; none: not a record of this type.
std::string octets_of(const std::string& text, ns_type type) {
  if (type == ns_t_a || type == ns_t_aaaa) {
    std::string octets(type == ns_t_a ? sizeof(in_addr) : sizeof(in6_addr), '\0');
    const int family = type == ns_t_a ? AF_INET : AF_INET6;
    return inet_pton(family, text.c_str(), octets.data()) == 1 ? octets : std::string();
  }
  const std::string_view host = host_of(text);
  if (host.empty() || host.find('\0') != host.npos) return {};
  return std::string(host) + '\0';
}

struct RecordFreed {
  void operator()(SPF_dns_rr_t* rr) const { SPF_dns_rr_free(rr); }
};

/// As libspf2 takes it; it owns it.
SPF_dns_rr_t* rr_of(SPF_dns_server_t* server,
                    std::string_view domain,
                    ns_type type,
                    const DnsAnswer& answer) {
  std::unique_ptr<SPF_dns_rr_t, RecordFreed> rr(
      SPF_dns_rr_new_init(server, std::string(domain).c_str(), type, 0, status_of(answer.outcome)));
  if (!rr) return nullptr;
  for (const policy::DnsRecord& record : answer.records) {
    const std::string octets = octets_of(record.text, type);
    if (octets.empty()) continue;
    if (SPF_dns_rr_buf_realloc(rr.get(), rr->num_rr, octets.size()) != SPF_E_SUCCESS)
      return nullptr;
    void* place = rr->rr[rr->num_rr];
    std::memcpy(place, octets.data(), octets.size());
    ++rr->num_rr;
  }
  return rr.release();
}

std::span<const unsigned char> address_of(const SPF_request_t* request) {
  if (request->client_ver == AF_INET)
    return {reinterpret_cast<const unsigned char*>(&request->ipv4), sizeof(in_addr)};
  return {request->ipv6.s6_addr, sizeof(in6_addr)};
}

/// What the letters of macros stand for (RFC 7208 section 7.2); of the address, as many labels as
/// it has. %{p} would have to be asked of DNS.
std::map<char, std::string> macro_values(const SPF_request_t* request) {
  const bool is_ip4 = request->client_ver == AF_INET;
  return {{'s', request->env_from},
          {'l', request->env_from_lp},
          {'o', request->env_from_dp},
          {'d', request->cur_dom},
          {'i', std::string(is_ip4 ? 3 : 31, '.')},
          {'v', is_ip4 ? "in-addr" : "ip6"},
          {'h', request->helo_dom}};
}

std::string first_error(SPF_response_t* response) {
  for (int i = 0; i < SPF_response_messages(response); ++i) {
    SPF_error_t* error = SPF_response_message(response, i);
    if (SPF_error_errorp(error) != 0) return SPF_error_message(error);
  }
  return "it cannot be read";
}

}  // namespace

DnsLayer::DnsLayer(Ask ask) : ask_(std::move(ask)) {
  server_.lookup = &look_up_for;
  server_.get_spf = &get_record_for;
  server_.name = "relay";
  server_.hook = this;
}

SPF_errcode_t DnsLayer::fail(SPF_errcode_t code, std::string why) {
  if (trouble_.empty()) trouble_ = std::move(why);
  return code;
}

/// RFC 7208 sections 4.4 and 4.5.
SPF_errcode_t DnsLayer::get_record(SPF_server_t* server,
                                   SPF_request_t* request,
                                   SPF_response_t* response,
                                   SPF_record_t** record) {
  const std::string domain = request->cur_dom;
  const bool is_first = records_++ == 0;
  if (!is_first && !begin_term()) return SPF_E_DNS_ERROR;
  const DnsAnswer answer = noted(domain, ask(domain, RecordType::txt));
  if (answer.outcome == DnsOutcome::failed) return SPF_E_DNS_ERROR;

  const Selection selected = select_record(answer);
  if (selected.count == 0) return fail(SPF_E_NOT_SPF, domain + " publishes no SPF record");
  if (selected.count > 1) {
    return fail(SPF_E_MULTIPLE_RECORDS,
                domain + " publishes " + std::to_string(selected.count) + " SPF records");
  }
  const std::string of_domain = "the SPF record of " + domain;
  if (!selected.is_ascii)
    return fail(SPF_E_INVALID_CHAR, of_domain + " holds an octet that is not printable ASCII");
  const auto text = normalised(selected.record);
  if (!text) return fail(SPF_E_SYNTAX, of_domain + ": " + text.error().sentence());
  const SPF_errcode_t code = compile(*text, server, request, response, record);
  if (code == SPF_E_SUCCESS) return code;
  return fail(code, of_domain + ": " + first_error(response));
}

/// libspf2 does not say when it leaves mechanisms out.
SPF_errcode_t DnsLayer::compile(const std::string& text,
                                SPF_server_t* server,
                                SPF_request_t* request,
                                SPF_response_t* response,
                                SPF_record_t** record) {
  const auto attempt = [&](const std::string& written) {
    SPF_errcode_t code = SPF_record_compile(server, response, record, written.c_str());
    const auto terms = std::count(written.begin(), written.end(), ' ');
    if (code == SPF_E_SUCCESS && (*record)->num_mech < terms) {
      SPF_record_free(std::exchange(*record, nullptr));
      code = SPF_E_BIG_MECH;
    }
    return code;
  };
  const std::string mended = without_vain_digits(text, macro_values(request));
  const SPF_errcode_t code = attempt(mended);
  if (code != SPF_E_BIG_MECH) return code;
  const SPF_errcode_t again = attempt(without_other_networks(mended, address_of(request)));
  is_too_long_ = again == SPF_E_BIG_MECH;
  return again;
}

SPF_dns_rr_t* DnsLayer::look_up(std::string_view domain, ns_type type, bool in_mechanism) {
  const auto asked = type_of(type);
  if (!asked) return rr_of(&server_, domain, type, answer_of(DnsOutcome::no_data));
  if (*asked == RecordType::a || *asked == RecordType::aaaa)
    return rr_of(&server_, domain, type, ask_address(domain, *asked));
  // A PTR that no mechanism asks for is of the macro %{p}, which is no term of its own.
  const bool is_term = *asked == RecordType::mx || in_mechanism;
  if (is_term && !begin_term()) return rr_of(&server_, domain, type, DnsAnswer());
  const DnsAnswer answer = noted(domain, ask_hosts(domain, *asked));
  if (is_term) judge_term(answer);
  return rr_of(&server_, domain, type, answer);
}

DnsAnswer DnsLayer::ask(std::string_view domain, RecordType type) {
  policy::DnsQuestion question;
  question.name = as_asked(domain);
  question.type = type;
  if (!is_askable(question.name)) return answer_of(DnsOutcome::no_name);
  DnsAnswer answer = ask_(question);
  if (answer.outcome == DnsOutcome::found && answer.records.empty())
    answer.outcome = DnsOutcome::no_data;
  return answer;
}

DnsAnswer DnsLayer::noted(std::string_view domain, DnsAnswer answer) {
  if (answer.outcome == DnsOutcome::failed)
    fail(SPF_E_DNS_ERROR, "DNS failed for " + printable(domain));
  return answer;
}

/// MX and PTR. A PTR that cannot be had does not match, and only ten names count (RFC 7208 sections
/// 5.5 and 4.6.4).
DnsAnswer DnsLayer::ask_hosts(std::string_view domain, RecordType type) {
  DnsAnswer answer = ask(domain, type);
  hosts_are_of_ptr_ = type == RecordType::ptr;
  if (hosts_are_of_ptr_) {
    if (answer.outcome == DnsOutcome::failed) answer.outcome = DnsOutcome::no_data;
    answer.records.resize(std::min(answer.records.size(), max_ptr_names));
  }
  hosts_.clear();
  for (auto record = answer.records.rbegin(); record != answer.records.rend(); ++record)
    hosts_.emplace_back(host_of(record->text));
  return answer;
}

DnsAnswer DnsLayer::ask_address(std::string_view domain, RecordType type) {
  if (!hosts_.empty() && hosts_.back() == domain) {
    hosts_.pop_back();
    DnsAnswer answer = ask(domain, type);
    if (hosts_are_of_ptr_ && answer.outcome == DnsOutcome::failed)
      answer.outcome = DnsOutcome::no_data;
    return noted(domain, std::move(answer));
  }
  hosts_.clear();
  if (!begin_term()) return DnsAnswer();
  DnsAnswer answer = noted(domain, ask(domain, type));
  judge_term(answer);
  return answer;
}

bool DnsLayer::begin_term() {
  if (bound_passed_.empty() && ++terms_ > max_terms)
    bound_passed_ = "more than ten terms ask DNS (RFC 7208 section 4.6.4)";
  return bound_passed_.empty();
}

void DnsLayer::judge_term(const DnsAnswer& answer) {
  const bool is_void =
      answer.outcome == DnsOutcome::no_data || answer.outcome == DnsOutcome::no_name;
  if (is_void && ++void_terms_ > max_void_terms && bound_passed_.empty())
    bound_passed_ = "more than two terms name what does not exist (RFC 7208 section 4.6.4)";
}

}  // namespace domains::spf
