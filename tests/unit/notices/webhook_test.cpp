#include "relay/notices/webhook.hpp"

#include "tests/unit/aws/scripted_http.hpp"
#include "tests/unit/aws/stepped_clock.hpp"
#include "tests/unit/net/certificate.hpp"
#include "tests/unit/observe/captured.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <string>
#include <vector>

using namespace notices;
using namespace std::chrono_literals;

namespace {

/// A webhook of a server that is told what to answer.
class Desk {
 public:
  explicit Desk(std::vector<std::string> responses)
      : server_(std::move(responses), certificate_.certificate(), certificate_.private_key()) {
    settings.url =
        config::Secret(fmt::format("https://localhost:{}/hook?token=hunter2", server_.port()));
    settings.secret = config::Secret("a secret");
    settings.allow = {"127.0.0.0/8", "::1/128"};
    settings.tls_ca_file = certificate_.certificate();
  }

  void open() {
    webhook = Webhook::make({context.get_executor(),
                             clock,
                             log_,
                             metrics,
                             [this](std::string_view what) { thrown += what; },
                             10ms},
                            settings)
                  .value();
  }

  /// Runs until all posts have ended; moves time on where one has to wait.
  void run() {
    context.run();
    context.restart();
    CHECK(thrown.empty());
  }

  [[nodiscard]] double ended(std::string_view how) const {
    const std::string line = fmt::format("postern_webhook_posts_total{{end=\"{}\"}} ", how);
    const std::string text = metrics.text();
    const auto at = text.find(line);
    REQUIRE(at != std::string::npos);
    return std::stod(text.substr(at + line.size()));
  }

  std::string logged() {
    log_.flush();
    return captured_.text();
  }
  /// Runs until the log has it, or for half a minute.
  std::string logged(std::string_view awaited) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    std::string log = logged();
    while (log.find(awaited) == std::string::npos && std::chrono::steady_clock::now() < end) {
      context.run_one_for(10ms);
      log = logged();
    }
    return log;
  }
  [[nodiscard]] std::vector<ReceivedRequest> received() const { return server_.received(); }
  [[nodiscard]] const ScriptedHttp& server() const { return server_; }

  boost::asio::io_context context{1};
  SteppedClock clock;
  observe::Metrics metrics{"0"};
  config::Webhook settings;
  std::shared_ptr<Webhook> webhook;
  std::string thrown;

 private:
  [[nodiscard]] observe::LogOptions options() const {
    observe::LogOptions options;
    options.descriptor = captured_.descriptor();
    return options;
  }

