#include "relay/proto/server_session.hpp"

#include "relay/proto/verbs.hpp"
#include "smtp_script.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace {

using test::files_with;
using test::last_code;
using test::listener_options;
using test::login;
using test::message;
using test::ScriptedDriver;
using test::talk;

TEST_CASE("every transcript is spoken as it is written") {
  const auto files = files_with("transcripts", ".smtp");
  CHECK(files.size() >= 44);
  for (const auto& file : files) test::SmtpScript(file).check();
}

TEST_CASE("every step of every transcript can fail, and the session ends or goes on as it must") {
  std::size_t tried = 0;
  for (const auto& file : files_with("transcripts", ".smtp")) {
    tried += test::SmtpScript(file).check_failure_at_every_step();
  }
  CHECK(tried > 3000);
}

// --- stage × verb ---

struct MatrixRow {
  std::string_view line;
  std::vector<std::string> codes;  ///< fresh, stranger, ready, envelope, recipients
};

const std::vector<std::string> before_each_stage{
    "",
    "EHLO x\r\n",
    "logged in",
    "MAIL FROM:<noreply@example.com>\r\n",
    "RCPT TO:<alice@example.org>\r\n",
};

/// A session brought to a stage: `stranger` has said EHLO, `ready` has logged in too.
ScriptedDriver session_at(std::size_t stage) {
  ScriptedDriver driver(listener_options("starttls"));
  for (std::size_t i = 1; i <= stage; ++i) {
    const std::string said = talk(driver, i == 2 ? login : std::string_view(before_each_stage[i]));
    REQUIRE(said.substr(0, 1) == "2");
  }
  return driver;
}

TEST_CASE("every verb has its reply in every stage") {
  const std::vector<std::string> anywhere_not_offered(5, "502");
  const std::vector<MatrixRow> matrix{
      {"EHLO x", {"250", "250", "250", "250", "250"}},
      {"HELO x", {"250", "250", "250", "250", "250"}},
      {"MAIL FROM:<noreply@example.com>", {"503", "530", "250", "503", "503"}},
      {"RCPT TO:<bob@example.org>", {"503", "503", "503", "250", "250"}},
      {"DATA", {"503", "503", "503", "503", "354"}},
      {"RSET", {"250", "250", "250", "250", "250"}},
      {"NOOP", {"250", "250", "250", "250", "250"}},
      {"QUIT", {"221", "221", "221", "221", "221"}},
      {"VRFY alice", {"252", "252", "252", "252", "252"}},
      {"HELP", {"214", "214", "214", "214", "214"}},
      {"STARTTLS", {"503", "220", "220", "503", "503"}},
      {login.substr(0, login.size() - 2), {"503", "235", "503", "503", "503"}},
      {"BDAT 1 LAST", anywhere_not_offered},
      {"EXPN x", anywhere_not_offered},
      {"ETRN x", anywhere_not_offered},
      {"ATRN x", anywhere_not_offered},
      {"TURN", anywhere_not_offered},
      {"BURL x", anywhere_not_offered},
      {"SEND FROM:<a@example.com>", anywhere_not_offered},
      {"SOML FROM:<a@example.com>", anywhere_not_offered},
      {"SAML FROM:<a@example.com>", anywhere_not_offered},
  };
  std::set<std::string_view> words;
  for (const MatrixRow& row : matrix) {
    words.insert(row.line.substr(0, row.line.find(' ')));
    for (std::size_t stage = 0; stage < before_each_stage.size(); ++stage) {
      CAPTURE(row.line);
      CAPTURE(stage);
      ScriptedDriver driver = session_at(stage);
      CHECK(last_code(talk(driver, std::string(row.line) + "\r\n")) == row.codes[stage]);
    }
  }
  for (const smtp::VerbRow& row : smtp::verbs()) {
    CAPTURE(row.word);
    CHECK(words.contains(row.word));
  }
}

TEST_CASE("a session knows whether it is in a transaction") {
  for (std::size_t stage = 0; stage < before_each_stage.size(); ++stage) {
    CAPTURE(stage);
    const ScriptedDriver driver = session_at(stage);
    CHECK(driver.session.in_transaction() == (stage >= 3));
    CHECK(std::get<smtp::ReadLine>(driver.step().next).in_transaction == (stage >= 3));
  }
  ScriptedDriver driver = session_at(4);
  (void)talk(driver, "DATA\r\n");
  CHECK(driver.session.in_transaction());
  (void)talk(driver, std::string(message) + ".\r\n");
  CHECK_FALSE(driver.session.in_transaction());
}

