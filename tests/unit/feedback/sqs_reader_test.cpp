#include "relay/feedback/sqs_reader.hpp"

#include "samples.hpp"
#include "tests/unit/aws/given_keys.hpp"
#include "tests/unit/aws/scripted_http.hpp"
#include "tests/unit/aws/stepped_clock.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

using namespace std::chrono_literals;
using feedback::Taken;

namespace {

namespace asio = boost::asio;
namespace json = boost::json;

/// A message of the queue; its handle is `h` and the number.
std::string message(int number, const std::string& body, int received = 1) {
  return fmt::format(
      R"({{"ReceiptHandle":"h{}","Body":{},"Attributes":{{"ApproximateReceiveCount":"{}"}}}})",
      number,
      json::serialize(json::string(body)),
      received);
}

std::string batch(const std::vector<std::string>& messages) {
  return http_response(200, fmt::format(R"({{"Messages":[{}]}})", fmt::join(messages, ",")));
}

const std::string done = http_response(200, "{}");

/// What a log wrote, read back.
class LogFile {
 public:
  observe::LogOptions options() const {
    observe::LogOptions given;
    given.descriptor = descriptor_;
    return given;
  }
  [[nodiscard]] std::string text() const {
    std::string read(static_cast<std::size_t>(lseek(descriptor_, 0, SEEK_END)), '\0');
    REQUIRE(pread(descriptor_, read.data(), read.size(), 0) == static_cast<ssize_t>(read.size()));
    return read;
  }
  LogFile() = default;
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  ~LogFile() { close(descriptor_); }

 private:
  int descriptor_ = memfd_create("log", 0);
};

/// A reader of a scripted queue, and an intake that answers what it was told to, and then booked.
struct Scene {
  explicit Scene(std::vector<std::string> responses) : server(std::move(responses)) {}

  /// Runs until the queue has got so many requests, and stops the reader.
  void run_for(std::size_t requests) {
    std::thread stopper([&, requests] {
      came = server.await_requests(requests);
      asio::post(context, [&] { reader.stop(); });
    });
    reader.start([&] { ended = true; });
    context.run();
    stopper.join();
    CHECK(came);
    CHECK(ended);
  }

  asio::awaitable<Taken> take(feedback::Event event) {
    handed.push_back(event.message_id);
    if (answers.empty()) co_return Taken::booked;
    const Taken answer = answers.front();
    answers.pop_front();
    if (throws) throw std::runtime_error("a mistake of the intake");
    co_return answer;
  }

  /// The action of a request, and the handles in it.
  [[nodiscard]] std::string request(std::size_t number) const {
    const ReceivedRequest asked = server.received().at(number);
    std::string text = asked.headers.at("x-amz-target").substr(std::string("AmazonSQS.").size());
    const json::value body = json::parse(asked.body);
    if (text == "ReceiveMessage")
      return fmt::format("{} {}", text, body.at("MaxNumberOfMessages").as_int64());
    for (const json::value& entry : body.at("Entries").as_array()) {
      text += fmt::format(" {}", std::string(entry.at("ReceiptHandle").as_string()));
      if (const json::value* hidden = entry.as_object().if_contains("VisibilityTimeout"))
        text += fmt::format(":{}", hidden->as_int64());
    }
    return text;
  }
  [[nodiscard]] std::vector<std::string> requests() const {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < server.received().size(); ++i) all.push_back(request(i));
    return all;
  }
  [[nodiscard]] std::string logged() {
    log.flush();
    return file.text();
  }

  ScriptedHttp server;
  SteppedClock clock;
  LogFile file;
  observe::Log log{file.options()};
  std::unique_ptr<aws::HttpClient> http = aws::HttpClient::start().value();
  std::unique_ptr<aws::CredentialSource> credentials = given_keys(*http, clock);
  aws::SqsApi sqs{
      *http, *credentials, {"https://sqs.eu-central-1.amazonaws.com/1/postern", "", server.url()}};
  asio::io_context context{1};
  std::vector<std::string> thrown;
  std::vector<std::string> handed;
  std::deque<Taken> answers;
  bool throws = false, came = false, ended = false;
  feedback::SqsReader reader{{context.get_executor(),
                              sqs,
                              clock,
                              log,
                              [this](std::string_view what) { thrown.emplace_back(what); },
                              [this](feedback::Event event) { return take(std::move(event)); },
                              feedback::Backoff(1ms, 8ms)}};
};

using Requests = std::vector<std::string>;

const std::string ten = "ReceiveMessage 10", one = "ReceiveMessage 1";