  Certificate certificate_;
  ScriptedHttp server_;
  Captured captured_;
  observe::Log log_{options()};
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("relay/notices/webhook") {
  TEST_CASE("a post comes whole and signed, and the next after it") {
    Desk desk({http_response(200, "thanks"), http_response(204, "")});
    desk.open();
    desk.webhook->post({"A1", R"({"id":"A1"})"});
    desk.webhook->post({"A2", R"({"id":"A2"})"});
    desk.run();
    const auto received = desk.received();
    REQUIRE(received.size() == 2);
    const ReceivedRequest& first = received.front();
    CHECK(first.method == "POST");
    CHECK(first.target == "/hook?token=hunter2");
    CHECK(first.body == R"({"id":"A1"})");
    CHECK(first.headers.at("postern-id") == "A1");
    CHECK(first.headers.at("content-type") == "application/json");
    const std::string& signed_with = first.headers.at("postern-signature");
    std::int64_t seconds = 0;
    std::from_chars(signed_with.data() + 2, signed_with.data() + signed_with.size(), seconds);
    CHECK(signed_with == signature(desk.settings.secret, seconds, first.body));
    CHECK(std::abs(seconds - std::chrono::duration_cast<std::chrono::seconds>(
                                 desk.clock.now().time_since_epoch())
                                 .count()) < 60);
    CHECK(received.back().body == R"({"id":"A2"})");
    CHECK(desk.ended("delivered") == 2);
  }

  TEST_CASE("each kind of alert is counted from the start") {
    Desk desk({});
    for (const AlertKind kind : alert_kinds) {
      CAPTURE(word(kind));
      CHECK(contains(desk.metrics.text(),
                     fmt::format("postern_alerts_total{{kind=\"{}\"}} 0", word(kind))));
    }
  }

  TEST_CASE("what fails for a while is sent again with the same id") {
    Desk desk({http_response(503, ""), http_response(429, ""), http_response(200, "")});
    desk.open();
    desk.webhook->post({"A1", "{}"});
    desk.run();
    CHECK(desk.received().size() == 3);
    for (const ReceivedRequest& each : desk.received())
      CHECK(each.headers.at("postern-id") == "A1");
    CHECK(desk.ended("delivered") == 1);
  }

  TEST_CASE("a redirect is not followed, and a refusal not repeated") {
    for (const unsigned status : {301U, 302U, 307U, 400U, 403U, 410U}) {
      CAPTURE(status);
      Desk desk(
          {fmt::format("HTTP/1.1 {} No\r\nLocation: https://localhost/other\r\n"
                       "Content-Length: 0\r\nConnection: close\r\n\r\n",
                       status)});
      desk.open();
      desk.webhook->post({"A1", "{}"});
      desk.run();
      CHECK(desk.received().size() == 1);
      CHECK(desk.ended("refused") == 1);
      const std::string log = desk.logged();
      CHECK(contains(log, fmt::format("it answered {}", status)));
      CHECK_FALSE(contains(log, "hunter2"));
    }
  }

  TEST_CASE("nothing is sent to an address that is neither public nor listed") {
    Desk desk({http_response(200, "")});
    desk.settings.allow = {"10.0.0.0/8"};
    desk.open();
    desk.webhook->post({"A1", "{}"});
    const std::string log = desk.logged("which is not public");
    CHECK(desk.received().empty());
    CHECK(contains(log, "127.0.0.1"));
    CHECK(contains(log, "which is not public: list its network in operator.webhook_allow"));
    CHECK_FALSE(contains(log, "hunter2"));
    CHECK(desk.webhook->stop().size() == 1);
    desk.run();
    CHECK(desk.received().empty());
  }

  TEST_CASE("a certificate that is not of the authorities given gets nothing") {
    Desk desk({http_response(200, "")});
    desk.settings.tls_ca_file.clear();
    desk.open();
    desk.webhook->post({"A1", "{}"});
    const std::string log = desk.logged("the webhook could not be asked");
    CHECK(contains(log, "the webhook could not be asked"));
    CHECK(desk.received().empty());
    CHECK_FALSE(contains(log, "hunter2"));
    desk.webhook->stop();
    desk.run();
  }

  TEST_CASE("however much is answered a post that was taken is delivered") {
    Desk desk({http_response(200, std::string(1 << 20, 'x'))});
    desk.open();
    desk.webhook->post({"A1", "{}"});
    desk.run();
    CHECK(desk.received().size() == 1);
    CHECK(desk.ended("delivered") == 1);
  }

  TEST_CASE("what fails for an hour is given up") {
    Desk desk({http_response(500, ""), http_response(200, "")});
    desk.open();
    desk.webhook->post({"A1", "{}"});
    desk.clock.step(3600s);
    desk.webhook->post({"A2", "{}"});
    desk.run();
    CHECK(desk.ended("given_up") == 1);
    CHECK(desk.ended("delivered") == 1);
    CHECK(desk.received().back().headers.at("postern-id") == "A2");
  }

  TEST_CASE(
      "a hundred wait, and the oldest of more is dropped; a stop ends all and tells what is left") {
    Desk desk({});  // the first gets silence
    desk.open();
    for (int i = 0; i < 103; ++i) desk.webhook->post({std::to_string(i), "{}"});
    CHECK(desk.ended("dropped") == 3);
    while (desk.received().empty()) desk.context.run_one_for(10ms);
    const auto left = desk.webhook->stop();
    REQUIRE(left.size() == Webhook::most_waiting);
    CHECK(left.front().id == "0");
    CHECK(left.at(1).id == "4");
    desk.run();
    desk.webhook->post({"late", "{}"});
    desk.run();
    CHECK(desk.received().size() == 1);
  }
}
