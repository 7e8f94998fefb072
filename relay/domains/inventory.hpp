#pragma once

#include "dkim/library.hpp"
#include "mail/result.hpp"
#include "relay/config/config.hpp"
#include "relay/domains/catalog.hpp"
#include "relay/domains/documents.hpp"
#include "relay/keystore/master_key.hpp"
#include "relay/spool/document.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace domains {

/// A private key that is at hand.
struct KeyMaterial {
  dkim::PrivateKey key;
  std::shared_ptr<const dkim::Signer> signer;
};

/// What is known of a domain beside how it is set up.
struct Live {
  Learned learned;
  std::map<std::string, KeyMaterial, std::less<>> keys;  ///< by selector
  policy::Examination examination;                       ///< of the last round since the start
  std::map<std::string, policy::DmarcFacts, std::less<>> dmarc;
  std::vector<policy::WantedRecord> records;
};

/// What stands in the configuration file.
struct Provisioned {
  std::map<std::string, App, std::less<>> apps;
  std::map<std::string, std::string, std::less<>> credentials;
  std::map<std::string, Domain, std::less<>> domains;
  std::map<std::string, Domain, std::less<>> contested;        ///< which it names and cannot have
  std::set<std::pair<std::string, std::string>> associations;  ///< app, domain
  std::vector<std::string> upstreams;                          ///< their names
};

/// Everything that the registry knows, as it is written down; a Catalog is made of it.
struct Inventory {
  std::map<std::string, AppDocument, std::less<>> apps;  ///< managed
  std::map<std::string, Standing, std::less<>> standings;
  std::map<std::string, Domain, std::less<>> domains;  ///< managed: how they are set up
  std::map<std::string, Live, std::less<>> live;
  std::map<std::pair<std::string, std::string>, Association> associations;  ///< by app and domain
  std::map<std::string, TokenDocument, std::less<>> tokens;
  RegistryDocument registry;
  Provisioned provisioned;
  std::map<std::pair<std::string, std::string>, std::uint64_t> versions;  ///< by kind and name

  [[nodiscard]] std::uint64_t version(std::string_view kind, std::string_view name) const;
  /// How a domain is set up, the file's word first; null if there is none.
  [[nodiscard]] const Domain* setup(std::string_view domain) const;
  [[nodiscard]] bool has_app(std::string_view app) const;
  [[nodiscard]] std::string owner_of_app(std::string_view app) const;
  /// How many domains the app is associated with.
  [[nodiscard]] std::size_t serves(std::string_view app) const;
};

inline constexpr std::string_view operators = "operator";  ///< the owner where none is named

/// Reads what the store kept. Sealed keys are opened; a Failure names the first document that
/// cannot be read, or says that the master key is another.
[[nodiscard]] mail::Result<Inventory> read_inventory(const std::vector<spool::Document>& documents,
                                                     const keystore::MasterKey* master_key,
                                                     dkim::Library& library);

/// The name under which a domain's key is sealed and kept: "example.com p1".
[[nodiscard]] std::string key_name(std::string_view domain, std::string_view selector);

/// The name under which an app's right to a domain is kept: "shop example.com".
[[nodiscard]] std::string association_name(std::string_view app, std::string_view domain);

/// Names a key by its public half: 16 hexadecimal digits.
[[nodiscard]] std::string key_id(const dkim::PrivateKey& key);
[[nodiscard]] dkim::Algorithm algorithm_of(const config::Domain& domain);

/// What stands in the configuration. The hash of a password that is still the same stays, for
/// sessions are logged in by it; others get fresh salts. A Failure where the system gives no random
/// octets.
[[nodiscard]] mail::Result<Provisioned> read_provisioned(const config::Config& settings,
                                                         const Provisioned& before);

/// 256 random bits in base64url.
[[nodiscard]] mail::Result<std::string> random_secret();
/// A new secret, with its salted hash as net::Credential reads it.
struct Secret {
  std::string text, credential;
};
[[nodiscard]] mail::Result<Secret> make_secret();

[[nodiscard]] std::shared_ptr<const App> shown_app(const Inventory& inventory,
                                                   std::string_view name);
[[nodiscard]] std::shared_ptr<const Domain> shown_domain(const Inventory& inventory,
                                                         std::string_view name,
                                                         const keystore::MasterKey* master_key);
[[nodiscard]] std::shared_ptr<const Catalog> make_catalog(const Inventory& inventory,
                                                          const keystore::MasterKey* master_key);

}  // namespace domains