// --- what the driver must not bring ---

/// Brings a session to wait for one kind of answer.
std::vector<std::pair<std::string, smtp::ServerSession>> waiting_sessions() {
  const auto app = test::shop();
  std::vector<std::pair<std::string, smtp::ServerSession>> sessions;
  const auto add = [&](std::string name, std::vector<smtp::Input> inputs) {
    smtp::ServerSession session(listener_options("starttls"));
    (void)session.start();
    (void)session.resume(smtp::Line{"EHLO x"});
    for (auto& input : inputs) (void)session.resume(std::move(input));
    sessions.emplace_back(std::move(name), std::move(session));
  };
  const std::vector<smtp::Input> at_content{smtp::Line{login.substr(0, login.size() - 2)},
                                            smtp::Authenticated{app},
                                            smtp::Line{"MAIL FROM:<a@example.com>"},
                                            smtp::Facts{app},
                                            smtp::Line{"RCPT TO:<a@example.org>"},
                                            smtp::Line{"DATA"}};
  const auto first = [&](std::ptrdiff_t n) {
    return std::vector(at_content.begin(), at_content.begin() + n);
  };
  auto at_weighing = at_content;
  at_weighing[3] = smtp::Facts{.app = app, .has_suppressed = true};
  auto at_store = at_content;
  at_store.emplace_back(smtp::Content{std::make_shared<std::string>(message)});
  add("line", {});
  add("sasl", {smtp::Line{"AUTH LOGIN"}});
  add("tls", {smtp::Line{"STARTTLS"}});
  add("credential", first(1));
  add("facts", first(3));
  add("weighing", at_weighing);
  add("content", at_content);
  add("store", at_store);
  add("closed", {smtp::Line{"QUIT"}});
  return sessions;
}

TEST_CASE("an answer to another question ends the session without a word") {
  const std::vector<std::pair<smtp::Input, std::set<std::string>>> awaited{
      {smtp::Line{"NOOP"}, {"line", "sasl"}},
      {smtp::LineTooLong{}, {"line", "sasl"}},
      {smtp::BadLineEnd{}, {"line", "sasl"}},
      {smtp::EarlyTalk{}, {"line", "sasl", "tls"}},
      {smtp::TlsStarted{}, {"tls"}},
      {smtp::Authenticated{}, {"credential"}},
      {smtp::Facts{}, {"facts"}},
      {smtp::Refuse{}, {"facts"}},
      {smtp::Weighed{{{}}}, {"weighing"}},
      {smtp::Content{}, {"content"}},
      {smtp::Stored{}, {"store"}},
      {smtp::NotStored{}, {"store", "weighing"}},
      {smtp::StoreTimedOut{}, {"store"}},
      {smtp::TimedOut{},
       {"line", "sasl", "tls", "credential", "facts", "weighing", "content", "store"}},
      {smtp::Draining{},
       {"line", "sasl", "tls", "credential", "facts", "weighing", "content", "store"}},
  };
  REQUIRE(awaited.size() == std::variant_size_v<smtp::Input>);
  for (const auto& [input, stages] : awaited) {
    for (auto& [name, session] : waiting_sessions()) {
      CAPTURE(input.index());
      CAPTURE(name);
      const smtp::Step step = session.resume(input);
      const bool fault = step.closed_for == "fault";
      CHECK(fault != stages.contains(name));
      if (fault) CHECK(step.output == "");
    }
  }
}

// --- recipients that do not get it ---

/// A session whose app has suppressed addresses, at DATA for these recipients.
struct Weighing {
  explicit Weighing(const std::vector<std::string>& recipients, bool restricted = false) {
    auto app = std::make_shared<policy::AppFacts>(*test::shop());
    app->restricted = restricted;
    (void)session.start();
    (void)session.resume(smtp::Line{"EHLO x"});
    (void)session.resume(smtp::Line{login.substr(0, login.size() - 2)});
    (void)session.resume(smtp::Authenticated{app});
    (void)session.resume(smtp::Line{"MAIL FROM:<a@example.com>"});
    (void)session.resume(smtp::Facts{.app = app, .has_suppressed = !restricted});
    for (const auto& recipient : recipients)
      (void)session.resume(smtp::Line{"RCPT TO:<" + recipient + ">"});
    asked = session.resume(smtp::Line{"DATA"});
  }
  smtp::ServerSession session{listener_options("starttls")};
  smtp::Step asked;
};

