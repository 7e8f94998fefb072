#pragma once

#include "dkim/published_key.hpp"
#include "relay/config/config.hpp"
#include "relay/domains/catalog.hpp"
#include "relay/domains/turn.hpp"
#include "relay/keystore/master_key.hpp"
#include "relay/net/clock.hpp"
#include "relay/net/coro.hpp"
#include "relay/net/published.hpp"
#include "relay/spool/store.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/result.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace domains {

/// Why a change was not made.
struct Refused {
  enum class Kind : std::uint8_t {
    absent,     ///< there is no such app, domain, token
    conflict,   ///< it has changed meanwhile (If-Match), or is there already
    invalid,    ///< what is asked for cannot be
    read_only,  ///< it stands in the configuration file
    failed,     ///< the store did not take it
  };
  Kind kind = Kind::failed;
  std::string sentence;  ///< with what to do
};

template <class T>
using Outcome = boost::system::result<T, Refused>;
struct Done {};

/// On whose behalf: for the audit trail, and for what they may see.
struct Caller {
  enum class Role : std::uint8_t { admin, read, app };
  Role role = Role::admin;
  std::string app;  ///< of role app
  std::string who;  ///< "admin socket, uid 1000", "token 7"
};

/// What a write must find: the version shown to the caller (If-Match); nothing: whatever is there.
using Expected = std::optional<std::uint64_t>;

struct NewApp {
  std::string name, owner, contact, upstream, configuration_set;
  unsigned weight = 1;
  policy::Limits limits;
  std::vector<std::string> domains;  ///< existing ones to associate
};
/// Shown once, never again.
struct Password {
  std::string app, password;
};

/// What the operator decides of an app: normal, restricted or blocked.
struct NewOverride {
  policy::StandingState state = policy::StandingState::normal;
  std::optional<std::chrono::seconds> lasts;  ///< nothing: until it is released
  std::string reason;
};

struct NewDomain {
  std::string name;  ///< either form
  std::string owner;
  std::string app;  ///< to associate with at once; gives the owner
  bool subdomains = false;
  policy::SigningMode signing = policy::SigningMode::local;
  dkim::Algorithm algorithm = dkim::Algorithm::rsa_sha256;
  std::string selector;  ///< empty: p1
  std::string mail_from;
  std::string pem;  ///< a key to import; empty: one is made
  bool allow_weak = false;
};

struct Token {
  std::string id;  ///< 8 letters and digits, also the first part of the token itself
  Caller::Role role = Caller::Role::read;
  std::string app;
  std::string made_by;
  WallTime made_at{};
};
struct NewToken {
  Token token;
  std::string secret;  ///< shown once
};

/// What one round of verification found.
struct Round {
  std::string domain;
  policy::Examination examination;
  std::map<std::string, dkim::Observation, std::less<>> keys;  ///< by selector
  std::map<std::string, std::string, std::less<>> key_ids;     ///< of which keys, by selector
  SesIdentity identity;
  std::map<std::string, policy::DmarcFacts, std::less<>> dmarc;
  std::vector<policy::WantedRecord> records;
  WallTime at{};
};

/// Apps, domains, their associations and keys: those of the configuration file (provisioned) and
/// those made by command or API (managed), in one catalog. The one place that changes them, each
/// change with its audit record in one commit, and published when it is on stable storage.
/// Everything runs on one executor; catalog() may be called anywhere.
class Registry {
 public:
  struct Parts {
    boost::asio::any_io_executor executor;
    spool::Store& store;
    dkim::Library& library;
    net::Clock& clock;
    std::shared_ptr<const keystore::MasterKey> master_key;
    std::function<void()> changed;  ///< a new catalog is published; on the executor
    /// How far an app may mail has changed, durably; on the executor, may be empty.
    std::function<void(const std::string& app, const policy::Transition&)> stood = {};
  };

  /// Reads the documents and takes over the configuration's apps and domains: makes the keys that
  /// are missing (unless data_dir is not durable), imports those that lie in data_dir/keys in
  /// clear. Blocks; before the threads run. A Failure is one sentence with the mend.
  static mail::Result<std::unique_ptr<Registry>> open(
      Parts parts, const config::Config& settings, const std::vector<spool::Document>& documents);
  ~Registry();

