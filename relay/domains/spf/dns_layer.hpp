#pragma once

#include "policy/dns_answer.hpp"
#include "relay/domains/spf/libspf2.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace domains::spf {

/// Asks DNS and waits for the answer.
using Ask = std::function<policy::DnsAnswer(const policy::DnsQuestion&)>;

/// Stands where libspf2 expects its resolver. It also does what libspf2 1.2.10 does not or does
/// wrong, as far as that shows from here: the one record is selected and its syntax checked, names
/// are cut to 253 octets, a PTR that cannot be had is none, and the bounds of RFC 7208 section
/// 4.6.4 are kept over the whole evaluation (libspf2 counts each included record anew, and no void
/// lookups). Must stay where it is.
class DnsLayer {
 public:
  explicit DnsLayer(Ask ask);
  DnsLayer(const DnsLayer&) = delete;
  DnsLayer& operator=(const DnsLayer&) = delete;

  /// Lives as long as the layer; libspf2 does not free it.
  [[nodiscard]] SPF_dns_server_t* server() noexcept { return &server_; }

  /// The sentence of the bound that was passed, which makes the result a permanent error; else
  /// empty.
  [[nodiscard]] const std::string& bound_passed() const noexcept { return bound_passed_; }
  /// What was wrong with the record or the lookup that ended the evaluation; else empty.
  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

  /// A record was longer than libspf2 takes: nothing can be said.
  [[nodiscard]] bool is_too_long() const noexcept { return is_too_long_; }

  // What libspf2 calls.
  SPF_errcode_t get_record(SPF_server_t* server,
                           SPF_request_t* request,
                           SPF_response_t* response,
                           SPF_record_t** record);
  SPF_dns_rr_t* look_up(std::string_view domain, ns_type type, bool in_mechanism);

 private:
  SPF_errcode_t compile(const std::string& text,
                        SPF_server_t* server,
                        SPF_request_t* request,
                        SPF_response_t* response,
                        SPF_record_t** record);
  policy::DnsAnswer ask(std::string_view domain, policy::RecordType type);
  policy::DnsAnswer ask_hosts(std::string_view domain, policy::RecordType type);
  policy::DnsAnswer ask_address(std::string_view domain, policy::RecordType type);
  /// The answer, its failure written down.
  policy::DnsAnswer noted(std::string_view domain, policy::DnsAnswer answer);
  /// Counts a term that asks DNS. False: one too many; nothing more may be asked.
  bool begin_term();
  void judge_term(const policy::DnsAnswer& answer);
  SPF_errcode_t fail(SPF_errcode_t code, std::string why);

  SPF_dns_server_t server_{};
  Ask ask_;
  std::string bound_passed_;
  std::string trouble_;
  bool is_too_long_ = false;
  std::size_t records_ = 0;
  std::size_t terms_ = 0;
  std::size_t void_terms_ = 0;
  /// The names of the last MX or PTR answer whose addresses are still to come, last first: they
  /// belong to that term.
  std::vector<std::string> hosts_;
  bool hosts_are_of_ptr_ = false;
};

}  // namespace domains::spf