TEST_CASE(
    "at DATA it is asked what is known of the recipients, and those left out are not mailed") {
  Weighing weighing({"a@example.org", "b@example.org", "c@example.org"});
  const auto* weigh = std::get_if<smtp::Weigh>(&weighing.asked.next);
  REQUIRE(weigh != nullptr);
  CHECK(weigh->forward_paths.size() == 3);
  CHECK(weighing.asked.output.empty());
  const auto step =
      weighing.session.resume(smtp::Weighed{{{.suppressed = true}, {}, {.suppressed = true}}});
  CHECK(step.output.starts_with("354 "));
  const auto end = weighing.session.resume(smtp::Content{std::make_shared<std::string>(message)});
  const auto* commit = std::get_if<smtp::Commit>(&end.next);
  REQUIRE(commit != nullptr);
  CHECK(commit->envelope.forward_paths == std::vector<std::string>{"b@example.org"});
  REQUIRE(commit->left_out.size() == 2);
  CHECK(commit->left_out[0].forward_path == "a@example.org");
  CHECK(commit->left_out[1].forward_path == "c@example.org");
  CHECK(commit->left_out[1].reason == policy::Reason::suppressed);
}

TEST_CASE("when every recipient is suppressed nobody is asked for content") {
  Weighing weighing({"a@example.org"});
  const auto step = weighing.session.resume(smtp::Weighed{{{.suppressed = true}}});
  CHECK(step.output.starts_with("550 5.1.1 "));
  CHECK(step.output.ends_with("[suppressed]\r\n"));
  REQUIRE(step.refused);
  CHECK(step.refused->refusal.reason == policy::Reason::suppressed);
}

TEST_CASE("a restricted app mails whom it reached before, and is refused for new addresses alone") {
  Weighing known({"a@example.org", "b@example.org"}, true);
  CHECK(known.session.resume(smtp::Weighed{{{.reached = true}, {}}}).output.starts_with("354 "));
  Weighing stranger({"b@example.org"}, true);
  const auto step = stranger.session.resume(smtp::Weighed{{{}}});
  CHECK(step.output.starts_with("550 5.7.1 "));
  CHECK(step.output.ends_with("[blocked]\r\n"));
}

TEST_CASE("what cannot be asked about recipients is a fault of the store") {
  Weighing weighing({"a@example.org"}, true);
  const auto step = weighing.session.resume(smtp::NotStored{});
  CHECK(step.output.starts_with("451 4.3.0 "));
}

// --- what comes out of it ---

TEST_CASE("a commit carries the message, its envelope, its app and the domain that signs") {
  ScriptedDriver driver = session_at(4);
  CHECK(last_code(talk(driver, "DATA\r\n" + std::string(message) + ".\r\n")) == "250");
  REQUIRE(driver.commits.size() == 1);
  const smtp::Commit& commit = driver.commits.front();
  CHECK(*commit.octets == message);
  CHECK(commit.app->name == "shop");
  CHECK(commit.domain == "example.com");
  CHECK(commit.message_id == "<1@example.com>");
  CHECK(commit.envelope.reverse_path == "noreply@example.com");
  CHECK(commit.envelope.forward_paths == std::vector<std::string>{"alice@example.org"});
  CHECK_FALSE(commit.urgent_by_link);
  CHECK_FALSE(commit.urgent_by_field);
}

TEST_CASE("a commit says what makes the message one that a person waits for") {
  struct Row {
    std::string_view name, field, body, second_recipient;
    bool by_link, by_field;
  };
  const std::string_view link = "https://www.example.com/user/reset/1/2/x\r\n";
  const std::string_view priority = "X-Postern-Priority: urgent\r\n";
  const std::string_view bob = "RCPT TO:<bob@example.org>\r\n";
  const Row rows[] = {{"link", "", link, "", true, false},
                      {"field", priority, "", "", false, true},
                      {"both", priority, link, "", true, true},
                      {"two recipients", priority, link, bob, false, false}};
  for (const Row& row : rows) {
    CAPTURE(row.name);
    ScriptedDriver driver = session_at(4);
    std::string input(row.second_recipient);
    input.append("DATA\r\n").append(row.field).append(message).append(row.body).append(".\r\n");
    CHECK(last_code(talk(driver, input)) == "250");
    REQUIRE(driver.commits.size() == 1);
    CHECK(driver.commits.front().urgent_by_link == row.by_link);
    CHECK(driver.commits.front().urgent_by_field == row.by_field);
  }
}

