#include "relay/sendmail/resolve.hpp"

#include "mail/header_fields.hpp"
#include "relay/config/files.hpp"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <fmt/format.h>
#include <netdb.h>
#include <resolv.h>
#include <sysexits.h>

#include <algorithm>
#include <array>
#include <sstream>

namespace sendmail {
namespace {

constexpr std::size_t max_addresses = 8;
constexpr std::size_t max_hosts_octets = std::size_t{1024} * 1024;

bool is_address(const std::string& text) {
  std::array<unsigned char, 16> octets{};
  return ::inet_pton(AF_INET, text.c_str(), octets.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), octets.data()) == 1;
}

/// One state of libc's resolver, for this program's only look-up.
class Asker {
 public:
  Asker() : ready_(::res_ninit(&state_) == 0) {
    state_.options |= RES_NOALIASES;  // else $HOSTALIASES would name a file
    state_.retrans = 2;
    state_.retry = 1;
  }
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;
  ~Asker() {
    if (ready_) ::res_nclose(&state_);
  }

  /// The addresses of one record type; `known` says whether a server answered at all.
  std::vector<std::string> ask(const std::string& host, ns_type type, bool& known) {
    std::vector<std::string> found;
    if (!ready_) return found;
    std::array<unsigned char, NS_MAXMSG> answer{};
    const int length =
        ::res_nsearch(&state_, host.c_str(), ns_c_in, type, answer.data(), answer.size());
    if (length < 0) {
      known = known || state_.res_h_errno == HOST_NOT_FOUND || state_.res_h_errno == NO_DATA;
      return found;
    }
    known = true;
    ns_msg message{};
    if (::ns_initparse(answer.data(), length, &message) != 0) return found;
    for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
      ns_rr record{};
      if (::ns_parserr(&message, ns_s_an, i, &record) != 0) return found;
      if (ns_rr_type(record) == type) add(record, found);
    }
    return found;
  }

 private:
  static void add(const ns_rr& record, std::vector<std::string>& found) {
    const bool v6 = ns_rr_type(record) == ns_t_aaaa;
    if (ns_rr_rdlen(record) != (v6 ? 16 : 4)) return;
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(v6 ? AF_INET6 : AF_INET, ns_rr_rdata(record), text.data(), text.size());
    found.emplace_back(text.data());
  }

  struct __res_state state_ {};
  bool ready_;
};

std::vector<std::string> by_turns(const std::vector<std::string>& v6,
                                  const std::vector<std::string>& v4) {
  std::vector<std::string> both;
  for (std::size_t i = 0; i < std::max(v6.size(), v4.size()); ++i) {
    if (i < v6.size()) both.push_back(v6[i]);
    if (i < v4.size()) both.push_back(v4[i]);
  }
  if (both.size() > max_addresses) both.resize(max_addresses);
  return both;
}

}  // namespace

std::vector<std::string> in_hosts_file(std::string_view text, std::string_view host) {
  std::vector<std::string> found;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string address, name;
    words >> address;
    while (words >> name)
      if (mail::equals_ignoring_case(name, host) && is_address(address) &&
          found.size() < max_addresses)
        found.push_back(address);
  }
  if (found.empty() && host == "localhost") found = {"127.0.0.1", "::1"};
  return found;
}

Result<std::vector<std::string>> resolve(const std::string& host) {
  if (is_address(host)) return std::vector{host};
  const auto file = config::read_file("/etc/hosts", max_hosts_octets);
  auto found = in_hosts_file(file ? file->text : std::string(), host);
  if (!found.empty()) return found;
  Asker asker;
  bool known = false;
  const auto v6 = asker.ask(host, ns_t_aaaa, known);
  const auto v4 = asker.ask(host, ns_t_a, known);
  found = by_turns(v6, v4);
  if (!found.empty()) return found;
  if (known)
    return Trouble(EX_CONFIG,
                   fmt::format("The relay's host name {} has no address: correct `host`.", host));
  return Trouble(
      EX_TEMPFAIL,
      fmt::format("No name server answered for the relay's host name {}: see /etc/resolv.conf, or "
                  "write an IP address as `host`.",
                  host));
}

}  // namespace sendmail
