#include "relay/observe/metrics.hpp"

#include "relay/observe/feedback_metrics.hpp"
#include "relay/observe/metric_rows.hpp"
#include "relay/observe/series.hpp"
#include "relay/spool/store.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace observe {

namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;

// The series of the fixed label sets, shown from the start.
constexpr auto known_causes = std::to_array<std::string_view>(
    {"quit", "lost", "timeout", "http", "early-talk", "errors", "drain", "store-timeout", "tls"});
constexpr auto queue_states =
    std::to_array<std::pair<spool::State, const char*>>({{spool::State::queued, "queued"},
                                                         {spool::State::in_delivery, "in_delivery"},
                                                         {spool::State::in_doubt, "in_doubt"},
                                                         {spool::State::held, "held"}});
constexpr std::array upstream_states{"connecting", "idle", "busy"};
constexpr auto alert_kinds = std::to_array<std::string_view>({"domain",
                                                              "standing",
                                                              "held",
                                                              "suppressions",
                                                              "account",
                                                              "credentials",
                                                              "feed",
                                                              "signature-altered",
                                                              "rotation"});
constexpr std::array webhook_ends{"delivered", "refused", "given_up", "dropped"};
constexpr std::array doubt_outcomes{"settled", "resent", "held"};
constexpr std::array account_troubles{policy::Reason::account_paused,
                                      policy::Reason::credentials,
                                      policy::Reason::daily_quota,
                                      policy::Reason::ses_sandbox};