bool contains(const std::string& text, std::string_view piece) {
  return text.find(piece) != std::string::npos;
}

}  // namespace

TEST_CASE("an event is handed over, deleted once it is booked, and the queue polled again") {
  Scene scene({batch({message(1, sample("event-bounce-permanent-general.json"))}), done});
  scene.run_for(3);
  CHECK(scene.handed.size() == 1);
  CHECK(scene.requests() == Requests{ten, "DeleteMessageBatch h1", ten});
  const auto& standing = scene.reader.standing();
  CHECK(standing.booked == 1);
  CHECK(standing.last_success);
  CHECK(standing.last_event);
  CHECK(standing.last_error.empty());
  CHECK(!standing.last_of_other_relay);
}

TEST_CASE("events come bare or in SNS's envelope, in both families; set-up texts are no events") {
  const json::value envelopes =
      json::parse(sample("sqs-receive-message-response-sns-envelope.json"));
  const json::value bare = json::parse(sample("sqs-receive-message-response-raw-delivery.json"));
  const auto body = [](const json::value& answer, std::size_t number) {
    return std::string(answer.at("Messages").at(number).at("Body").as_string());
  };
  Scene scene({batch({message(0, body(envelopes, 0)),
                      message(1, body(envelopes, 1)),
                      message(2, body(bare, 0)),
                      message(3, sample("notification-subscription-succeeded.json")),
                      message(4, sample("sns-notification-topic-validation-not-json.json"))}),
               done});
  scene.run_for(3);
  CHECK(scene.handed.size() == 3);
  CHECK(scene.reader.standing().booked == 3);
  CHECK(scene.reader.standing().setup == 2);
  CHECK(scene.reader.standing().unreadable == 0);
  CHECK(scene.request(1) == "DeleteMessageBatch h0 h1 h2 h3 h4");
}

TEST_CASE("what became of an event decides whether it is deleted, given back or left") {
  const std::string event = sample("event-delivery.json");
  std::vector<std::string> messages;
  for (int i = 0; i < 5; ++i) messages.push_back(message(i, event));
  Scene scene({batch(messages), done, done});
  scene.answers = {
      Taken::booked, Taken::duplicate, Taken::foreign, Taken::other_relay, Taken::failed};
  scene.run_for(4);
  CHECK(scene.handed.size() == 5);
  CHECK(scene.requests() ==
        Requests{ten, "DeleteMessageBatch h0 h1 h2", "ChangeMessageVisibilityBatch h3:0", one});
  const auto& standing = scene.reader.standing();
  CHECK(standing.booked == 1);
  CHECK(standing.duplicate == 1);
  CHECK(standing.foreign == 1);
  CHECK(standing.other_relay == 1);
  CHECK(standing.failed == 1);
  CHECK(standing.last_of_other_relay);
  CHECK(contains(standing.last_error, "durable"));
  CHECK(contains(scene.logged(), "several readers"));
}

TEST_CASE("another relay's event is given back at once five times, and then ever more slowly") {
  const std::string event = sample("event-delivery.json");
  const std::array<int, 10> received{1, 5, 6, 7, 8, 9, 10, 11, 60, 1000000};
  std::vector<std::string> messages;
  for (const int times : received) messages.push_back(message(times, event, times));
  Scene scene({batch(messages), done});
  scene.answers.assign(received.size(), Taken::other_relay);
  scene.run_for(3);
  CHECK(scene.request(1) ==
        "ChangeMessageVisibilityBatch h1:0 h5:0 h6:60 h7:120 h8:240 h9:480 h10:900 h11:900 "
        "h60:900 h1000000:900");
  CHECK(scene.request(2) == ten);
}

TEST_CASE("what cannot be read is counted, told, and deleted; no address of it is in the log") {
  Scene scene({batch({message(1, "garbage for bob@example.com " + std::string(5000, 'x')),
                      message(2, ""),
                      message(3, R"({"eventType":"Bounce"})"),
                      message(4, "{\"Type\":\"SubscriptionConfirmation\"}"),
                      message(5, sample("event-delivery.json"))}),
               done});
  scene.run_for(3);
  CHECK(scene.handed.size() == 1);
  CHECK(scene.reader.standing().unreadable == 4);
  CHECK(scene.request(1) == "DeleteMessageBatch h1 h2 h3 h4 h5");
  const std::string logged = scene.logged();
  CHECK(contains(logged, "no event of SES"));
  CHECK(contains(logged, "garbage"));
  CHECK(!contains(logged, "bob@example.com"));
  CHECK(logged.size() < 4000);
}

