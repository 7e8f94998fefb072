#pragma once

#include "relay/domains/inventory.hpp"
#include "relay/domains/registry.hpp"
#include "relay/domains/turn.hpp"
#include "relay/net/published.hpp"

#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace domains {

/// What a change writes, and what it does to the inventory once that is on stable storage.
struct Alteration {
  std::vector<spool::DocumentWrite> writes;
  std::function<void(Inventory&)> apply;
  std::string what, target, detail;  ///< for the audit trail
};

/// A configuration that is ready to be taken over: what it needs is written down already.
struct Provision {
  Provisioned provisioned;
  std::map<std::string, Live, std::less<>> live;  ///< domains that have other keys with it
  std::vector<Association> associations;          ///< new ones
  std::set<std::string, std::less<>> key_files;   ///< domains whose key is a file
  std::vector<std::string> notices;               ///< what the operator should know
};

/// What the registry is made of; its operations are in registry_apps.cpp and registry_domains.cpp.
class Registry::State {
 public:
  State(Parts given, Inventory read);

  /// Writes in the caller's turn; `then` is done when that is on stable storage, even if nobody
  /// waited so long. Nothing where the store did not answer in time.
  net::asio::awaitable<std::optional<spool::Written>> commit(
      std::vector<spool::DocumentWrite> writes,
      std::optional<spool::AuditRecord> audit,
      std::function<void()> then);
  /// Writes, applies, publishes, in the caller's turn.
  net::asio::awaitable<Outcome<Done>> carry_out(Alteration alteration, const Caller& caller);
  /// The same before the threads run, or where nobody may interleave: blocks for the commit.
  mail::Result<void> write_now(const std::vector<spool::DocumentWrite>& writes,
                               const std::string& detail);
  void publish();
  /// Only the one domain is made anew; `changed` where what mail depends on has changed.
  void publish_domain(const std::string& name);

  /// A write that finds the document as the inventory knows it.
  [[nodiscard]] spool::DocumentWrite write(std::string_view kind,
                                           std::string_view name,
                                           std::optional<std::string> body) const;
  /// The refusal where the caller saw another version.
  [[nodiscard]] static std::optional<Refused> changed_since(Expected expected,
                                                            std::uint64_t version);
  /// Makes a key, off the executor where `pem` is empty: RSA takes 0.1 s.
  net::asio::awaitable<mail::Result<dkim::PrivateKey>> make_key(dkim::Algorithm algorithm,
                                                                std::string pem,
                                                                bool allow_weak);
  [[nodiscard]] mail::Result<KeyMaterial> material(dkim::PrivateKey key,
                                                   const std::string& domain,
                                                   const std::string& selector) const;
  [[nodiscard]] mail::Result<spool::DocumentWrite> sealed(const dkim::PrivateKey& key,
                                                          const std::string& domain,
                                                          const std::string& selector) const;
  /// Adds a key to the ring, with what writes it down.
  mail::Result<void> add_key(const dkim::PrivateKey& key,
                             const std::string& domain,
                             const std::string& selector,
                             Live& live,
                             Alteration& alteration) const;
  /// Lets go of the keys that are not in the ring any more; what removes them from the store.
  [[nodiscard]] std::vector<spool::DocumentWrite> drop_keys(const std::string& domain,
                                                            Live& live) const;
  /// Makes what is missing for a configuration; nothing of it is to be seen before take().
  mail::Result<Provision> provide(const config::Config& settings);
  void take(Provision provision);

  Parts parts;
  Inventory inventory;
  Turn turn;
  net::Published<Catalog> catalog;
  bool durable = true;  ///< keys may be made here
  std::set<std::string, std::less<>>
      key_files;                     ///< domains whose key is a file of the configuration
  std::vector<std::string> notices;  ///< of the configuration taken last

  /// Counts the versions of what is written now.
  void applied(const std::vector<spool::DocumentWrite>& writes);

 private:
  [[nodiscard]] Live live_of(const std::string& domain) const;
  [[nodiscard]] bool has_its_keys(const std::string& domain) const;
  mail::Result<void> provide_key(const config::Domain& domain,
                                 const config::Config& settings,
                                 Provision& provision);
  mail::Result<void> use_key_file(const config::Domain& domain, Provision& provision) const;
  mail::Result<void> provide_associations(Provision& provision);

  net::asio::thread_pool key_maker_{1};
};

[[nodiscard]] Refused refused(Refused::Kind kind, std::string sentence);
[[nodiscard]] Refused too_busy();

}  // namespace domains
