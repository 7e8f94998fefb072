#pragma once

#include "relay/domains/alteration.hpp"
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

/// A configuration that is ready to be taken over: what it needs is written down already.
struct Provision {
  Provisioned provisioned;
  std::map<std::string, Live, std::less<>> live;  ///< domains that have other keys with it
  std::vector<spool::DocumentWrite> followed;     ///< writes down selectors that were followed
  std::vector<Association> associations;          ///< new ones
  std::set<std::string, std::less<>> key_files;   ///< domains whose key is a file
  std::vector<std::string> notices;               ///< what the operator should know
};

/// What the registry is made of; its operations are in the other files of that name.
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
  /// A change whose plan needs no waiting, Outcome<Alteration>(State&), in its turn.
  template <class Plan>
  net::asio::awaitable<Outcome<Done>> change(Caller caller, Plan plan) {
    const auto held = co_await turn.take();
    if (!held) co_return too_busy();
    Outcome<Alteration> planned = plan(*this);
    if (!planned) co_return planned.error();
    co_return co_await carry_out(*std::move(planned), caller);
  }
  /// Writes before the threads run, or where nobody may interleave: blocks for the commits, of
  /// which there are several where one does not take all.
  mail::Result<void> write_now(const std::vector<spool::DocumentWrite>& writes,
                               const std::string& detail);
  [[nodiscard]] spool::AuditRecord by_configuration(std::string target, std::string detail) const;
  void publish();
  /// Only the one domain is made anew; `changed` where what mail depends on has changed.
  void publish_domain(const std::string& name);

  /// A write that finds the document as the inventory knows it.
  [[nodiscard]] spool::DocumentWrite write(std::string_view kind,
                                           std::string_view name,
                                           std::optional<std::string> body) const;
  /// Numbers a new right and adds what writes it down; `numbers`, which began as the inventory's,
  /// is to be written with it.
  [[nodiscard]] Association number(const std::string& app,
                                   const std::string& domain,
                                   bool provisioned,
                                   RegistryDocument& numbers,
                                   std::vector<spool::DocumentWrite>& writes) const;
  /// Whom a domain serves is part of it: adds what counts that as a change of the domains whose
  /// associations are written, and gives those.
  [[nodiscard]] std::vector<std::string> count_changes(
      std::vector<spool::DocumentWrite>& writes) const;
  /// Adds what removes the associations that go.
  template <class Goes>
  void remove_associations(Goes goes, std::vector<spool::DocumentWrite>& writes) const {
    for (const auto& [pair, association] : inventory.associations)
      if (goes(association))
        writes.push_back(
            write(kind::association, association_name(pair.first, pair.second), std::nullopt));
  }
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
  net::asio::awaitable<std::optional<Refused>> begin_rotation(const std::string& domain,
                                                              dkim::Algorithm algorithm,
                                                              Live& live,
                                                              Alteration& alteration);
  /// Lets go of the keys that are not in the ring any more; what removes them from the store.
  [[nodiscard]] std::vector<spool::DocumentWrite> drop_keys(const std::string& domain,
                                                            Live& live) const;
  void keep_ring(const std::string& domain, Live live, Alteration& alteration) const;
  /// Makes what is missing for a configuration; nothing of it is to be seen before take().
  enum class Occasion : std::uint8_t { start, reload };
  mail::Result<Provision> provide(const config::Config& settings, Occasion occasion);
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
  mail::Result<void> make_first_key(const config::Domain& domain,
                                    const config::Config& settings,
                                    Provision& provision);
  mail::Result<void> keep_key(const dkim::PrivateKey& key,
                              const config::Domain& domain,
                              Live live,
                              std::string_view how,
                              Provision& provision);
  mail::Result<void> follow_selector(const config::Domain& domain, Provision& provision);
  mail::Result<void> provide_associations(Provision& provision);
  [[nodiscard]] bool has_right(const std::pair<std::string, std::string>& pair,
                               const Provisioned& next) const;
  void contest(Provisioned& next) const;
  void notice_upstreams();
  [[nodiscard]] mail::Result<void> judge_numbers(const Provisioned& next) const;
  void sweep();
  void sweep_names(std::vector<spool::DocumentWrite>& writes);
  void write_unheard(const std::vector<spool::DocumentWrite>& writes);

  net::asio::thread_pool key_maker_{1};
};

}  // namespace domains
