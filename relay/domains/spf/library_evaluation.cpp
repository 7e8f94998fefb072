#include "relay/domains/spf/library_evaluation.hpp"

#include "relay/domains/spf/dns_layer.hpp"
#include "relay/domains/spf/libspf2.hpp"
#include "relay/domains/spf/names.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace domains::spf {
namespace {

using policy::SpfResult;
using policy::SpfVerdict;

struct Freed {
  void operator()(SPF_server_t* server) const { SPF_server_free(server); }
  void operator()(SPF_request_t* request) const { SPF_request_free(request); }
  void operator()(SPF_response_t* response) const { SPF_response_free(response); }
};
using Server = std::unique_ptr<SPF_server_t, Freed>;
using Request = std::unique_ptr<SPF_request_t, Freed>;
using Response = std::unique_ptr<SPF_response_t, Freed>;

/// libspf2 reports what it takes for its own bugs here, and may not go on.
__attribute__((noreturn)) void give_up(const char* /*file*/,
                                       int /*line*/,
                                       const char* /*message*/) {
  _exit(EXIT_FAILURE);
}

void silence_library() {
  SPF_error_handler = &give_up;
  SPF_warning_handler = nullptr;
  SPF_info_handler = nullptr;
  SPF_debug_handler = nullptr;
}

SpfVerdict verdict_of(SpfResult result, std::string why) {
  SpfVerdict verdict;
  verdict.result = result;
  verdict.why = std::move(why);
  return verdict;
}

/// The domain that is checked.
std::string_view domain_of(const SpfQuestion& question) {
  if (question.mail_from.empty()) return question.helo;
  return std::string_view(question.mail_from).substr(question.mail_from.rfind('@') + 1);
}

/// False when it is no address. IPv4 in IPv6 is IPv4 (RFC 7208 section 5).
bool set_address(SPF_request_t* request, const std::string& ip) {
  in6_addr address{};
  if (inet_pton(AF_INET6, ip.c_str(), &address) != 1)
    return SPF_request_set_ipv4_str(request, ip.c_str()) == SPF_E_SUCCESS;
  if (!IN6_IS_ADDR_V4MAPPED(&address))
    return SPF_request_set_ipv6(request, address) == SPF_E_SUCCESS;
  in_addr mapped{};
  std::memcpy(&mapped, &address.s6_addr[12], sizeof mapped);
  return SPF_request_set_ipv4(request, mapped) == SPF_E_SUCCESS;
}

/// What libspf2 says when the first record could not be had or read.
std::optional<SpfVerdict> verdict_without_record(SPF_errcode_t code, const DnsLayer& layer) {
  if (code == SPF_E_NOT_SPF) return verdict_of(SpfResult::none, layer.trouble());
  if (code == SPF_E_DNS_ERROR) return verdict_of(SpfResult::temp_error, layer.trouble());
  if (layer.trouble().empty()) return std::nullopt;
  return verdict_of(SpfResult::perm_error, layer.trouble());
}

std::string reason_of(SPF_errcode_t code, const DnsLayer& layer) {
  return layer.trouble().empty() ? SPF_strerror(code) : layer.trouble();
}

std::optional<SpfVerdict> verdict_of(SPF_response_t* response,
                                     SPF_errcode_t code,
                                     const DnsLayer& layer) {
  if (!layer.bound_passed().empty()) return verdict_of(SpfResult::perm_error, layer.bound_passed());
  if (layer.is_too_long())
    return verdict_of(SpfResult::unknown, layer.trouble() + ": longer than libspf2 takes");
  if (code == SPF_E_NO_MEMORY || code == SPF_E_INTERNAL_ERROR) return std::nullopt;
  switch (SPF_response_result(response)) {
    case SPF_RESULT_INVALID:
      return verdict_without_record(code, layer);
    case SPF_RESULT_NEUTRAL:
      return verdict_of(SpfResult::neutral, "");
    case SPF_RESULT_PASS:
      return verdict_of(SpfResult::pass, "");
    case SPF_RESULT_FAIL:
      return verdict_of(SpfResult::fail, "");
    case SPF_RESULT_SOFTFAIL:
      return verdict_of(SpfResult::softfail, "");
    case SPF_RESULT_NONE:
      return verdict_of(SpfResult::none, layer.trouble());
    case SPF_RESULT_TEMPERROR:
      return verdict_of(SpfResult::temp_error, reason_of(code, layer));
    case SPF_RESULT_PERMERROR:
      return verdict_of(SpfResult::perm_error, reason_of(code, layer));
  }
  return std::nullopt;
}

}  // namespace

std::optional<SpfVerdict> evaluate_by_library(
    const SpfQuestion& question, std::function<policy::DnsAnswer(const policy::DnsQuestion&)> ask) {
  const std::string domain(domain_of(question));
  if (!is_sender_domain(domain))
    return verdict_of(SpfResult::none,
                      "\"" + domain + "\" is not a domain that SPF can be asked of");
  silence_library();
  DnsLayer layer(std::move(ask));
  const Server server(SPF_server_new_dns(layer.server(), 0));
  if (!server || SPF_server_set_rec_dom(server.get(), "unknown") != SPF_E_SUCCESS)
    return std::nullopt;
  const Request request(SPF_request_new(server.get()));
  if (!request || !set_address(request.get(), question.ip) ||
      SPF_request_set_helo_dom(request.get(), question.helo.c_str()) != SPF_E_SUCCESS ||
      SPF_request_set_env_from(request.get(), question.mail_from.c_str()) != 0)
    return std::nullopt;

  SPF_response_t* answered = nullptr;
  const SPF_errcode_t code = SPF_request_query_mailfrom(request.get(), &answered);
  const Response response(answered);
  if (!response) return std::nullopt;
  return verdict_of(response.get(), code, layer);
}

}  // namespace domains::spf
