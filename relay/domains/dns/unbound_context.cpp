#include "relay/domains/dns/unbound_context.hpp"

#include <boost/asio/ip/address.hpp>

#include <unbound.h>

#include <array>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

namespace domains {
namespace {

constexpr std::uint16_t dns_port = 53;

/// What every context is given.
constexpr auto settings = std::to_array<std::pair<const char*, const char*>>({
    {"msg-cache-size:", "512k"},
    {"rrset-cache-size:", "512k"},
    {"do-not-query-localhost:", "no"},
    // It stops asking a server that was silent for long: measured, for 21 s after it was back. So
    // it forgets a second later what it knows of a server.
    {"infra-keep-probing:", "yes"},
    {"infra-host-ttl:", "1"},
    // What libunbound would answer for itself: here DNS alone says what there is.
    {"unblock-lan-zones:", "yes"},
    {"local-zone:", "test. transparent"},
    {"local-zone:", "invalid. transparent"},
    {"local-zone:", "localhost. transparent"},
    {"local-zone:", "onion. transparent"},
    {"local-zone:", "home.arpa. transparent"},
    {"local-zone:", "127.in-addr.arpa. transparent"},
});

/// `last_digit` 1 is the loopback address, 0 the unspecified one.
std::string reverse_zone_v6(char last_digit) {
  std::string zone{last_digit};
  for (int digit = 1; digit < 32; ++digit) zone += ".0";
  return zone + ".ip6.arpa.";
}

/// Sets up a libunbound; what it refuses first is kept.
class Setup {
 public:
  explicit Setup(ub_ctx* context) : context_(context) {
    ub_ctx_debugout(context_, nullptr);           // else it writes to standard error
    check(ub_ctx_async(context_, 1), "threads");  // else it forks
  }

  void set(const char* option, const std::string& value) {
    check(ub_ctx_set_option(context_, option, value.c_str()), option);
  }

  void forward_to(const config::Endpoint& server) {
    const std::uint16_t port = server.port == 0 ? dns_port : server.port;
    const std::string address = server.address + '@' + std::to_string(port);
    check(ub_ctx_set_fwd(context_, address.c_str()), "the server " + address);
  }

  void trust(const std::filesystem::path& anchor) {
    if (std::ifstream(anchor))
      return check(ub_ctx_add_ta_file(context_, anchor.c_str()), anchor.string());
    if (refused_.empty())
      refused_ = "dns.dnssec is on and " + anchor.string() +
                 " cannot be read: install the package dns-root-data, or set dns.dnssec: off.";
  }

  /// Nothing can be set any more, and what was set is read: a trust anchor only here.
  void finish(const std::string& what) { check(ub_ctx_zone_remove(context_, "invalid."), what); }

  [[nodiscard]] const std::string& refused() const noexcept { return refused_; }

 private:
  void check(int error, const std::string& what) {
    if (error != UB_NOERROR && refused_.empty())
      refused_ = "libunbound does not take " + what + ": " + ub_strerror(error) + '.';
  }

  ub_ctx* context_;
  std::string refused_;
};

/// Read as libc does (resolv.conf(5)): what is no address is passed over.
std::vector<config::Endpoint> servers_of_system(const std::filesystem::path& resolv_conf) {
  std::vector<config::Endpoint> servers;
  std::ifstream file(resolv_conf);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string keyword;
    std::string address;
    words >> keyword >> address;
    boost::system::error_code failed;
    boost::asio::ip::make_address(address, failed);
    if (keyword == "nameserver" && !failed)
      servers.push_back({.address = address, .port = dns_port});
  }
  if (servers.empty()) servers.push_back({.address = "127.0.0.1", .port = dns_port});
  return servers;
}

}  // namespace

void ContextCloser::operator()(ub_ctx* context) const noexcept { ub_ctx_delete(context); }

mail::Result<UnboundContext> open_unbound(const UnboundOptions& options) {
  UnboundContext context(ub_ctx_create());
  if (!context) return mail::failure("libunbound cannot start: memory or descriptors are short.");
  Setup setup(context.get());
  for (const auto& [option, value] : settings) setup.set(option, value);
  for (const char digit : {'0', '1'})
    setup.set("local-zone:", reverse_zone_v6(digit) + " transparent");
  setup.set("outgoing-range:", std::to_string(options.most_under_way));
  // Without an anchor the validator would only keep the servers from validating.
  setup.set("module-config:", options.dnssec ? "validator iterator" : "iterator");
  if (options.dnssec) setup.trust(options.trust_anchor);
  const auto servers =
      options.servers.empty() ? servers_of_system(options.resolv_conf) : options.servers;
  for (const config::Endpoint& server : servers) setup.forward_to(server);
  setup.finish(options.dnssec ? "the trust anchor " + options.trust_anchor.string()
                              : "its settings");
  if (!setup.refused().empty()) return mail::failure(setup.refused());
  return context;
}

}  // namespace domains
