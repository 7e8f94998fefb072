#include "relay/config/config.hpp"
#include "relay/config/tree.hpp"
#include "tests/unit/config/folder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace {

const std::string minimal =
    "listen: { smtp: [{ address: 127.0.0.1:2525, app: shop }] }\n"
    "upstream: { kind: capture, directory: out }\n"
    "domains: [{ name: example.com, verify: trusted }]\n"
    "apps: [{ name: shop, domains: [example.com] }]\n";

config::Config good(const std::string& text, const std::filesystem::path& file) {
  config::Reading reading = config::read_text(text, file);
  for (const config::Mistake& mistake : reading.mistakes)
    FAIL_CHECK(config::describe(file, mistake));
  REQUIRE(reading.config);
  return *std::move(reading.config);
}

config::Config changed(const std::string& from, const std::string& to) {
  std::string text = minimal;
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  return good(text, "/etc/postern/postern.yml");
}

}  // namespace

TEST_SUITE("relay/config/read") {
  TEST_CASE("what is left out has its default") {
    const config::Config read = good(minimal, "/etc/postern/postern.yml");
    CHECK(read.threads >= 1);
    CHECK(read.threads <= 4);
    CHECK(read.drain == std::chrono::seconds(25));
    CHECK_FALSE(read.hostname.empty());
    CHECK(read.data_dir == "/var/lib/postern");
    CHECK(read.socket == "/var/lib/postern/admin.sock");
    CHECK(read.smtp.at(0).allow == std::vector<std::string>{"127.0.0.0/8", "::1/128"});
    CHECK(read.http.empty());
    CHECK(read.upstreams.at(0).name == "default");
    CHECK_FALSE(read.upstreams.at(0).max_rate.has_value());
    CHECK(read.domains.at(0).selector == "p1");
    CHECK(read.apps.at(0).limits.recipients_per_message == 50);
    CHECK(read.apps.at(0).limits.message_size == 10 * 1024 * 1024);
    CHECK(read.apps.at(0).weight == 1);
    CHECK(read.apps.at(0).urgent_paths.empty());
    CHECK_FALSE(read.apps.at(0).limits.queued_messages.has_value());
    CHECK_FALSE(read.apps.at(0).limits.queued_bytes.has_value());
    CHECK(read.queue.expire == std::chrono::hours(48));
    CHECK(read.queue.expire_urgent == std::chrono::hours(10));
    CHECK(read.queue.hold_expire == std::chrono::days(14));
    CHECK(read.in_doubt.action == config::InDoubtAction::automatic);
    CHECK(read.in_doubt.wait == std::chrono::minutes(15));
    CHECK(read.duplicates_window == std::chrono::minutes(10));
    CHECK(read.relay_operator.from.empty());
    CHECK(read.relay_operator.digest == std::chrono::days(1));
    CHECK(read.relay_operator.webhook.url.empty());
    CHECK(read.suppression_scope == config::SuppressionScope::app);
    CHECK(read.feedback.sqs.queue_url.empty());
    CHECK(read.feedback.sns.topic_arns.empty());
    CHECK(read.log.addresses == config::LogAddresses::masked);
  }

  TEST_CASE("relative paths start at the folder of the file") {
    const config::Config read =
        good("data_dir: state/../data\n" + minimal, "/etc/postern/postern.yml");
    CHECK(read.data_dir == "/etc/postern/data");
    CHECK(read.upstreams.at(0).directory == "/etc/postern/out");
    CHECK(good("data_dir: /srv/x\n" + minimal, "/etc/postern/postern.yml").data_dir == "/srv/x");
  }

  TEST_CASE("the region gives SES's host, and starttls its port") {
    const test::Folder folder;
    folder.write("s", "secret\n");
    const auto upstream = [&](const std::string& more) {
      std::string text = minimal;
      const std::string capture = "{ kind: capture, directory: out }";
      text.replace(text.find(capture),
                   capture.size(),
                   "{ username_file: s, password_file: s, " + more + " }");
      return good(text, folder.path() / "postern.yml").upstreams.at(0);
    };
    const config::Upstream plain = upstream("region: eu-central-1");
    CHECK(plain.kind == config::UpstreamKind::ses);
    CHECK(plain.host == "email-smtp.eu-central-1.amazonaws.com");
    CHECK(plain.port == 465);
    CHECK(plain.password.reveal() == "secret");
    CHECK(upstream("region: cn-north-1").host == "email-smtp.cn-north-1.amazonaws.com.cn");
    CHECK(upstream("region: eu-west-1, tls: starttls").port == 587);
    CHECK(upstream("region: eu-west-1, tls: starttls, port: 2587").port == 2587);
    CHECK(upstream("region: eu-west-1, host: 127.0.0.1").host == "127.0.0.1");
    CHECK(upstream("region: eu-west-1, max_rate: 13.5").max_rate == 13.5);
    CHECK_FALSE(upstream("region: eu-west-1, max_rate: auto").max_rate.has_value());
  }

  TEST_CASE("one upstream may stand in a list") {
    CHECK(changed("{ kind: capture, directory: out }",
                  "[{ kind: capture, directory: out, name: west }]")
              .upstreams.at(0)
              .name == "west");
  }

  TEST_CASE("a list of upstreams keeps its order, and an app may choose one") {
    const config::Config read = changed(
        "{ kind: capture, directory: out }",
        "[{ kind: capture, directory: out }, { kind: capture, directory: o2, name: west }]");
    REQUIRE(read.upstreams.size() == 2);
    CHECK(read.upstreams[0].name == "default");
    CHECK(read.upstreams[1].name == "west");
    std::string most;
    for (int i = 0; i < config::max_upstreams; ++i)
      most += "{ kind: capture, directory: out, name: u" + std::to_string(i) + " },";
    const config::Config full = changed("{ kind: capture, directory: out }", "[" + most + "]");
    CHECK(full.upstreams.size() == config::max_upstreams);
    CHECK(changed("domains: [example.com]", "upstream: default, domains: [example.com]")
              .apps.at(0)
              .upstream == "default");
  }

  TEST_CASE("what stands in the keys of queue, in_doubt and duplicates is read") {
    const config::Config read = good(
        "queue: { expire: 3d, expire_urgent: 5h, hold_expire: 9d }\n"
        "in_doubt: { action: hold, wait: 2m }\n"
        "policy: { duplicates: { window: 0s } }\n" +
            minimal,
        "/etc/postern/postern.yml");
    CHECK(read.queue.expire_urgent == std::chrono::hours(5));
    CHECK(read.queue.hold_expire == std::chrono::days(9));
    CHECK(read.in_doubt.action == config::InDoubtAction::hold);
    CHECK(read.in_doubt.wait == std::chrono::minutes(2));
    CHECK(read.duplicates_window.count() == 0);
    const auto action = [](const std::string& word) {
      return good("in_doubt: { action: " + word + " }\n" + minimal, "/etc/postern/postern.yml")
          .in_doubt.action;
    };
    CHECK(action("wait") == config::InDoubtAction::wait);
    CHECK(action("resend") == config::InDoubtAction::resend);
    CHECK(action("auto") == config::InDoubtAction::automatic);
  }

  TEST_CASE("urgent mail never lives longer than other mail") {
    const config::Config read =
        good("queue: { expire: 1h }\n" + minimal, "/etc/postern/postern.yml");
    CHECK(read.queue.expire_urgent == std::chrono::hours(1));
  }

  TEST_CASE("the operator's address is in its compared form and has the domain that signs it") {
    const auto from = [](const std::string& address, const std::string& domains) {
      std::string text = minimal;
      const std::string one = "[{ name: example.com, verify: trusted }]";
      text.replace(text.find(one), one.size(), domains);
      return good(
                 "operator: { contact: \"ops@B\xc3\xbc"
                 "cher.example\", from: " +
                     address + " }\n" + text,
                 "/etc/postern/postern.yml")
          .relay_operator;
    };
    const std::string both =
        "[{ name: example.com, verify: trusted, subdomains: true }, { name: mail.example.com, "
        "verify: trusted }]";
    CHECK(from("Postern@EXAMPLE.com", both).from == "Postern@example.com");
    CHECK(from("Postern@EXAMPLE.com", both).domain == "example.com");
    CHECK(from("x@mail.example.com", both).domain == "mail.example.com");
    CHECK(from("x@other.example.com", both).domain == "example.com");
    CHECK(from("x@example.com", both).contact == "ops@xn--bcher-kva.example");
  }

  TEST_CASE("the rules of reputation have the defaults that are documented, and what is written") {
    const policy::ReputationRules defaults = good(minimal, "/etc/postern/postern.yml").reputation;
    const config::Config documented = good(
        "policy: { reputation: { windows: [24h, 30d], minimum_volume: 100, minimum_bounces: 10, "
        "minimum_complaints: 5, confidence: 0.99, bounce_warn: 0.03, bounce_block: 0.05, "
        "complaint_warn: 0.0005, complaint_block: 0.001 } }\n" +
            minimal,
        "/etc/postern/postern.yml");
    const config::Config other = good(
        "policy: { suppression: { scope: all }, reputation: { windows: [1h], minimum_volume: 7, "
        "minimum_bounces: 8, minimum_complaints: 9, confidence: 0.5, bounce_warn: 0.01, "
        "bounce_block: 0.02, complaint_warn: 0.0001, complaint_block: 0.0002 } }\n" +
            minimal,
        "/etc/postern/postern.yml");
    const auto values = [](const policy::ReputationRules& rules) {
      return std::tuple(rules.windows,
                        rules.minimum_volume,
                        rules.minimum_bounces,
                        rules.minimum_complaints,
                        rules.confidence,
                        rules.bounce_warn,
                        rules.bounce_block,
                        rules.complaint_warn,
                        rules.complaint_block);
    };
    CHECK(values(documented.reputation) == values(defaults));
    CHECK(
        values(other.reputation) ==
        std::tuple(
            std::vector{std::chrono::seconds(3600)}, 7U, 8U, 9U, 0.5, 0.01, 0.02, 0.0001, 0.0002));
    CHECK(other.suppression_scope == config::SuppressionScope::all);
  }

  TEST_CASE("where events come from is read") {
    const test::Folder folder;
    test::write_fixture_files(folder);
    std::string text = minimal;
    text.replace(text.find("listen: {"),
                 9,
                 "listen: { http: [{ address: 127.0.0.1:81, serve: [sns], tls: implicit }],");
    const config::Config read = good(
        "tls: { certificate: cert.pem, private_key: key.pem }\n"
        "feedback:\n"
        "  sqs: { queue_url: \"https://sqs.eu-west-1.amazonaws.com/111122223333/q\" }\n"
        "  sns: { topic_arns: [\"arn:aws:sns:eu-west-1:111122223333:t\"], certificate_file: "
        "relay.pem }\n" +
            text,
        folder.path() / "postern.yml");
    CHECK(read.feedback.sqs.queue_url == "https://sqs.eu-west-1.amazonaws.com/111122223333/q");
    CHECK(read.feedback.sqs.region.empty());
    CHECK(read.feedback.sns.topic_arns ==
          std::vector<std::string>{"arn:aws:sns:eu-west-1:111122223333:t"});
    CHECK(read.feedback.sns.certificate_file == folder.path() / "relay.pem");
    CHECK(read.http.at(0).sns);
    CHECK(read.http.at(0).tls);
    CHECK_FALSE(read.http.at(0).health);
    const config::Config emulated = good(
        "feedback: { sqs: { queue_url: \"http://127.0.0.1:4566/0/q\", region: eu-west-1, endpoint: "
        "\"http://127.0.0.1:4566\" } }\n" +
            minimal,
        folder.path() / "postern.yml");
    CHECK(emulated.feedback.sqs.region == "eu-west-1");
    CHECK(emulated.feedback.sqs.endpoint == "http://127.0.0.1:4566");
  }

  TEST_CASE("the webhook is read with what it is signed and checked by") {
    const test::Folder folder;
    test::write_fixture_files(folder);
    folder.write("url", "https://hooks.example.com:8443/postern\n");
    const config::Operator found =
        good(
            "operator: { digest: 0s, webhook_url_file: url, webhook_secret_file: strong, "
            "webhook_allow: [10.1.2.0/24, \"::1\"], webhook_tls_ca_file: relay.pem }\n" +
                minimal,
            folder.path() / "postern.yml")
            .relay_operator;
    CHECK(found.digest.count() == 0);
    CHECK(found.webhook.url.reveal() == "https://hooks.example.com:8443/postern");
    CHECK(found.webhook.secret.reveal().size() == 44);
    CHECK(found.webhook.allow == std::vector<std::string>{"10.1.2.0/24", "::1/128"});
    CHECK(found.webhook.tls_ca_file == folder.path() / "relay.pem");
  }

  TEST_CASE("a plain HTTP address serves all but sns, a map what it names") {
    const config::Config read = changed(
        "listen: {", "listen: { http: [127.0.0.1:81, { address: 127.0.0.1:82, serve: [health] }],");
    REQUIRE(read.http.size() == 2);
    const auto plain = std::ranges::find(
        read.http, 81, [](const auto& listener) { return listener.endpoint.port; });
    const auto named = std::ranges::find(
        read.http, 82, [](const auto& listener) { return listener.endpoint.port; });
    REQUIRE(plain != read.http.end());
    REQUIRE(named != read.http.end());
    CHECK(plain->health);
    CHECK(plain->metrics);
    CHECK(plain->api);
    CHECK_FALSE(plain->sns);
    CHECK_FALSE(plain->tls);
    CHECK(named->health);
    CHECK_FALSE(named->metrics);
    CHECK_FALSE(named->api);
    const config::HttpListener unnamed =
        changed("listen: {", "listen: { http: [{ address: 127.0.0.1:81 }],").http.at(0);
    CHECK(unnamed.metrics);
    CHECK(unnamed.api);
    CHECK_FALSE(unnamed.sns);
  }

  TEST_CASE("an international domain is the same in all its forms, in any case") {
    std::string text = minimal;
    text.replace(text.find("name: example.com"),
                 17,
                 "name: B\xc3\x9c"
                 "CHER.example");
    text.replace(text.find("[example.com]"),
                 13,
                 "[b\xc3\xbc"
                 "cher.example]");
    const config::Config read = good(text, "/etc/postern/postern.yml");
    CHECK(read.domains.at(0).name == "xn--bcher-kva.example");
    const auto facts = config::app_facts(read);
    REQUIRE(facts.contains("shop"));
    CHECK(facts.at("shop").domains.at(0).name == "xn--bcher-kva.example");
  }

  TEST_CASE("the facts of an app are its own domains and limits and the rules of all") {
    const config::Config read = good(
        "listen: { smtp: [{ address: 127.0.0.1:2525, app: shop }, { address: 127.0.0.1:2526, app: "
        "club }] }\n"
        "upstream: { kind: capture, directory: out }\n"
        "domains: [{ name: example.com, verify: trusted }, { name: example.org, verify: trusted, "
        "subdomains: true }]\n"
        "apps:\n"
        "  - { name: shop, domains: [example.com], contact: web@example.com }\n"
        "  - { name: club, domains: [example.org], weight: 7, urgent: [/code/], limits: { "
        "message_size: 1MiB, "
        "queued_messages: 9, queued_bytes: 2MiB } }\n"
        "policy: { line_ends: normalise, attachments: { calendar: any }, bulk: { refuse: false } "
        "}\n",
        "/etc/postern/postern.yml");
    const auto facts = config::app_facts(read);
    REQUIRE(facts.size() == 2);
    const policy::AppFacts& club = facts.at("club");
    REQUIRE(club.domains.size() == 1);
    CHECK(club.domains[0].name == "example.org");
    CHECK(club.domains[0].subdomains);
    CHECK(club.limits.message_size == 1024 * 1024);
    CHECK(club.limits.queued_messages == 9);
    CHECK(club.limits.queued_bytes == 2 * 1024 * 1024);
    CHECK(club.urgent_paths == std::vector<std::string>{"/code/"});
    CHECK(read.apps.at(1).weight == 7);
    CHECK(facts.at("shop").contact == "web@example.com");
    CHECK(facts.at("shop").rules.line_ends == policy::LineEnds::normalise);
    CHECK(facts.at("shop").rules.attachments.calendar == policy::Calendar::any);
    CHECK_FALSE(facts.at("shop").rules.bulk.refuse);
  }

  TEST_CASE("a file may have the greatest size and not one octet more") {
    const test::Folder folder;
    const std::string padding(config::max_file_octets - minimal.size() - 1, 'x');
    CHECK(config::read(folder.write("postern.yml", minimal + "#" + padding)).config.has_value());
    const config::Reading reading =
        config::read(folder.write("postern.yml", minimal + "#x" + padding));
    REQUIRE(reading.mistakes.size() == 1);
    CHECK(config::describe("f", reading.mistakes[0]).find("longer than") != std::string::npos);
  }

  TEST_CASE("a file that is not there is one mistake without a line") {
    const config::Reading reading = config::read("/nonexistent/postern.yml");
    REQUIRE(reading.mistakes.size() == 1);
    CHECK(config::describe("/nonexistent/postern.yml", reading.mistakes[0])
              .starts_with("/nonexistent/postern.yml: `/nonexistent"));
  }

  TEST_CASE(
      "a reload may change apps, domains, limits and the log, and nothing that is bound or open") {
    const config::Config before = good(minimal, "/etc/postern/postern.yml");
    CHECK(config::unchangeable(before, before).empty());
    CHECK(config::unchangeable(
              before,
              good("log: { level: debug }\ndrain: 3s\n" + minimal, "/etc/postern/postern.yml"))
              .empty());
    CHECK(config::unchangeable(before,
                               changed("apps: [{", "apps: [{ limits: { message_size: 1MiB },"))
              .empty());

    CHECK(config::unchangeable(before, changed("directory: out", "directory: out, max_rate: 5"))
              .empty());
    CHECK(config::unchangeable(before, changed("apps: [{", "apps: [{ weight: 3, urgent: [/code/],"))
              .empty());

    struct Row {
      std::string key;
      config::Config after;
    };
    const Row rows[] = {
        {"threads", good("threads: 9\n" + minimal, before.file)},
        {"hostname", good("hostname: other.example\n" + minimal, before.file)},
        {"listen.smtp", changed("127.0.0.1:2525", "127.0.0.1:2626")},
        {"listen.http", changed("listen: {", "listen: { http: [127.0.0.1:81],")},
        {"listen.socket", changed("listen: {", "listen: { socket: /run/other.sock,")},
        {"upstream.name", changed("directory: out", "directory: out, name: west")},
        {"upstream.kind",
         changed("{ kind: capture, directory: out }", "{ kind: smtp, host: relay.example.net }")},
        {"queue", good("queue: { expire: 1d }\n" + minimal, before.file)},
        {"queue", good("queue: { expire_urgent: 1h }\n" + minimal, before.file)},
        {"queue", good("queue: { hold_expire: 1d }\n" + minimal, before.file)},
        {"in_doubt", good("in_doubt: { action: hold }\n" + minimal, before.file)},
        {"in_doubt", good("in_doubt: { wait: 1m }\n" + minimal, before.file)},
        {"feedback",
         good("feedback: { sqs: { queue_url: \"https://sqs.eu-west-1.amazonaws.com/1/q\" } }\n" +
                  minimal,
              before.file)},
        {"spool", good("spool: { reserve: 1GiB }\n" + minimal, before.file)},
    };
    for (const Row& row : rows) {
      CAPTURE(row.key);
      const auto sentences = config::unchangeable(before, row.after);
      REQUIRE(sentences.size() == 1);
      CHECK(sentences[0].starts_with("`" + std::string(row.key) + "` cannot change"));
    }
    const config::Config longer = changed(
        "{ kind: capture, directory: out }",
        "[{ kind: capture, directory: out }, { kind: capture, directory: o2, name: west }]");
    CHECK(config::unchangeable(before, longer).size() == 2);  // one more name, one more kind
    const config::Config moved = good("data_dir: /srv/mail\n" + minimal, before.file);
    CHECK(config::unchangeable(before, moved).size() == 2);  // the socket lies in it
  }
}
