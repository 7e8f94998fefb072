#pragma once

#include "dkim/key_ring.hpp"
#include "dkim/signer.hpp"
#include "policy/domain_setup.hpp"
#include "policy/domain_state.hpp"
#include "policy/facts.hpp"
#include "policy/record_doctor.hpp"
#include "policy/standing.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace domains {

using WallTime = std::chrono::system_clock::time_point;

inline constexpr std::size_t max_apps = 2000;
inline constexpr std::size_t max_domains = 5000;
inline constexpr std::size_t max_associations = 20'000;
inline constexpr std::size_t max_associations_of_app = 500;
inline constexpr std::size_t max_tokens = 500;
inline constexpr std::size_t max_from_names = 100;

/// How far an app may mail.
struct Standing {
  policy::Standing record;
  std::string sentence = {};  ///< of the last step: what its contact was told

  /// In force: what the operator decided until the look that ends it, else what follows from its
  /// bounces and complaints.
  [[nodiscard]] policy::StandingState state() const noexcept;
  [[nodiscard]] bool blocked() const noexcept;
  /// The operator's reason, or the sentence.
  [[nodiscard]] const std::string& why() const noexcept;
  friend bool operator==(const Standing&, const Standing&) = default;
};

/// A site that sends.
struct App {
  std::string name;
  std::string owner;  ///< whose it is; domains are shared among the apps of one owner only
  std::string contact;
  std::string upstream, configuration_set;  ///< empty: the first, the upstream's
  unsigned weight = 1;
  policy::Environment environment = policy::Environment::production;
  policy::Limits limits;
  std::vector<std::string> urgent_paths;
  bool provisioned = false;  ///< stands in the configuration file: read-only elsewhere
  bool has_password = false;
  Standing standing;
  WallTime added_at{};
  std::uint64_t version = 0;  ///< of its document: the ETag; 0 for a provisioned one
};

inline constexpr std::string_view by_api = "api", by_replies = "replies";

/// What SES itself says of a domain.
struct SesIdentity {
  policy::CheckResult result = policy::CheckResult::unknown;
  std::string why;     ///< one sentence where it is not good
  std::string source;  ///< by_api, by_replies, or empty: nobody was asked
  std::vector<std::string> dkim_tokens;
  std::string mail_from, mail_from_status;
  WallTime seen{};
};

/// A sender domain with everything that is known of it.
struct Domain {
  std::string name;   ///< lower-case A-label
  std::string owner;  ///< of the apps that it may serve
  bool provisioned = false;
  bool trusted = false;  ///< verify: trusted: somebody vouched for it, nothing is asked
  /// Provisioned, but the name, or one above it, is another owner's, who proved it: nobody's right.
  bool contested = false;
  bool subdomains = false;
  policy::SigningMode signing = policy::SigningMode::local;
  dkim::Algorithm algorithm = dkim::Algorithm::rsa_sha256;
  std::string mail_from;
  WallTime added_at{};
  std::uint64_t version = 0;  ///< the ETag

  policy::DomainState state;                                       ///< of a trusted one: verified
  dkim::KeyRing ring;                                              ///< mode local
  std::map<std::string, std::string, std::less<>> public_records;  ///< by selector
  std::shared_ptr<const dkim::Signer> signer;  ///< what signs now; null: nothing may
  std::string unsigned_why;                    ///< one sentence where `signer` is null
  std::string trouble;              ///< why it may not send and what to change; empty where it may
  policy::Examination examination;  ///< of the last round
  /// What to publish, beside what the last round found there; empty before the first one.
  std::vector<policy::WantedRecord> records;
  SesIdentity identity;
  std::map<std::string, policy::DmarcFacts, std::less<>> dmarc;  ///< by From domain
  std::string challenge;                                         ///< value of the ownership record
};

/// An app's right to a domain. Its number is never used again: mail is tied to it.
struct Association {
  std::string app, domain;
  std::uint64_t number = 0;
  bool provisioned = false;  ///< stands in the configuration file
  friend auto operator<=>(const Association&, const Association&) = default;
};

/// Apps and domains of this moment: one immutable snapshot, replaced whole on change.
struct Catalog {
  std::map<std::string, std::shared_ptr<const App>, std::less<>> apps;
  std::map<std::string, std::shared_ptr<const Domain>, std::less<>> domains;
  std::vector<Association> associations;  ///< by app, then domain
  /// Salted hashes as net::Credential reads them, by app.
  std::map<std::string, std::string, std::less<>> credentials;

  [[nodiscard]] std::vector<Association> of_app(std::string_view app) const;
  [[nodiscard]] std::vector<Association> of_domain(std::string_view domain) const;
};

/// What a domain's records follow from. \param region of SES, empty where the upstream is another
/// \param report_address for a first DMARC record, may be empty
[[nodiscard]] policy::DomainSetup setup_of(const Domain& domain,
                                           std::string_view region,
                                           std::string_view report_address);

}  // namespace domains
