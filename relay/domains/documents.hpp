#pragma once

#include "mail/result.hpp"
#include "relay/domains/catalog.hpp"
#include "relay/domains/registry.hpp"

#include <string>
#include <string_view>

namespace domains {

// What the registry keeps in the store, each kind of document as JSON. Every reader gives a Failure
// for what it cannot read; members that it does not know are ignored, so that the version before
// runs on what this one wrote.

namespace kind {
inline constexpr std::string_view app = "app";                    ///< NAME, of a managed one
inline constexpr std::string_view standing = "standing";          ///< NAME: how far it may mail
inline constexpr std::string_view domain = "domain";              ///< NAME, of a managed one
inline constexpr std::string_view verification = "verification";  ///< NAME, of every domain
inline constexpr std::string_view key = "key";                    ///< DOMAIN SELECTOR, sealed
inline constexpr std::string_view association = "association";    ///< APP DOMAIN
inline constexpr std::string_view token = "token";                ///< ID
inline constexpr std::string_view registry = "registry";          ///< its one name is empty
}  // namespace kind

struct AppDocument {
  App app;
  std::string credential;
};
/// What verification has learned of a domain.
struct Learned {
  policy::DomainState state;
  dkim::KeyRing ring;
  SesIdentity identity;
  std::string trouble;
  /// The configuration's, whose change was followed last; empty for a managed domain.
  std::string selector = {};
  /// How often somebody has changed its keys or whom it serves: what a look finds counts for
  /// nothing.
  std::uint64_t changes = 0;
};
struct TokenDocument {
  Token token;
  std::string credential;
  /// Whose the token's app was when it was made; empty: for all apps, or not written down then.
  std::string owner = {};
};
struct RegistryDocument {
  std::string master_key_id;       ///< of the key that seals; empty: nothing is sealed yet
  std::uint64_t associations = 0;  ///< how many numbers were given
};

[[nodiscard]] std::string to_json(const AppDocument& document);
[[nodiscard]] std::string to_json(const Standing& document);
[[nodiscard]] std::string to_json(const Domain& document);  ///< how it is set up, alone
[[nodiscard]] std::string to_json(const Learned& document);
[[nodiscard]] std::string to_json(const Association& document);
[[nodiscard]] std::string to_json(const TokenDocument& document);
[[nodiscard]] std::string to_json(const RegistryDocument& document);

[[nodiscard]] mail::Result<AppDocument> read_app(std::string_view name, std::string_view json);
[[nodiscard]] mail::Result<Standing> read_standing(std::string_view json);
[[nodiscard]] mail::Result<Domain> read_domain(std::string_view name, std::string_view json);
[[nodiscard]] mail::Result<Learned> read_learned(std::string_view json);
[[nodiscard]] mail::Result<Association> read_association(std::string_view name,
                                                         std::string_view json);
[[nodiscard]] mail::Result<TokenDocument> read_token(std::string_view id, std::string_view json);
[[nodiscard]] mail::Result<RegistryDocument> read_registry(std::string_view json);

}  // namespace domains
