#pragma once

#include "mail/result.hpp"
#include "relay/config/config.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

struct ub_ctx;

namespace domains {

struct UnboundOptions {
  /// The caching resolvers to ask; empty: those of resolv_conf, and as for every program the one on
  /// this machine where that names none.
  std::vector<config::Endpoint> servers;
  std::filesystem::path resolv_conf = "/etc/resolv.conf";
  std::chrono::milliseconds timeout{5000};  ///< of a question, its wait for a place included
  bool dnssec = false;                      ///< validate, with the anchor below
  std::filesystem::path trust_anchor = "/usr/share/dns/root.key";  ///< Debian's dns-root-data
  std::size_t most_under_way = 200;  ///< questions asked at once; more wait for a place
  std::size_t most_waiting = 1000;   ///< questions beyond that are `failed` at once
  bool private_servers = false;  ///< authoritative servers may have addresses that are not public
  std::uint16_t authority_port = 53;
};

struct ContextCloser {
  void operator()(ub_ctx* context) const noexcept;
};
using UnboundContext = std::unique_ptr<ub_ctx, ContextCloser>;

/// A libunbound that forwards to the servers, in a thread of its own from the first question on; it
/// keeps at most 1 MiB of answers, as it counts them. A server or an anchor it cannot use is a
/// Failure.
[[nodiscard]] mail::Result<UnboundContext> open_unbound(const UnboundOptions& options);

}  // namespace domains
