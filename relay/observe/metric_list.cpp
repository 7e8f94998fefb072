#include "relay/observe/metric_rows.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

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
     "Recipients the upstream takes in 24 hours, as SES's API tells or as learned from a refusal; "
     "+Inf: no limit is known."},
    {"upstream_sent_24h_recipients",
     gauge,
     "",
     "Recipients of the last 24 hours: of the whole account where SES's API tells, else of this "
     "relay alone."},
    {"upstream_account_status",
     gauge,
     "status",
     "1 for what the upstream lets the account do now, by its replies and SES's API; 0 for the "
     "others."},
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
    {"apps",
     gauge,
     "state",
     "Apps by standing: sending, warned, restricted, blocked, on probation."},
    {"app_blocked",
     gauge,
     "app",
     "1 while all mail of the app is refused; not of a restricted one."},
    {"spf_checks_total",
     counter,
     "end",
     "SPF evaluations in the confined child, by how they ended."},
    {"events_total",
     counter,
     "app,type",
     "Events of the upstream about the app's mail, each once."},
    {"bounces_total",
     counter,
     "app,domain,type,subtype",
     "Recipients whose mail came back, as the upstream tells it."},
    {"complaints_total",
     counter,
     "app,domain,feedback_type",
     "Complaints of recipients about mail as spam."},
    {"bounce_ratio",
     gauge,
     "app",
     "Recipients that bounced, of those sent to in the longest window of policy.reputation."},
    {"complaint_ratio",
     gauge,
     "app",
     "Complaints, of the recipients sent to in the longest window of policy.reputation."},
    {"suppressed_addresses", gauge, "", "Addresses that an app does not mail, all apps together."},
    {"feedback_last_event_timestamp_seconds",
     gauge,
     "",
     "When the last event of the upstream was booked, in Unix time; 0: none was."},
    {"feedback_discarded_total",
     counter,
     "cause",
     "What the feed brought that is no event of this relay's mail, by what it is."},
    {"signature_altered_total",
     counter,
     "",
     "Opens and clicks reported of mail signed here: the upstream changed what was signed."},
    {"tls_certificate_expiry_timestamp_seconds",
     gauge,
     "",
     "When the listeners' certificate expires, in Unix time; 0: none."},
    {"store_free_bytes", gauge, "", "Octets free on the disk of the data directory."},
    {"clock_jumps_total",
     counter,
     "",
     "Times the wall clock and the monotonic clock parted by over a minute."},
    {"alerts_total", counter, "kind", "What somebody is told of at once, by what it is about."},
    {"webhook_posts_total", counter, "end", "Posts to the operator's webhook, by how they ended."},
    {"internal_errors_total",
     counter,
     "",
     "Bugs that were met and survived; each has an error line in the log."},
});

}  // namespace

std::span<const MetricRow> metric_list() noexcept { return list; }

const MetricRow& metric_row(std::string_view name) {
  const auto found = std::ranges::find(list, name, &MetricRow::name);
  if (found == list.end()) throw std::logic_error("no such metric: " + std::string(name));
  return *found;
}

std::string full_name(std::string_view name) { return "postern_" + std::string(name); }

std::vector<std::string> label_names(std::string_view labels) {
  std::vector<std::string> names;
  while (!labels.empty()) {
    const std::size_t comma = std::min(labels.find(','), labels.size());
    names.emplace_back(labels.substr(0, comma));
    labels.remove_prefix(std::min(comma + 1, labels.size()));
  }
  return names;
}

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
