#include "relay/observe/metrics.hpp"
#include "relay/observe/feedback_metrics.hpp"

#include "relay/spool/store.hpp"

#include <doctest/doctest.h>

#include <array>
#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using observe::Metrics;

namespace {

std::string file(const std::string& path) {
  std::ifstream stream(std::string(POSTERN_SOURCE_DIR) + "/" + path);
  if (!stream) throw std::runtime_error(path + " cannot be read");
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The scrape with every value as 0.
std::string zeroed(const std::string& scrape) {
  std::string out;
  for (const std::string& line : lines_of(scrape)) {
    out += (line.starts_with('#') ? line : line.substr(0, line.rfind(' ')) + " 0") + "\n";
  }
  return out;
}

bool shows(const Metrics& metrics, const std::string& sample) {
  const auto lines = lines_of(metrics.text());
  return std::ranges::find(lines, sample) != lines.end();
}

// Type and labels by name.
using Described = std::map<std::string, std::pair<std::string, std::string>>;

std::string without(std::string text, const std::string& unwanted) {
  std::erase_if(text, [&](char c) { return unwanted.find(c) != std::string::npos; });
  return text;
}

// The rows `| \`postern_name\` | type | labels | …` of docs/metrics.md.
Described documented() {
  Described rows;
  for (const std::string& line : lines_of(file("docs/metrics.md"))) {
    if (!line.starts_with("| `postern_")) continue;
    std::istringstream cells(line.substr(1));
    std::string name, type, labels;
    std::getline(cells, name, '|');
    std::getline(cells, type, '|');
    std::getline(cells, labels, '|');
    rows[without(name, "` ")] = {without(type, " "), without(labels, "` ")};
  }
  return rows;
}

/// A verified domain whose key was seen, and whose identity SES does not tell at the moment.
policy::DomainState looked_at() {
  policy::DomainState state;
  state.status = policy::DomainStatus::verified;
  state.last_round = policy::WallTime(std::chrono::seconds(1800000000));
  state.checks[static_cast<std::size_t>(policy::DomainCheck::dkim)].last =
      policy::CheckResult::good;
  state.checks[static_cast<std::size_t>(policy::DomainCheck::ownership)].last =
      policy::CheckResult::bad;
  state.checks[static_cast<std::size_t>(policy::DomainCheck::identity)].silent_since =
      state.last_round;
  return state;
}

void use_everything(Metrics& metrics) {
  metrics.declare("shop", "example.com");
  metrics.refused("shop", policy::Reason::attachment);
  { const auto level = metrics.connection("127.0.0.1:2525"); }
  metrics.dkim_signature("example.com", "rsa-sha256", 0.0003);
  metrics.delivery_attempt("taken");
  metrics.upstream_reply(250);
  metrics.domain_checked("example.com", looked_at());
  metrics.app_blocked("shop", false);
  metrics.spf_check("verdict");
  auto& feedback = metrics.feedback();
  feedback.count("events_total", std::array<std::string, 2>{"shop", "Bounce"}, 1);
  feedback.count("bounces_total",
                 std::array<std::string, 4>{"shop", "example.com", "Permanent", "General"},
                 1);
  feedback.count("complaints_total", std::array<std::string, 3>{"shop", "example.com", "abuse"}, 1);
}

}  // namespace

TEST_SUITE("relay/observe/metrics") {
  TEST_CASE("a fresh scrape has the names, types, help and labels of the golden file") {
    CHECK(zeroed(Metrics("0.0.0").text()) == file("tests/golden/fresh_scrape.txt"));
  }

  TEST_CASE(
      "every metric of the list is documented with its type and labels, and nothing else is") {
    Described listed;
    for (const observe::MetricRow& row : observe::metric_list()) {
      listed["postern_" + std::string(row.name)] = {std::string(observe::word(row.type)),
                                                    std::string(row.labels)};
    }
    const Described pages = documented();
    for (const auto& [name, described] : listed) {
      CAPTURE(name);
      REQUIRE(pages.contains(name));
      CHECK(pages.at(name).first == described.first);
      CHECK(pages.at(name).second == described.second);
    }
    for (const auto& [name, described] : pages) {
      CAPTURE(name);
      CHECK(listed.contains(name));
    }
  }

  TEST_CASE("every metric has HELP and TYPE from the start, and a sample once it was used") {
    Metrics metrics("0.0.0");
    const std::string fresh = metrics.text();
    use_everything(metrics);
    const std::string used = metrics.text();
    for (const observe::MetricRow& row : observe::metric_list()) {
      const std::string name = "postern_" + std::string(row.name);
      CAPTURE(name);
      CHECK(fresh.find("# HELP " + name + " " + std::string(row.help) + "\n") != std::string::npos);
      CHECK(fresh.find("# TYPE " + name + " " + std::string(observe::word(row.type)) + "\n") !=
            std::string::npos);
      const bool sampled = used.find("\n" + name + " ") != std::string::npos ||
                           used.find("\n" + name + "{") != std::string::npos ||
                           used.find("\n" + name + "_count ") != std::string::npos;
      CHECK(sampled);
    }
  }

  TEST_CASE("counters go on where they stood, and those of a later version are passed over") {
    Metrics metrics("1.2.3");
    const std::array<std::string, 2> bounced{"shop", "Bounce"};
    metrics.feedback().restore("events_total", bounced, 7);
    metrics.feedback().restore("of_a_later_version_total", bounced, 7);
    metrics.feedback().restore("complaints_total", bounced, 7);
    metrics.feedback().count("events_total", bounced, 1);
    const std::string text = metrics.text();
    CHECK(text.find("postern_events_total{app=\"shop\",type=\"Bounce\"} 8\n") != std::string::npos);
    CHECK(text.find("later_version") == std::string::npos);
    CHECK(text.find("postern_complaints_total{") == std::string::npos);
  }

  TEST_CASE("a domain shows where it stands, what was found, and what gets no answer") {
    Metrics metrics("1.2.3");
    metrics.domain_checked("example.com", looked_at());
    metrics.domains(policy::DomainStatus::verified, 3);
    metrics.apps(policy::StandingState::normal, 2);
    metrics.apps(policy::StandingState::blocked, 1);
    metrics.app_blocked("shop", true);
    for (const std::string sample : {
             R"(postern_domain_status{domain="example.com",status="verified"} 1)",
             R"(postern_domain_status{domain="example.com",status="revoked"} 0)",
             R"(postern_domain_check{check="dkim",domain="example.com"} 1)",
             R"(postern_domain_check{check="ownership",domain="example.com"} 0)",
             R"(postern_domain_check_stale{check="ses_identity",domain="example.com"} 1)",
             R"(postern_domain_check_stale{check="dkim",domain="example.com"} 0)",
             R"(postern_domain_last_check_timestamp_seconds{domain="example.com"} 1800000000)",
             R"(postern_domains{status="verified"} 3)",
             R"(postern_apps{state="sending"} 2)",
             R"(postern_apps{state="restricted"} 0)",
             R"(postern_apps{state="blocked"} 1)",
             R"(postern_app_blocked{app="shop"} 1)",
         }) {
      CAPTURE(sample);
      CHECK(shows(metrics, sample));
    }
    metrics.domain_removed("example.com");
    CHECK(shows(metrics, R"(postern_domain_status{domain="example.com",status="verified"} 0)"));
  }

  TEST_CASE("each method moves its own sample") {
    Metrics metrics("1.2.3");
    metrics.accepted("shop", "example.com");
    metrics.accepted("shop", "example.com");
    metrics.refused("", policy::Reason::auth_required);
    metrics.auth_failure();
    metrics.connection_closed("http");
    metrics.transaction_seconds(0.004);
    metrics.dkim_signature("example.com", "rsa-sha256", 0.00025);
    metrics.dkim_key_cache(true);
    metrics.spool_commit_seconds(0.003);
    metrics.store_free(1024);
    metrics.delivery_attempt("throttled");
    metrics.delivery_seconds(3);
    metrics.upstream_reply(454);
    metrics.upstream_reply(7);
    metrics.upstream_reply(99999);
    metrics.upstream_throttled();
    metrics.upstream_rate_limit(14);
    metrics.in_doubt("resent");
    metrics.duplicate("shop");
    metrics.upstream_quota(50'000, 1234);
    metrics.clock_jump();
    metrics.tls_certificate_expiry(std::chrono::system_clock::time_point(1'800'000'000s));
    metrics.internal_error();
    for (const char* sample : {
             "postern_build_info{version=\"1.2.3\"} 1",
             "postern_messages_accepted_total{app=\"shop\",domain=\"example.com\"} 2",
             "postern_messages_refused_total{app=\"\",reason=\"auth-required\"} 1",
             "postern_smtp_auth_failures_total 1",
             "postern_smtp_connections_closed_total{cause=\"http\"} 1",
             "postern_smtp_transaction_seconds_bucket{le=\"0.0025\"} 0",
             "postern_smtp_transaction_seconds_bucket{le=\"0.005\"} 1",
             "postern_dkim_signatures_total{algorithm=\"rsa-sha256\",domain=\"example.com\"} 1",
             "postern_dkim_sign_seconds_count 1",
             "postern_dkim_key_cache_total{outcome=\"hit\"} 1",
             "postern_spool_commit_seconds_count 1",
             "postern_store_free_bytes 1024",
             "postern_delivery_attempts_total{result=\"throttled\"} 1",
             "postern_delivery_seconds_sum 3",
             "postern_upstream_replies_total{code=\"454\"} 1",
             "postern_upstream_replies_total{code=\"other\"} 2",
             "postern_upstream_throttled_total 1",
             "postern_upstream_rate_limit 14",
             "postern_in_doubt_total{outcome=\"resent\"} 1",
             "postern_in_doubt_total{outcome=\"settled\"} 0",
             "postern_in_doubt_total{outcome=\"held\"} 0",
             "postern_duplicates_total{app=\"shop\"} 1",
             "postern_upstream_quota_recipients 50000",
             "postern_upstream_sent_24h_recipients 1234",
             "postern_clock_jumps_total 1",
             "postern_tls_certificate_expiry_timestamp_seconds 1800000000",
             "postern_internal_errors_total 1",
         }) {
      CAPTURE(sample);
      CHECK(shows(metrics, sample));
    }
  }

  TEST_CASE("exactly one status of the account is 1, and it follows the trouble") {
    Metrics metrics("0");
    struct Row {
      std::optional<policy::Reason> trouble;
      std::string status;
      bool under_review = false;
    };
    using policy::Reason;
    const Row rows[] = {{std::nullopt, "sending"},
                        {Reason::account_paused, "account-paused"},
                        {Reason::credentials, "credentials"},
                        {Reason::daily_quota, "daily-quota"},
                        {Reason::ses_sandbox, "ses-sandbox"},
                        {Reason::domain, "sending"},
                        {std::nullopt, "under-review", true},
                        {Reason::daily_quota, "daily-quota", true},
                        {std::nullopt, "sending"}};
    CHECK(shows(metrics, "postern_upstream_account_status{status=\"sending\"} 1"));
    for (const Row& row : rows) {
      CAPTURE(row.status);
      metrics.upstream_account(row.trouble, row.under_review);
      CHECK(shows(metrics, "postern_upstream_account_status{status=\"" + row.status + "\"} 1"));
      const auto lines = lines_of(metrics.text());
      CHECK(std::ranges::count_if(lines, [](const std::string& line) {
              return line.starts_with("postern_upstream_account_status{") && line.ends_with(" 1");
            }) == 1);
    }
  }

  TEST_CASE("an app declared again, at a reload, keeps its counts; a new one shows from then on") {
    Metrics metrics("0");
    metrics.declare("shop", "example.com");
    metrics.accepted("shop", "example.com");
    metrics.duplicate("shop");
    metrics.declare("shop", "example.com");
    metrics.declare("blog", "example.net");
    for (const char* sample :
         {"postern_messages_accepted_total{app=\"shop\",domain=\"example.com\"} 1",
          "postern_messages_accepted_total{app=\"blog\",domain=\"example.net\"} 0",
          "postern_duplicates_total{app=\"shop\"} 1",
          "postern_duplicates_total{app=\"blog\"} 0"}) {
      CAPTURE(sample);
      CHECK(shows(metrics, sample));
    }
  }

  TEST_CASE("connections are counted by scope, moved ones once") {
    Metrics metrics("0");
    {
      auto first = metrics.connection("127.0.0.1:25");
      const auto second = metrics.connection("127.0.0.1:25");
      const auto moved = std::move(first);
      CHECK(shows(metrics, "postern_smtp_connections 2"));
    }
    CHECK(shows(metrics, "postern_smtp_connections 0"));
    CHECK(shows(metrics, "postern_smtp_connections_total{listener=\"127.0.0.1:25\"} 2"));
    auto state = metrics.upstream_connection(observe::UpstreamState::connecting);
    state = metrics.upstream_connection(observe::UpstreamState::busy);
    CHECK(shows(metrics, "postern_upstream_connections{state=\"connecting\"} 0"));
    CHECK(shows(metrics, "postern_upstream_connections{state=\"busy\"} 1"));
  }

  TEST_CASE("the queue's gauges follow the counts, those that vanished included") {
    Metrics metrics("0");
    const std::chrono::system_clock::time_point now(1'800'000'000s);
    spool::Counts counts;
    counts.by_state = {5, 1, 2, 3, 100, 100};
    counts.held = {{policy::Reason::signing, 3}};
    counts.oldest = now - 90s;
    metrics.queue(counts, now);
    CHECK(shows(metrics, "postern_queue_messages{state=\"queued\"} 5"));
    CHECK(shows(metrics, "postern_queue_messages{state=\"in_delivery\"} 1"));
    CHECK(shows(metrics, "postern_queue_messages{state=\"in_doubt\"} 2"));
    CHECK(shows(metrics, "postern_queue_messages{state=\"held\"} 3"));
    CHECK(shows(metrics, "postern_held_messages{reason=\"signing\"} 3"));
    CHECK(shows(metrics, "postern_queue_oldest_seconds 90"));
    metrics.queue({}, now);
    CHECK(shows(metrics, "postern_held_messages{reason=\"signing\"} 0"));
    CHECK(shows(metrics, "postern_queue_oldest_seconds 0"));
  }

  TEST_CASE("nothing that could be an address becomes a label, and no text can break the scrape") {
    Metrics metrics("0");
    metrics.accepted("anna@example.org", "example.com");
    metrics.accepted("shop", "x\"} 1\n");
    metrics.accepted(std::string(300, 'a'), "");
    const std::string scrape = metrics.text();
    CHECK(scrape.find('@') == std::string::npos);
    CHECK(shows(metrics, "postern_messages_accepted_total{app=\"\",domain=\"example.com\"} 1"));
    CHECK(shows(metrics, "postern_messages_accepted_total{app=\"shop\",domain=\"\"} 1"));
    CHECK(shows(metrics, "postern_messages_accepted_total{app=\"\",domain=\"\"} 1"));
  }

  TEST_CASE("a family has 8192 series and one for all that come later") {
    Metrics metrics("0");
    for (int i = 0; i < 8200; ++i) metrics.delivery_attempt("r" + std::to_string(i));
    const std::string scrape = metrics.text();
    const auto count = std::ranges::count_if(lines_of(scrape), [](const std::string& line) {
      return line.starts_with("postern_delivery_attempts_total{");
    });
    CHECK(count == 8193);
    CHECK(shows(metrics, "postern_delivery_attempts_total{result=\"\"} 8"));
    CHECK(shows(metrics, "postern_delivery_attempts_total{result=\"r8191\"} 1"));
  }

  TEST_CASE("threads that meet a series for the first time together count in one") {
    Metrics metrics("0");
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&metrics] {
        for (int i = 0; i < 1000; ++i) {
          metrics.accepted("app" + std::to_string(i % 50), "example.com");
          metrics.spool_commit_seconds(0.001);
        }
      });
    }
    (void)metrics.text();
    for (std::thread& thread : threads) thread.join();
    for (int app = 0; app < 50; ++app) {
      CHECK(shows(metrics,
                  "postern_messages_accepted_total{app=\"app" + std::to_string(app) +
                      "\",domain=\"example.com\"} 80"));
    }
    CHECK(shows(metrics, "postern_spool_commit_seconds_count 4000"));
  }
}
