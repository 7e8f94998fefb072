#pragma once

#include "policy/domain_setup.hpp"
#include "policy/facts.hpp"
#include "policy/reputation.hpp"
#include "relay/config/aws.hpp"
#include "relay/config/secret.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace config {

enum class ListenerTls : std::uint8_t { none, starttls, implicit };

struct Endpoint {
  std::string address;     ///< a literal IP address
  std::uint16_t port = 0;  ///< 0: the system chooses (tests)
};

struct SmtpListener {
  Endpoint endpoint;
  ListenerTls tls = ListenerTls::none;
  std::string app;  ///< bound app, empty: AUTH
  std::vector<std::string>
      allow;  ///< networks in CIDR form; default loopback where app: or tls: none
};

struct HttpListener {
  Endpoint endpoint;
  bool health = false, metrics = false, api = false, sns = false;
  bool tls = false;  ///< from the first octet
};

/// Who is asked about DNS.
struct Dns {
  std::vector<Endpoint> servers;  ///< empty: the system's
  std::chrono::seconds timeout{5};
  bool dnssec = false;
  bool private_servers = false;  ///< authoritative servers may have addresses that are not public
};

inline constexpr int max_upstreams = 8;
inline constexpr int max_dns_servers = 8;
inline constexpr int max_hosts = 50;
inline constexpr int max_urgent_paths = 20;  ///< of an app

enum class UpstreamKind : std::uint8_t { ses, smtp, capture };

struct Upstream {
  std::string name = "default";
  UpstreamKind kind = UpstreamKind::ses;
  std::string region;
  std::string host;
  std::uint16_t port = 465;
  bool starttls = false;              ///< else implicit TLS
  std::filesystem::path tls_ca_file;  ///< empty: the system's
  Secret username, password;
  std::string configuration_set;
  unsigned max_connections = 16;
  std::optional<double> max_rate;   ///< recipients a second; none: auto
  std::filesystem::path directory;  ///< capture
};

enum class KeyAlgorithm : std::uint8_t { rsa2048, ed25519 };

struct Domain {
  std::string name;  ///< lower-case A-label
  std::string selector;
  KeyAlgorithm algorithm = KeyAlgorithm::rsa2048;
  /// Empty: made at start and sealed in the store, when data_dir is durable.
  std::filesystem::path key_file;
  bool subdomains = false;
  bool trusted = false;  ///< verify: trusted, else by DNS
  policy::SigningMode signing = policy::SigningMode::local;
  std::string mail_from;  ///< custom MAIL FROM domain, lower-case A-label; empty: none
};

struct App {
  std::string name;
  std::string owner;  ///< whose it is; empty: the operator's
  Secret password;    ///< clear text of password_file; empty: no AUTH for this app
  std::string contact;
  std::string upstream;           ///< name, empty: the first
  std::string configuration_set;  ///< ses.configuration_set, empty: the upstream's
  std::vector<std::string> domains;
  unsigned weight = 1;  ///< share of the rate
  std::vector<std::string> urgent_paths;
  policy::Limits limits;
};

struct Queue {
  std::chrono::seconds retry_first{30}, retry_max{1800}, expire{172800};
  std::chrono::seconds expire_urgent{36000}, hold_expire{14 * 86400};
};

enum class InDoubtAction : std::uint8_t {
  automatic,  ///< wait while the feed has lately returned our tags, else resend
  wait,
  resend,
  hold,
};
struct InDoubt {
  InDoubtAction action = InDoubtAction::automatic;
  std::chrono::seconds wait{900};
};

/// Where alerts are posted to.
struct Webhook {
  Secret url;                         ///< https; empty: nowhere
  Secret secret;                      ///< posts are signed with it
  std::vector<std::string> allow;     ///< networks in CIDR form, of private addresses it may have
  std::filesystem::path tls_ca_file;  ///< empty: the system's
};

/// Who runs the relay. Without `from` no report is sent.
struct Operator {
  std::string contact;
  std::string from;    ///< of reports: at one of the sender domains
  std::string domain;  ///< the configured domain that covers `from` and signs reports
  std::chrono::seconds digest{86400};  ///< 0: refusals are never reported
  Webhook webhook;
};

/// Whose mail leaves an address out that bounced or complained.
enum class SuppressionScope : std::uint8_t { app, all };

struct Retention {
  std::chrono::seconds failed_content{7 * 86400}, timeline{30 * 86400}, refusals{7 * 86400};
};

enum class LogFormat : std::uint8_t { text, json };
enum class LogAddresses : std::uint8_t { masked, hashed, full };
enum class LogLevel : std::uint8_t { debug, info, warning, error };
struct Log {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  LogAddresses addresses = LogAddresses::masked;
};

/// The whole configuration, checked: paths absolute, references resolved, secrets read.
struct Config {
  std::filesystem::path file;
  unsigned threads = 0;  ///< resolved: never 0 after reading
  std::chrono::seconds drain{25};
  std::string hostname;
  std::filesystem::path data_dir;
  bool data_dir_durable = true;
  std::filesystem::path master_key_file;  ///< empty: data_dir/master.key, made at the first start
  std::vector<SmtpListener> smtp;
  std::vector<HttpListener> http;
  std::filesystem::path socket;    ///< admin socket; default data_dir/admin.sock
  Secret admin_token;              ///< of the API on HTTP listeners; empty: only made ones
  std::vector<std::string> hosts;  ///< names that the API may be asked by, beside addresses
  std::filesystem::path certificate, private_key;
  std::vector<std::filesystem::path> secret_files;  ///< all that secrets and keys are read from
  std::vector<Upstream>
      upstreams;  ///< 1 to max_upstreams, in the order they are tried; names differ
  Dns dns;
  Aws aws;
  Feedback feedback;
  std::vector<Domain> domains;
  std::vector<App> apps;
  policy::Rules rules;
  policy::ReputationRules reputation;
  SuppressionScope suppression_scope = SuppressionScope::app;
  std::chrono::seconds duplicates_window{600};  ///< 0: no message is taken for a repeat
  Queue queue;
  InDoubt in_doubt;
  Retention retention;
  Operator relay_operator;
  std::uint64_t spool_reserve = 256ULL << 20, spool_keep_size = 1ULL << 30;
  Log log;
};

/// One mistake: `file:line:column: what, and what to write`.
struct Mistake {
  std::size_t line = 0, column = 0;
  std::string text;
};

struct Reading {
  std::optional<Config> config;   ///< only when there are no mistakes
  std::vector<Mistake> mistakes;  ///< all of them, by line
  std::vector<Mistake> warnings;  ///< what works but is unwise
};

/// Reads a configuration file as `serve` does, secrets included; opens no port and writes nothing.
[[nodiscard]] Reading read(const std::filesystem::path& file);

/// The same for a text already at hand; `file` is its name in the configuration, relative paths
/// start at its folder.
[[nodiscard]] Reading read_text(std::string_view text, const std::filesystem::path& file);

/// A sentence for each key whose values differ and that cannot change while the relay runs: a
/// reload that meets any is refused whole.
[[nodiscard]] std::vector<std::string> unchangeable(const Config& before, const Config& after);

/// `path:line:column: text` for people and editors.
[[nodiscard]] std::string describe(const std::filesystem::path& file, const Mistake& mistake);

/// The facts policy judges by, for each app: what the session snapshot is made of.
[[nodiscard]] std::map<std::string, policy::AppFacts, std::less<>> app_facts(const Config& config);

}  // namespace config
