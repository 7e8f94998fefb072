#pragma once

#include "policy/domain_state.hpp"
#include "policy/reason.hpp"
#include "policy/standing.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus {
class Gauge;
}
namespace spool {
struct Counts;
}

namespace observe {

class FeedbackMetrics;

enum class MetricType : std::uint8_t { counter, gauge, histogram };

/// A row of the one list of metrics (docs/metrics.md explains each).
struct MetricRow {
  std::string_view name;  ///< without the prefix `postern_`
  MetricType type;
  std::string_view
      labels;  ///< label names, comma separated, in the order of the methods' arguments
  std::string_view help;
};

/// Every metric of the binary, by name.
[[nodiscard]] std::span<const MetricRow> metric_list() noexcept;
[[nodiscard]] std::string_view word(MetricType type) noexcept;

/// One series of a counter or gauge.
struct Sample {
  std::vector<std::string> labels;  ///< values, in the order of the list of metrics
  double value = 0;
};

/// A gauge counted up for as long as this object lives: connections are counted by scope.
class Level {
 public:
  Level() = default;
  Level(Level&& other) noexcept;
  Level& operator=(Level&& other) noexcept;
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;
  ~Level();

 private:
  friend class Metrics;
  explicit Level(prometheus::Gauge& gauge) noexcept;
  prometheus::Gauge* gauge_ = nullptr;
};

/// What a connection to the upstream is doing.
enum class UpstreamState : std::uint8_t { connecting, idle, busy };

/// Counters, gauges and histograms of the relay, over one prometheus-cpp Registry. Every method is
/// thread-safe; those called per message take no lock but the histogram's own, and build no string
/// once a label value is known.
///
/// Labels: `app` and `domain` are names of the configuration, never what a client said. Whatever
/// could be an address (any character outside `[A-Za-z0-9._:[]-]`) is counted under the empty
/// value, and so is what comes after 8192 series of a family.
class Metrics {
 public:
  explicit Metrics(std::string_view version);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// Shows the series of a configured app and domain from the start, at 0, so that a first increase
  /// is seen by rate(). What is shown already stays as it is: a reload declares all again.
  void declare(std::string_view app, std::string_view domain);
  void declare_listener(std::string_view listener);

  // SMTP side
  [[nodiscard]] Level connection(
      std::string_view listener);                  ///< smtp_connections, smtp_connections_total
  void connection_closed(std::string_view cause);  ///< cause: smtp::Step::closed_for, "lost", …
  void auth_failure();
  void accepted(std::string_view app, std::string_view domain);
  void duplicate(std::string_view app);  ///< a repeat, answered with the first queue id
  void refused(std::string_view app, policy::Reason reason);  ///< app empty where none is known
  void transaction_seconds(double seconds);  ///< MAIL to the reply that ended the transaction

  // signing and spool
  void dkim_signature(std::string_view domain, std::string_view algorithm, double seconds);
  void spool_commit_seconds(double seconds);
  void queue(const spool::Counts& counts, std::chrono::system_clock::time_point now);
  void store_free(std::uint64_t octets);

  // upstream
  void delivery_attempt(std::string_view result);  ///< smtp::word(ReplyClass)
  void delivery_seconds(double seconds);           ///< accept to the upstream's 250
  [[nodiscard]] Level upstream_connection(UpstreamState state);
  void upstream_reply(int code);
  void upstream_throttled();
  void upstream_rate_limit(double recipients_a_second);
  /// "settled", "resent", "held"; so many messages.
  void in_doubt(std::string_view outcome, std::uint64_t messages = 1);
  /// In recipients: as the account tells, else this relay's alone; infinity for no limit.
  void upstream_quota(double recipients_a_day, double sent_in_24h);
  /// The account's trouble: daily_quota, account_paused, credentials or ses_sandbox; none, and for
  /// any other reason: it sends, under review or not.
  void upstream_account(std::optional<policy::Reason> trouble, bool under_review = false);

  // sender domains
  void domain_checked(std::string_view domain, const policy::DomainState& state);
  /// The domain is gone: none of its statuses is 1 any more.
  void domain_removed(std::string_view domain);
  void domains(policy::DomainStatus status, std::size_t count);
  /// How many apps stand so; the normal ones are shown as `sending`.
  void apps(policy::StandingState state, std::size_t count);
  void app_blocked(std::string_view app, bool blocked);
  void spf_check(std::string_view end);  ///< domains::SpfCheckEnd

  // the process
  void tls_certificate_expiry(std::chrono::system_clock::time_point not_after);
  void internal_error();
  void alert(std::string_view kind);        ///< notices::word(AlertKind)
  void webhook_post(std::string_view end);  ///< "delivered", "refused", "given_up", "dropped"
  void clock_jump();
  void dkim_key_cache(bool hit);  ///< a signature found its key parsed, or not

  [[nodiscard]] FeedbackMetrics& feedback() noexcept;

  /// What a counter or gauge of the list shows now, by label values.
  [[nodiscard]] std::vector<Sample> samples(std::string_view name) const;

  /// The scrape in Prometheus' text format 0.0.4: each family of the list with HELP and TYPE, in
  /// the order of the list.
  [[nodiscard]] std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace observe