TEST_CASE("an app whose queue has reached its bound is told so at MAIL, and may come again") {
  ScriptedDriver driver = session_at(2);
  driver.happen("queue-full");
  const std::string said = talk(driver, "MAIL FROM:<noreply@example.com>\r\n");
  CHECK(
      said.starts_with("550 5.7.1 Not sent: 20000 messages of shop wait in the relay, the limit is "
                       "20000. Ask web@example.com why they do not leave"));
  CHECK(said.ends_with(" [quota]\r\n"));
  CHECK_FALSE(driver.session.in_transaction());
  CHECK(last_code(talk(driver, "MAIL FROM:<visitor@example.org>\r\n")) == "550");
  CHECK(driver.refusals.back().refusal.reason == policy::Reason::sender_domain);
  driver.happen("stores");
  CHECK(last_code(talk(driver, "MAIL FROM:<noreply@example.com>\r\n")) == "250");
}

TEST_CASE("every refusal has its own reference, which stands in the reply, across STARTTLS too") {
  ScriptedDriver driver(listener_options("remote"));
  std::string said = talk(driver, "EHLO x\r\n");
  for (int i = 0; i < 40; ++i) said += talk(driver, "MAIL FROM:<noreply@example.com>\r\n");
  driver.send("STARTTLS\r\n");
  driver.run();
  driver.handshake();
  driver.run();
  said += talk(driver, "EHLO x\r\n");
  said += talk(driver, login);
  said += talk(driver, "MAIL FROM:<visitor@example.org>\r\n");
  REQUIRE(driver.refusals.size() == 41);
  std::set<std::string> references;
  for (const smtp::Refused& refused : driver.refusals) {
    CHECK(references.insert(refused.reference).second);
    CHECK(refused.reference.starts_with("R0"));
    CHECK(said.find("(" + refused.reference + ") [") != said.npos);
  }
  CHECK(driver.refusals.front().reference == "R01");
  CHECK(driver.refusals.front().refusal.reason == policy::Reason::encryption_required);
  CHECK(driver.refusals.front().app == "");
  CHECK(driver.refusals.back().reference == "R019");
  CHECK(driver.refusals.back().refusal.reason == policy::Reason::sender_domain);
  CHECK(driver.refusals.back().app == "shop");
  CHECK(driver.refusals.back().envelope_from == "visitor@example.org");
}

TEST_CASE("recipients are listed up to a bound, and the next is told 452") {
  ScriptedDriver driver = session_at(3);
  for (std::size_t i = 0; i < smtp::max_recipients_listed; ++i) {
    REQUIRE(last_code(talk(driver, "RCPT TO:<u" + std::to_string(i) + "@example.org>\r\n")) ==
            "250");
  }
  CHECK(talk(driver, "RCPT TO:<one-more@example.org>\r\n").starts_with("452 4.5.3 "));
  CHECK(talk(driver, "DATA\r\n").starts_with("550 5.5.3 "));
  CHECK(driver.refusals.back().refusal.reason == policy::Reason::bulk);
}

TEST_CASE("a message that was taken clears the count of bad commands") {
  ScriptedDriver driver = session_at(2);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < smtp::max_bad_commands; ++i)
      CHECK(last_code(talk(driver, "FROB\r\n")) == "500");
    (void)talk(driver,
               "MAIL FROM:<noreply@example.com>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n");
    CHECK(last_code(talk(driver, std::string(message) + ".\r\n")) == "250");
  }
}

TEST_CASE("the content may be as long as the smaller of the listener's and the app's limit") {
  smtp::ServerOptions options = listener_options("bound");
  options.size_limit = 5000;
  ScriptedDriver driver(options);
  const std::string said =
      talk(driver, "EHLO x\r\n") + talk(driver, "MAIL FROM:<a@example.com> SIZE=5001\r\n") +
      talk(driver, "MAIL FROM:<a@example.com> SIZE=5000\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
  CHECK(said.find("SIZE 5000\r\n") != said.npos);
  CHECK(said.find("552 5.3.4 ") != said.npos);
  CHECK(std::get<smtp::ReadContent>(driver.step().next).limit == 5000);
  CHECK(driver.refusals.back().refusal.reason == policy::Reason::too_big);
}

}  // namespace
