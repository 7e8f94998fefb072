#include "relay/cli/queue_commands.hpp"

#include "command_fixture.hpp"
#include "relay/cli/admin_client.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace std::chrono_literals;

TEST_SUITE("relay/cli/queue_commands") {
  TEST_CASE("with no relay running each command says so and how to start it, and exits 1") {
    const TemporaryFolder folder;
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"queue", "list"},
                                                      {"queue", "show", "X"},
                                                      {"queue", "drop", "--all"},
                                                      {"drain"},
                                                      {"reload"},
                                                      {"backup", "copy"},
                                                      {"trace", "X"},
                                                      {"healthcheck"}}) {
      const Ran ran = run_at(folder / "admin.sock", arguments);
      CHECK(ran.exit_code == 1);
      CHECK(ran.out.empty());
      CHECK(ran.err.find("No relay is running") != std::string::npos);
      CHECK(ran.err.find("`postern serve`") != std::string::npos);
      CHECK(lines_of(ran.err).size() == 1);
    }
  }

  TEST_CASE("a relay that does not answer is given up on") {
    const TemporaryFolder folder;
    boost::asio::io_context context;
    const boost::asio::local::stream_protocol::acceptor mute(context,
                                                             (folder / "admin.sock").native());
    const auto answer = cli::ask_relay(folder / "admin.sock", {.target = "/readyz", .limit = 20ms});
    REQUIRE(!answer.has_value());
    CHECK(answer.error().sentence().find("did not answer in time") != std::string::npos);
  }

  TEST_CASE_FIXTURE(CommandFixture,
                    "queue list shows what waits, and nothing that has left the queue") {
    store.entries = {entry(1),
                     entry(2, spool::State::held),
                     entry(3, spool::State::sent),
                     entry(4, spool::State::in_doubt)};
    store.entries[1].reason = policy::Reason::signing;
    store.entries[1].held_since = store.entries[1].accepted_at + 1h;
    const Ran ran = run({"queue", "list"});
    CHECK(ran.exit_code == 0);
    const auto lines = lines_of(ran.out);
    REQUIRE(lines.size() == 4);
    CHECK(lines[0].starts_with("ID             ACCEPTED (UTC)       STATE        REASON"));
    CHECK(lines[0].find("HELD SINCE           DEADLINE") != std::string::npos);
    CHECK(lines[1] ==
          "0000000000001  2026-01-02 03:04:05  queued                       shop               "
          "4096      0  2026-01-02 03:04:05  " +
              std::string(42, ' ') + "bob@example.org and 1 more");
    CHECK(lines[3].find("  2026-01-02 04:04:05  2026-01-16 04:04:05  bob@") != std::string::npos);
    CHECK(lines[2].starts_with("0000000000004  2026-01-02 03:04:05  in_doubt"));
    CHECK(lines[3].starts_with("0000000000002  2026-01-02 03:04:05  held         signing"));
    CHECK(lines_of(run({"queue", "list", "--state", "sent"}).out).size() == 2);
  }

  TEST_CASE_FIXTURE(CommandFixture, "queue list reads every page, and --limit is for all of them") {
    for (std::int64_t id = 1; id <= 450; ++id) store.entries.push_back(entry(id));
    CHECK(lines_of(run({"queue", "list", "--json"}).out).size() == 450);
    CHECK(lines_of(run({"queue", "list", "--json", "--limit", "200"}).out).size() == 200);
    CHECK(lines_of(run({"queue", "list", "--json", "--limit", "201"}).out).size() == 201);
    for (const std::string& line : lines_of(run({"queue", "list", "--json", "--limit", "3"}).out)) {
      CHECK(boost::json::parse(line).at("app").as_string() == "shop");
    }
  }

  TEST_CASE_FIXTURE(CommandFixture,
                    "the filters reach the relay; a word that is none is a wrong usage") {
    store.entries = {entry(1), entry(2)};
    store.entries[1].app = "blog";
    CHECK(lines_of(run({"queue", "list", "--json", "--app", "blog"}).out).size() == 1);
    CHECK(lines_of(run({"queue", "list", "--json", "--older-than", "2h"}).out).size() == 2);
    store.entries[0].accepted_at = std::chrono::system_clock::now();
    CHECK(lines_of(run({"queue", "list", "--json", "--older-than", "2h"}).out).size() == 1);
    store.entries[1].domain = "xn--bcher-kva.example";
    CHECK(lines_of(run({"queue", "list", "--json", "--domain", "bücher.example"}).out).size() == 1);
    CHECK(run({"queue", "list", "--domain", "a&state=sent"}).out ==
          "There is no such message in the queue.\n");
    for (const std::vector<std::string>& wrong :
         {std::vector<std::string>{"queue", "list", "--state", "lost"},
          {"queue", "list", "--reason", "because"},
          {"queue", "list", "--limit", "0"},
          {"queue", "list", "--older-than", "0s"},
          {"queue", "list", "--older-than", "2"},
          {"queue", "show"},
          {"trace"},
          {"queue"}}) {
      CHECK(run(wrong).exit_code == 2);
    }
  }

  TEST_CASE_FIXTURE(
      CommandFixture,
      "show and trace tell the whole life: recipients, each step with its time and reply") {
    policy::Event accepted;
    accepted.kind = policy::EventKind::accepted;
    accepted.at = entry(5).accepted_at;
    policy::Event held = accepted;
    held.kind = policy::EventKind::held;
    held.at += 1500ms;
    held.reason = policy::Reason::account_paused;
    held.detail = "554 Sending paused for this account";
    spool::Entry waiting = entry(5, spool::State::held);
    waiting.reason = held.reason;
    waiting.last_reply = held.detail;
    waiting.held_since = held.at;
    waiting.urgent = waiting.notice = true;
    store.traces = {{waiting, {accepted, held}}};
    const std::string life =
        "0000000000005  held  urgent  notice\n"
        "  reason        account-paused\n"
        "  app           shop\n"
        "  domain        example.com\n"
        "  from          anna@example.com\n"
        "  to            bob@example.org\n"
        "  to            carl@example.org\n"
        "  Message-ID    <5@example.com>\n"
        "  octets        4096\n"
        "  attempts      0\n"
        "  next attempt  2026-01-02 03:04:05\n"
        "  held since    2026-01-02 03:04:07\n"
        "  deadline      2026-01-16 03:04:07\n"
        "  last reply    554 Sending paused for this account\n"
        "  2026-01-02 03:04:05  accepted\n"
        "  2026-01-02 03:04:07  held         [account-paused]  554 Sending paused for this "
        "account\n";
    CHECK(run({"queue", "show", spool::QueueId(5).text()}).out == life);
    CHECK(run({"trace", "<5@example.com>"}).out == life);
    const Ran json = run({"trace", "<5@example.com>", "--json"});
    CHECK(boost::json::parse(json.out).at("timeline").as_array().size() == 2);
  }

  TEST_CASE_FIXTURE(CommandFixture, "a step is told in words, with what it says itself behind") {
    struct Row {
      policy::EventKind kind;
      const char* line;
    };
    using enum policy::EventKind;
    const Row rows[] = {
        {in_doubt, "in_doubt     handed to SES, whose reply is awaited"},
        {settled, "settled      SES's own event says that it has it"},
        {resent, "resent       no sign that SES has it: sent again"},
        {repeated, "repeated     the client sent it once more and got this queue id again"},
        {expired, "expired      given up: its time was over"},
        {dropped, "dropped      taken out of the queue"},
        {superseded, "superseded   a newer copy for the same recipient goes instead"},
        {quarantined, "quarantined  the stored message cannot be read any more"},
    };
    for (const Row& row : rows) {
      policy::Event event;
      event.kind = row.kind;
      event.at = entry(5).accepted_at;
      policy::Event detailed = event;
      detailed.detail = "in its own words";
      store.traces = {{entry(5), {event, detailed}}};
      const auto lines = lines_of(run({"trace", entry(5).id.text()}).out);
      REQUIRE(lines.size() > 2);
      CHECK(lines[lines.size() - 2] == std::string("  2026-01-02 03:04:05  ") + row.line);
      CHECK(lines.back() == lines[lines.size() - 2] + " (in its own words)");
    }
  }

  TEST_CASE_FIXTURE(CommandFixture, "a refusal is traced by its reference") {
    policy::Event refused;
    refused.kind = policy::EventKind::refused;
    refused.at = entry(1).accepted_at;
    refused.reference = "R1";
    refused.app = "shop";
    refused.reason = policy::Reason::attachment;
    refused.detail = "Not sent: an attachment.";
    store.traces = {{std::nullopt, {refused}}};
    CHECK(run({"trace", "R1"}).out ==
          "R1\n"
          "  app           shop\n"
          "  2026-01-02 03:04:05  refused      [attachment]  Not sent: an attachment.\n");
  }

  TEST_CASE_FIXTURE(CommandFixture, "nothing found is said on standard error with exit 1") {
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"trace", "nobody"},
                                                      {"queue", "show", spool::QueueId(9).text()},
                                                      {"queue", "show", "x/../y"}}) {
      const Ran ran = run(arguments);
      CHECK(ran.exit_code == 1);
      CHECK(ran.out.empty());
      CHECK(lines_of(ran.err).size() == 1);
    }
  }

  TEST_CASE_FIXTURE(CommandFixture, "foreign text cannot act on the terminal, in either form") {
    spool::Entry hostile = entry(5);
    hostile.last_reply = "250 \x1b[2J\r\n\u202e\u009b";
    hostile.envelope.forward_paths = {"\x1b]0;x\x07@example.org"};
    store.entries = {hostile};
    store.traces = {{hostile, {}}};
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"queue", "list"},
          {"queue", "list", "--json"},
          {"queue", "show", hostile.id.text()},
          {"queue", "show", hostile.id.text(), "--json"}}) {
      const Ran ran = run(arguments);
      CHECK(ran.exit_code == 0);
      CHECK(ran.out.find_first_of("\x1b\x07\r") == std::string::npos);
      CHECK(ran.out.find("\u202e") == std::string::npos);
      CHECK(ran.out.find("\u009b") == std::string::npos);
    }
  }

  TEST_CASE_FIXTURE(CommandFixture,
                    "healthcheck exits 0 when the relay is ready, and says why it is not") {
    CHECK(run({"healthcheck"}).exit_code == 0);
    store.takes = false;
    const Ran ran = run({"healthcheck"});
    CHECK(ran.exit_code == 1);
    CHECK(ran.err.find("not ready\nThe spool cannot take mail") == 0);
  }

  TEST_CASE_FIXTURE(CommandFixture, "a spool that does not answer is one sentence") {
    store.silent = true;
    const Ran ran = run({"queue", "list"});
    CHECK(ran.exit_code == 1);
    CHECK(ran.err.find("The spool did not answer in time") == 0);
  }
}