TEST_CASE("a poll that fails is told, and tried again for one message; then all is well again") {
  Scene scene({http_response(403, R"({"message":"User: x"})", "AccessDeniedException"),
               http_response(200, "garbage"),
               batch({message(1, sample("event-delivery.json"))}),
               done});
  scene.run_for(5);
  CHECK(scene.requests() == Requests{ten, one, one, "DeleteMessageBatch h1", ten});
  CHECK(scene.reader.standing().last_error.empty());
  CHECK(scene.reader.standing().booked == 1);
  const std::string logged = scene.logged();
  CHECK(contains(logged, "sqs:ReceiveMessage"));
  CHECK(contains(logged, "is read again"));
}

TEST_CASE("an error stands until a poll goes well") {
  Scene scene({http_response(400, "{}", "QueueDoesNotExist")});
  scene.run_for(2);
  CHECK(contains(scene.reader.standing().last_error, "feedback.sqs.queue_url"));
  CHECK(!scene.reader.standing().last_success);
}

TEST_CASE("an answer over the bound does not keep the queue from being read") {
  const std::string event = sample("event-delivery.json");
  Scene scene({http_response(200, std::string(aws::max_sqs_octets + 1, ' ')),
               batch({message(1, event)}),
               done});
  scene.run_for(4);
  CHECK(scene.reader.standing().booked == 1);
  CHECK(scene.request(1) == one);
}

TEST_CASE("a deletion that fails is told; the event comes again and is a duplicate") {
  const std::string event = sample("event-delivery.json");
  Scene scene(
      {batch({message(1, event)}),
       http_response(403, "{}", "AccessDeniedException"),
       batch({message(2, event)}),
       http_response(
           200, R"({"Failed":[{"Id":"0","Code":"ReceiptHandleIsInvalid","SenderFault":true}]})")});
  scene.answers = {Taken::booked, Taken::duplicate};
  scene.run_for(5);
  CHECK(scene.reader.standing().booked == 1);
  CHECK(scene.reader.standing().duplicate == 1);
  CHECK(contains(scene.reader.standing().last_error, "ReceiptHandleIsInvalid"));
  CHECK(contains(scene.logged(), "sqs:DeleteMessage"));
}

TEST_CASE("answers that are empty at once do not make a busy loop") {
  Scene scene({done, done, done});
  const auto began = std::chrono::steady_clock::now();
  scene.run_for(3);
  CHECK(std::chrono::steady_clock::now() - began >= 2s);
}

TEST_CASE("stopping ends the long poll at once") {
  Scene scene({});
  const auto began = std::chrono::steady_clock::now();
  scene.run_for(1);
  CHECK(std::chrono::steady_clock::now() - began < 10s);  // the poll itself had 35
  CHECK(scene.reader.standing().last_error.empty());
}

TEST_CASE("stopping hands over no further event, and leaves the batch for later") {
  const std::string event = sample("event-delivery.json");
  Scene scene({batch({message(1, event), message(2, event)})});
  feedback::SqsReader* self = nullptr;
  feedback::SqsReader reader{{scene.context.get_executor(),
                              scene.sqs,
                              scene.clock,
                              scene.log,
                              [](std::string_view what) { FAIL(what); },
                              [&](feedback::Event) -> asio::awaitable<Taken> {
                                self->stop();
                                co_return Taken::booked;
                              }}};
  self = &reader;
  reader.start();
  scene.context.run();
  CHECK(reader.standing().booked == 1);
  CHECK(scene.requests() == Requests{ten});
}

TEST_CASE("stopping ends the wait after a failure at once") {
  Scene scene({http_response(500, "")});
  feedback::SqsReader reader{
      {scene.context.get_executor(),
       scene.sqs,
       scene.clock,
       scene.log,
       [](std::string_view what) { FAIL(what); },
       [](feedback::Event) -> asio::awaitable<Taken> { co_return Taken::booked; },
       feedback::Backoff(1h, 1h)}};
  reader.start();
  while (reader.standing().last_error.empty() && scene.context.run_one() != 0) {
  }
  reader.stop();
  scene.context.run();
  CHECK(contains(reader.standing().last_error, "answered 500"));
}

TEST_CASE("an intake that throws costs its batch, and the reader goes on") {
  Scene scene({batch({message(1, sample("event-delivery.json"))})});
  scene.answers = {Taken::booked};
  scene.throws = true;
  scene.run_for(2);
  CHECK(scene.thrown == std::vector<std::string>{"a mistake of the intake"});
  CHECK(scene.requests() == Requests{ten, ten});
}
