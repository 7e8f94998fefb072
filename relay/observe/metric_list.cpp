#include "relay/observe/metrics.hpp"

#include <array>

namespace observe {

namespace {

using enum MetricType;

constexpr auto list = std::to_array<MetricRow>({
    {"build_info", gauge, "version", "Always 1; the label is the version that runs."},
    {"smtp_connections", gauge, "", "SMTP connections open now."},
    {"smtp_connections_total", counter, "listener", "SMTP connections taken, by listener."},
    {"smtp_connections_closed_total",
     counter,
     "cause",
     "SMTP connections ended, by what ended them."},
    {"smtp_auth_failures_total", counter, "", "Connections on which a wrong credential was given."},
    {"messages_accepted_total",
     counter,
     "app,domain",
     "Messages made durable and answered with 250."},
    {"messages_refused_total",
     counter,
     "app,reason",
     "Messages refused in the SMTP session, by reason."},
    {"duplicates_total",
     counter,
     "app",
     "Messages that a client sent once more and that got the first queue id again."},
    {"smtp_transaction_seconds",
     histogram,
     "",
     "Time from MAIL to the reply that ended the transaction."},
    {"dkim_signatures_total", counter, "domain,algorithm", "DKIM signatures made."},
    {"dkim_sign_seconds", histogram, "", "Time taken by one DKIM signature."},
    {"dkim_key_cache_total",
     counter,
     "outcome",
     "Signatures that found their key parsed (hit), or parsed it (miss)."},
    {"spool_commit_seconds",
     histogram,
     "",
     "Time taken by one commit of the spool, its flush included."},
    {"queue_messages", gauge, "state", "Messages in the queue, by state."},
    {"held_messages", gauge, "reason", "Messages held, by reason."},
    {"queue_oldest_seconds",
     gauge,
     "",
     "Age of the oldest message that is to be delivered; 0 if there is none."},
    {"delivery_attempts_total",
     counter,
     "result",
     "Delivery attempts, by what the upstream's reply meant."},
    {"delivery_seconds", histogram, "", "Time from accepting a message to the upstream's 250."},
    {"in_doubt_total",
     counter,
     "outcome",
     "Messages whose reply from the upstream was lost, by how it was settled."},
    {"upstream_connections",
     gauge,
     "state",
     "Connections to the upstream, by what they are doing."},
    {"upstream_replies_total",
     counter,
     "code",
     "Replies of the upstream that ended a delivery attempt, by reply code."},
    {"upstream_throttled_total", counter, "", "Times the upstream asked to slow down."},
    {"upstream_rate_limit",
     gauge,
     "",
     "Recipients a second this relay sends at most; +Inf: no limit."},
    {"upstream_quota_recipients",
     gauge,
     "",
     "Recipients the upstream takes in 24 hours; +Inf: no limit, 0: not known."},
    {"upstream_sent_24h_recipients",
     gauge,
     "",
     "Recipients the upstream counted in the last 24 hours; 0 while not known."},
    {"upstream_account_status",
     gauge,
     "status",
     "1 for what the upstream lets the account do now, 0 for the others."},
    {"domain_status",
     gauge,
     "domain,status",
     "1 for where the sender domain stands now, 0 for the others."},
    {"domain_check",
     gauge,
     "domain,check",
     "What was last found of the domain's records and its identity at SES: 1 good, 0 bad."},
    {"domain_check_stale",
     gauge,
     "domain,check",
     "1 while a check of the domain gets no answer, so that what is known is old."},
    {"domain_last_check_timestamp_seconds",
     gauge,
     "domain",
     "When the domain was last looked at, in Unix time."},
    {"domains", gauge, "status", "Sender domains, by where they stand."},
    {"apps", gauge, "state", "Apps that may send, and blocked ones."},
    {"app_blocked", gauge, "app", "1 while the app is blocked."},
    {"spf_checks_total",
     counter,
     "end",
     "SPF evaluations in the confined child, by how they ended."},
    {"tls_certificate_expiry_timestamp_seconds",
     gauge,
     "",
     "When the listeners' certificate expires, in Unix time; 0: none."},
    {"store_free_bytes", gauge, "", "Octets free on the disk of the data directory."},
    {"clock_jumps_total",
     counter,
     "",
     "Times the wall clock and the monotonic clock parted by over a minute."},
    {"internal_errors_total",
     counter,
     "",
     "Bugs that were met and survived; each has an error line in the log."},
});

}  // namespace

std::span<const MetricRow> metric_list() noexcept { return list; }

std::string_view word(MetricType type) noexcept {
  switch (type) {
    case counter:
      return "counter";
    case gauge:
      return "gauge";
    case histogram:
      return "histogram";
  }
  return "";
}

}  // namespace observe