prometheus::MetricType type_of(MetricType type) {
  switch (type) {
    case MetricType::counter:
      return prometheus::MetricType::Counter;
    case MetricType::gauge:
      return prometheus::MetricType::Gauge;
    case MetricType::histogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

Counter& counter_of(prometheus::Registry& registry, std::string_view name) {
  return family(registry, prometheus::BuildCounter(), name).Add({});
}
Gauge& gauge_of(prometheus::Registry& registry, std::string_view name) {
  return family(registry, prometheus::BuildGauge(), name).Add({});
}
Histogram& histogram_of(prometheus::Registry& registry,
                        std::string_view name,
                        const Histogram::BucketBoundaries& bounds) {
  return family(registry, prometheus::BuildHistogram(), name).Add({}, bounds);
}

class Counters : public Series<Counter> {
 public:
  Counters(prometheus::Registry& registry, std::string_view name)
      : Series(family(registry, prometheus::BuildCounter(), name),
               label_names(metric_row(name).labels)) {}
};
class Gauges : public Series<Gauge> {
 public:
  Gauges(prometheus::Registry& registry, std::string_view name)
      : Series(family(registry, prometheus::BuildGauge(), name),
               label_names(metric_row(name).labels)) {}
};

double unix_seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace

Level::Level(Gauge& gauge) noexcept : gauge_(&gauge) { gauge.Increment(); }
Level::Level(Level&& other) noexcept : gauge_(std::exchange(other.gauge_, nullptr)) {}
Level& Level::operator=(Level&& other) noexcept {
  std::swap(gauge_, other.gauge_);
  return *this;
}
Level::~Level() {
  if (gauge_ != nullptr) gauge_->Decrement();
}

struct Metrics::Families {
  prometheus::Registry registry;
  Gauges build_info{registry, "build_info"};
  Gauge& smtp_connections = gauge_of(registry, "smtp_connections");
  Counters smtp_connections_total{registry, "smtp_connections_total"};
  Counters smtp_connections_closed{registry, "smtp_connections_closed_total"};
  Counter& auth_failures = counter_of(registry, "smtp_auth_failures_total");
  Counters accepted{registry, "messages_accepted_total"};
  Counters refused{registry, "messages_refused_total"};
  Counters duplicates{registry, "duplicates_total"};
  Histogram& transaction_seconds =
      histogram_of(registry,
                   "smtp_transaction_seconds",
                   {.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 60});
  Counters signatures{registry, "dkim_signatures_total"};
  Histogram& sign_seconds = histogram_of(
      registry, "dkim_sign_seconds", {.0001, .0002, .0003, .0005, .001, .002, .005, .01, .05});
  Counters key_cache{registry, "dkim_key_cache_total"};
  Histogram& commit_seconds =
      histogram_of(registry,
                   "spool_commit_seconds",
                   {.0002, .0005, .001, .002, .005, .01, .02, .05, .1, .5, 1, 5, 20});
  Gauges queue_messages{registry, "queue_messages"};
  Gauges held_messages{registry, "held_messages"};
  Gauge& queue_oldest = gauge_of(registry, "queue_oldest_seconds");
  Counters attempts{registry, "delivery_attempts_total"};
  Histogram& delivery_seconds =
      histogram_of(registry,
                   "delivery_seconds",
                   {.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 28800, 86400});
  Counters in_doubt{registry, "in_doubt_total"};
  Gauges upstream_connections{registry, "upstream_connections"};
  Counters upstream_replies{registry, "upstream_replies_total"};
  Counter& throttled = counter_of(registry, "upstream_throttled_total");
  Gauge& rate_limit = gauge_of(registry, "upstream_rate_limit");
  Gauge& quota = gauge_of(registry, "upstream_quota_recipients");
  Gauge& sent_24h = gauge_of(registry, "upstream_sent_24h_recipients");
  Gauges account_status{registry, "upstream_account_status"};
  Gauges domain_status{registry, "domain_status"};
  Gauges domain_check{registry, "domain_check"};
  Gauges domain_check_stale{registry, "domain_check_stale"};
  Gauges domain_last_check{registry, "domain_last_check_timestamp_seconds"};
  Gauges domains{registry, "domains"};
  Gauges apps{registry, "apps"};
  Gauges app_blocked{registry, "app_blocked"};
  Counters spf_checks{registry, "spf_checks_total"};
  Gauge& certificate_expiry = gauge_of(registry, "tls_certificate_expiry_timestamp_seconds");
  Gauge& store_free = gauge_of(registry, "store_free_bytes");
  FeedbackMetrics feedback{registry};
  Counter& clock_jumps = counter_of(registry, "clock_jumps_total");
  Counters alerts{registry, "alerts_total"};
  Counters webhook_posts{registry, "webhook_posts_total"};
  Counter& internal_errors = counter_of(registry, "internal_errors_total");
};

Metrics::Metrics(std::string_view version) : families_(std::make_unique<Families>()) {
  families_->build_info.of(version).Set(1);
  for (const std::string_view cause : known_causes) families_->smtp_connections_closed.of(cause);
  for (const auto& [state, name] : queue_states) families_->queue_messages.of(name);
  for (const policy::ReasonRow& reason : policy::reasons()) {
    if (reason.holds) families_->held_messages.of(reason.word);
  }
  for (const char* state : upstream_states) families_->upstream_connections.of(state);
  for (const char* outcome : {"hit", "miss"}) families_->key_cache.of(outcome);
  for (const std::string_view kind : alert_kinds) families_->alerts.of(kind);
  for (const char* end : webhook_ends) families_->webhook_posts.of(end);
  for (const char* outcome : doubt_outcomes) families_->in_doubt.of(outcome);
  for (const policy::DomainStatus status : policy::domain_statuses) domains(status, 0);
  for (const auto state : policy::standing_states) apps(state, 0);
  upstream_account(std::nullopt);
  families_->rate_limit.Set(std::numeric_limits<double>::infinity());
}

Metrics::~Metrics() = default;

void Metrics::declare(std::string_view app, std::string_view domain) {
  families_->accepted.of(app, domain);
  families_->duplicates.of(app);
  families_->feedback.declare(app);
}
void Metrics::declare_listener(std::string_view listener) {
  families_->smtp_connections_total.of(listener);
}

Level Metrics::connection(std::string_view listener) {
  families_->smtp_connections_total.of(listener).Increment();
  return Level(families_->smtp_connections);
}
void Metrics::connection_closed(std::string_view cause) {
  families_->smtp_connections_closed.of(cause).Increment();
}
void Metrics::auth_failure() { families_->auth_failures.Increment(); }
void Metrics::accepted(std::string_view app, std::string_view domain) {
  families_->accepted.of(app, domain).Increment();
}
void Metrics::duplicate(std::string_view app) { families_->duplicates.of(app).Increment(); }
void Metrics::refused(std::string_view app, policy::Reason reason) {
  families_->refused.of(app, policy::word(reason)).Increment();
}
void Metrics::transaction_seconds(double seconds) {
  families_->transaction_seconds.Observe(seconds);
}

void Metrics::dkim_signature(std::string_view domain, std::string_view algorithm, double seconds) {
  families_->signatures.of(domain, algorithm).Increment();
  families_->sign_seconds.Observe(seconds);
}
void Metrics::dkim_key_cache(bool hit) {
  families_->key_cache.of(hit ? "hit" : "miss").Increment();
}
void Metrics::spool_commit_seconds(double seconds) { families_->commit_seconds.Observe(seconds); }

void Metrics::queue(const spool::Counts& counts, std::chrono::system_clock::time_point now) {
  for (const auto& [state, name] : queue_states) {
    families_->queue_messages.of(name).Set(
        static_cast<double>(counts.by_state[static_cast<std::size_t>(state)]));
  }
  for (const policy::ReasonRow& reason : policy::reasons()) {
    if (!reason.holds) continue;
    const auto held =
        std::ranges::find(counts.held, reason.reason, &decltype(counts.held)::value_type::first);
    families_->held_messages.of(reason.word)
        .Set(held == counts.held.end() ? 0.0 : static_cast<double>(held->second));
  }
  const double age = counts.oldest ? unix_seconds(now) - unix_seconds(*counts.oldest) : 0.0;
  families_->queue_oldest.Set(std::max(age, 0.0));
}
void Metrics::store_free(std::uint64_t octets) {
  families_->store_free.Set(static_cast<double>(octets));
}

void Metrics::delivery_attempt(std::string_view result) {
  families_->attempts.of(result).Increment();
}
void Metrics::delivery_seconds(double seconds) { families_->delivery_seconds.Observe(seconds); }
Level Metrics::upstream_connection(UpstreamState state) {
  return Level(
      families_->upstream_connections.of(upstream_states[static_cast<std::size_t>(state)]));
}
void Metrics::upstream_reply(int code) {
  std::array<char, 3> digits{};
  const bool reply_code = code >= 200 && code <= 599;
  if (reply_code) std::to_chars(digits.begin(), digits.end(), code);
  families_->upstream_replies
      .of(reply_code ? std::string_view(digits.data(), digits.size()) : "other")
      .Increment();
}
void Metrics::upstream_throttled() { families_->throttled.Increment(); }
void Metrics::upstream_rate_limit(double recipients_a_second) {
  families_->rate_limit.Set(recipients_a_second);
}
void Metrics::in_doubt(std::string_view outcome, std::uint64_t messages) {
  families_->in_doubt.of(outcome).Increment(static_cast<double>(messages));
}

void Metrics::upstream_quota(double recipients_a_day, double sent_in_24h) {
  families_->quota.Set(recipients_a_day);
  families_->sent_24h.Set(sent_in_24h);
}
void Metrics::upstream_account(std::optional<policy::Reason> trouble, bool under_review) {
  bool sending = true;
  for (const policy::Reason each : account_troubles) {
    const bool current = trouble == each;
    families_->account_status.of(policy::word(each)).Set(current ? 1 : 0);
    sending = sending && !current;
  }
  families_->account_status.of("under-review").Set(sending && under_review ? 1 : 0);
  families_->account_status.of("sending").Set(sending && !under_review ? 1 : 0);
}

void Metrics::domain_checked(std::string_view domain, const policy::DomainState& state) {
  for (const policy::DomainStatus each : policy::domain_statuses)
    families_->domain_status.of(domain, policy::word(each)).Set(each == state.status ? 1 : 0);
  if (state.last_round)
    families_->domain_last_check.of(domain).Set(unix_seconds(*state.last_round));
  for (std::size_t i = 0; i < policy::domain_checks; ++i) {
    const std::string_view check = policy::word(static_cast<policy::DomainCheck>(i));
    const policy::CheckState& known = state.checks[i];
    families_->domain_check_stale.of(domain, check).Set(known.silent_since ? 1 : 0);
    if (known.last == policy::CheckResult::unknown) continue;
    families_->domain_check.of(domain, check).Set(known.last == policy::CheckResult::good ? 1 : 0);
  }
}
void Metrics::domain_removed(std::string_view domain) {
  for (const policy::DomainStatus each : policy::domain_statuses)
    families_->domain_status.of(domain, policy::word(each)).Set(0);
}
void Metrics::domains(policy::DomainStatus status, std::size_t count) {
  families_->domains.of(policy::word(status)).Set(static_cast<double>(count));
}
void Metrics::apps(policy::StandingState state, std::size_t count) {
  const bool normal = state == policy::StandingState::normal;
  families_->apps.of(normal ? "sending" : policy::word(state)).Set(static_cast<double>(count));
}
void Metrics::app_blocked(std::string_view app, bool blocked) {
  families_->app_blocked.of(app).Set(blocked ? 1 : 0);
}
void Metrics::spf_check(std::string_view end) { families_->spf_checks.of(end).Increment(); }

void Metrics::tls_certificate_expiry(std::chrono::system_clock::time_point not_after) {
  families_->certificate_expiry.Set(unix_seconds(not_after));
}
void Metrics::alert(std::string_view kind) { families_->alerts.of(kind).Increment(); }
void Metrics::webhook_post(std::string_view end) { families_->webhook_posts.of(end).Increment(); }
void Metrics::internal_error() { families_->internal_errors.Increment(); }
void Metrics::clock_jump() { families_->clock_jumps.Increment(); }

FeedbackMetrics& Metrics::feedback() noexcept { return families_->feedback; }

std::vector<Sample> Metrics::samples(std::string_view name) const {
  const auto names = label_names(metric_row(name).labels);
  std::vector<prometheus::MetricFamily> collected = families_->registry.Collect();
  const auto family =
      std::ranges::find(collected, full_name(name), &prometheus::MetricFamily::name);
  std::vector<Sample> samples;
  if (family == collected.end()) return samples;
  for (const prometheus::ClientMetric& metric : family->metric) {
    Sample& sample = samples.emplace_back();
    for (const std::string& label : names)
      sample.labels.push_back(
          std::ranges::find(metric.label, label, &prometheus::ClientMetric::Label::name)->value);
    sample.value = type_of(metric_row(name).type) == prometheus::MetricType::Counter
                       ? metric.counter.value
                       : metric.gauge.value;
  }
  std::ranges::sort(samples, {}, &Sample::labels);
  return samples;
}

std::string Metrics::text() const {
  std::vector<prometheus::MetricFamily> collected = families_->registry.Collect();
  std::vector<prometheus::MetricFamily> shown;
  for (const MetricRow& each : metric_list()) {
    const std::string name = full_name(each.name);
    const auto found = std::ranges::find(collected, name, &prometheus::MetricFamily::name);
    if (found == collected.end()) {  // no series yet: HELP and TYPE alone
      shown.push_back({name, std::string(each.help), type_of(each.type), {}});
    } else {
      std::ranges::sort(found->metric, {}, &prometheus::ClientMetric::label);
      shown.push_back(std::move(*found));
    }
  }
  return prometheus::TextSerializer().Serialize(shown);
}

}  // namespace observe