  [[nodiscard]] std::shared_ptr<const Catalog> catalog() const;
  /// What the operator should know of the configuration taken last: keys that were made.
  [[nodiscard]] const std::vector<std::string>& notices() const;

  /// Waits for the changes that were asked for before; while it is held no other is made. Empty
  /// where too many wait.
  net::asio::awaitable<Turn::Held> turn();
  /// A new configuration, prepared: the keys that it needs are there, all else is changed when what
  /// is returned is called. \param turn held until then, so that no change under way writes over
  /// it, nor it over one
  [[nodiscard]] mail::Result<std::function<void()>> prepare(const config::Config& settings,
                                                            const Turn::Held& turn);

  net::asio::awaitable<Outcome<Password>> add_app(NewApp app, Caller caller);
  net::asio::awaitable<Outcome<Password>> rotate_password(std::string app,
                                                          Caller caller,
                                                          Expected expected);
  /// Decides how far an app may mail, whatever its reputation; a block without an end is audited as
  /// `app block`.
  net::asio::awaitable<Outcome<Done>> override_app(std::string app,
                                                   NewOverride decided,
                                                   Caller caller,
                                                   Expected expected);
  /// Ends that, and puts an app that was held back on probation; audited as `what`.
  net::asio::awaitable<Outcome<Done>> release_app(std::string app,
                                                  std::string what,
                                                  Caller caller,
                                                  Expected expected);
  /// Changes the standing of an app as `step` says of the one that is found, if it says another.
  using Step = std::function<policy::StandingStep(policy::Standing found, WallTime now)>;
  net::asio::awaitable<Outcome<Done>> change_standing(
      std::string app, Step step, std::string what, Caller caller, Expected expected);
  net::asio::awaitable<Outcome<Done>> remove_app(std::string app, Caller caller, Expected expected);

  net::asio::awaitable<Outcome<Done>> add_domain(NewDomain domain, Caller caller);
  net::asio::awaitable<Outcome<Done>> associate(std::string domain, std::string app, Caller caller);
  net::asio::awaitable<Outcome<Done>> dissociate(std::string domain,
                                                 std::string app,
                                                 Caller caller);
  /// Begins a rotation: makes the next key, whose record is then shown. Of a trusted domain
  /// `published` says that it is, so that the key signs from now on; of others DNS says so.
  /// `abandon` takes the key back; `removed` says that the old key's record is gone.
  enum class Rotation : std::uint8_t { begin, published, abandon, removed };
  net::asio::awaitable<Outcome<Done>> rotate_key(std::string domain,
                                                 Rotation step,
                                                 Caller caller,
                                                 Expected expected);
  net::asio::awaitable<Outcome<Done>> remove_domain(std::string domain,
                                                    Caller caller,
                                                    Expected expected);
  /// The private key as PKCS#8 PEM: for the explicit command alone, audited.
  net::asio::awaitable<Outcome<std::string>> export_key(std::string domain,
                                                        std::string selector,
                                                        Caller caller);

  net::asio::awaitable<Outcome<NewToken>> add_token(Caller::Role role,
                                                    std::string app,
                                                    Caller caller);
  net::asio::awaitable<Outcome<Done>> remove_token(std::string id, Caller caller);
  [[nodiscard]] std::vector<Token> tokens() const;
  /// Whose token this is; compares in constant time. Nothing for a wrong one.
  [[nodiscard]] std::optional<Caller> authenticate(std::string_view token) const;

  /// Mail of the domain has this name in From: its DMARC record is asked for with the next rounds.
  /// At most max_from_names are kept for a domain.
  void meet_from(const std::string& domain, const std::string& from);
  /// Takes over what a round found: state, keys, identity. Written down, then published. A round of
  /// a domain that is gone by now, or has another key under a selector, counts for nothing.
  net::asio::awaitable<void> record(Round round);
  /// What time alone does to the keys of a trusted domain, at which no round looks.
  net::asio::awaitable<void> let_time_pass(std::string domain);
  /// The domain's key that signs, or is to: what SES may sign with too. Null without one.
  [[nodiscard]] std::shared_ptr<const dkim::Signer> main_key(std::string_view domain) const;
  /// Whether a record found in DNS is a key of ours.
  [[nodiscard]] mail::Result<dkim::KeyTest> test_key(std::string_view domain,
                                                     std::string_view selector,
                                                     std::string_view record) const;

 private:
  class State;
  explicit Registry(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace domains
