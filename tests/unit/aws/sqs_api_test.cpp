#include "relay/aws/sqs_api.hpp"

#include "given_keys.hpp"
#include "run_awaitable.hpp"
#include "scripted_http.hpp"
#include "stepped_clock.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using aws::SqsOutcome;

namespace {

const std::string queue_url = "https://sqs.eu-central-1.amazonaws.com/111122223333/postern";

struct Scene {
  explicit Scene(std::vector<std::string> responses) : server(std::move(responses)) {}

  aws::Received receive(std::stop_token stop = {}) {
    return run_awaitable([&] { return api.receive(10, 20s, 60s, stop); });
  }
  [[nodiscard]] ReceivedRequest only_request() const {
    REQUIRE(server.received().size() == 1);
    return server.received().front();
  }

  ScriptedHttp server;
  SteppedClock clock;
  std::unique_ptr<aws::HttpClient> http = aws::HttpClient::start().value();
  std::unique_ptr<aws::CredentialSource> credentials = given_keys(*http, clock);
  aws::SqsApi api{*http, *credentials, {queue_url, "", server.url("/")}};
};

bool contains(const std::string& text, std::string_view piece) {
  return text.find(piece) != std::string::npos;
}

}  // namespace

TEST_CASE("ReceiveMessage is a signed request of the JSON protocol, and its answer is read") {
  Scene scene({http_response(
      200,
      R"({"Messages":[{"MessageId":"1","ReceiptHandle":"AQEB+/=","MD5OfBody":"x","Body":"{\"a\":1}",)"
      R"("Attributes":{"ApproximateReceiveCount":"7","SentTimestamp":"1789378219682"}},)"
      R"({"ReceiptHandle":"two","Body":""}]})")});
  const auto received = scene.receive();
  CHECK(received.answer.outcome == SqsOutcome::done);
  REQUIRE(received.messages.size() == 2);
  CHECK(received.messages[0].receipt_handle == "AQEB+/=");
  CHECK(received.messages[0].body == R"({"a":1})");
  CHECK(received.messages[0].received == 7);
  CHECK(received.messages[1].received == 1);
  const ReceivedRequest request = scene.only_request();
  CHECK(request.method == "POST");
  CHECK(request.target == "/");
  CHECK(request.headers.at("content-type") == "application/x-amz-json-1.0");
  CHECK(request.headers.at("x-amz-target") == "AmazonSQS.ReceiveMessage");
  CHECK(contains(request.headers.at("authorization"), "/eu-central-1/sqs/aws4_request"));
  CHECK(contains(request.headers.at("authorization"), "x-amz-target"));
  CHECK(request.body ==
        R"({"QueueUrl":")" + queue_url +
            R"(","MaxNumberOfMessages":10,"WaitTimeSeconds":20,"VisibilityTimeout":60,)"
            R"("MessageSystemAttributeNames":["ApproximateReceiveCount"]})");
}

TEST_CASE("an empty queue is an answer without messages") {
  Scene scene({http_response(200, "{}")});
  const auto received = scene.receive();
  CHECK(received.answer.outcome == SqsOutcome::done);
  CHECK(received.messages.empty());
}

TEST_CASE("messages are deleted by batch, and those that were not are counted") {
  Scene scene({http_response(200, R"({"Successful":[{"Id":"0"},{"Id":"1"}],"Failed":[]})"),
               http_response(200,
                             R"({"Successful":[{"Id":"0"}],"Failed":[{"Id":"1","SenderFault":true,)"
                             R"("Code":"ReceiptHandleIsInvalid","Message":"it's \n gone"}]})")});
  const auto remove = [&] {
    return run_awaitable([&] { return scene.api.remove({"h\"0", "h1"}, {}); });
  };
  const auto all = remove();
  CHECK(all.answer.outcome == SqsOutcome::done);
  CHECK(all.answer.sentence.empty());
  CHECK(all.failed == 0);
  const auto some = remove();
  CHECK(some.answer.outcome == SqsOutcome::done);
  CHECK(some.failed == 1);
  CHECK(contains(some.answer.sentence, "ReceiptHandleIsInvalid"));
  const ReceivedRequest request = scene.server.received().at(0);
  CHECK(request.headers.at("x-amz-target") == "AmazonSQS.DeleteMessageBatch");
  CHECK(request.body == R"({"QueueUrl":")" + queue_url +
                            R"(","Entries":[{"Id":"0","ReceiptHandle":"h\"0"},)"
                            R"({"Id":"1","ReceiptHandle":"h1"}]})");
}

TEST_CASE("messages are hidden or shown again by batch, each for its own time") {
  Scene scene({http_response(200, R"({"Successful":[{"Id":"0"},{"Id":"1"}]})")});
  const auto answer = run_awaitable([&] {
    return scene.api.hide({aws::Hiding("h0", 0s), aws::Hiding("h1", 15min)}, {});
  });
  CHECK(answer.answer.outcome == SqsOutcome::done);
  const ReceivedRequest request = scene.only_request();
  CHECK(request.headers.at("x-amz-target") == "AmazonSQS.ChangeMessageVisibilityBatch");
  CHECK(request.body == R"({"QueueUrl":")" + queue_url +
                            R"(","Entries":[{"Id":"0","ReceiptHandle":"h0","VisibilityTimeout":0},)"
                            R"({"Id":"1","ReceiptHandle":"h1","VisibilityTimeout":900}]})");
}

TEST_CASE("an error says what it means and what to change") {
  const struct {
    std::string response;
    SqsOutcome outcome;
    std::string told;
  } rows[] = {
      {http_response(400, R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no"})"),
       SqsOutcome::no_queue,
       "feedback.sqs.queue_url"},
      {http_response(400, R"({"__type":"AWS.SimpleQueueService.NonExistentQueue"})"),
       SqsOutcome::no_queue,
       queue_url},
      {http_response(404, "{}", "InvalidAddress"), SqsOutcome::no_queue, "feedback.sqs.queue_url"},
      {http_response(403, R"({"message":"User: x"})", "AccessDeniedException"),
       SqsOutcome::no_rights,
       "sqs:ReceiveMessage"},
      {http_response(400, "{}", "KmsAccessDenied"), SqsOutcome::no_rights, "sqs:ReceiveMessage"},
      {http_response(403, R"({"message":"hush"})", "InvalidClientTokenId"),
       SqsOutcome::no_rights,
       "access key"},
      {http_response(400, "{}", "RequestThrottled"), SqsOutcome::throttled, "later"},
      {http_response(400, "{}", "OverLimit"), SqsOutcome::throttled, "later"},
      {http_response(503, "{}", "ThrottlingException"), SqsOutcome::throttled, "later"},
      {http_response(400, R"({"message":"Value 99 is bad"})", "InvalidParameterValue"),
       SqsOutcome::refused,
       "Value 99 is bad"},
      {http_response(500, "{}", "InternalFailure"), SqsOutcome::unreachable, "500"},
      {http_response(302, ""), SqsOutcome::unreachable, "302"},
      {http_response(200, "{"), SqsOutcome::unreachable, "no JSON"},
      {http_response(200, R"({"Messages":{}})"), SqsOutcome::unreachable, "Messages"},
      {http_response(200, R"({"Messages":[{"Body":"x"}]})"),
       SqsOutcome::unreachable,
       "ReceiptHandle"},
      {http_response(200, R"({"Messages":[0,0,0,0,0,0,0,0,0,0,0]})"),
       SqsOutcome::unreachable,
       "Messages"},
      {"", SqsOutcome::unreachable, "could not be asked"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.response);
    Scene scene({row.response});
    const auto received = scene.receive();
    CAPTURE(received.answer.sentence);
    CHECK(received.answer.outcome == row.outcome);
    CHECK(contains(received.answer.sentence, row.told));
    CHECK(!contains(received.answer.sentence, "hush"));
    CHECK(received.messages.empty());
  }
}

TEST_CASE("ten messages of a mebibyte are one answer, and an octet over ten mebibytes is none") {
  std::string most = R"({"Messages":[)";
  for (int i = 0; i < 10; ++i)
    most += fmt::format(R"({}{{"ReceiptHandle":"{}","Body":"{}"}})",
                        i == 0 ? "" : ",",
                        i,
                        std::string(1024 * 1024 - 64, 'x'));
  most += "]}";
  most += std::string(aws::max_sqs_octets - most.size(), ' ');
  Scene scene({http_response(200, most), http_response(200, most + " ")});
  CHECK(scene.receive().messages.size() == 10);
  CHECK(scene.receive().answer.outcome == SqsOutcome::unreachable);
}

TEST_CASE("a long poll ends at once when it is stopped") {
  Scene scene({});
  std::stop_source stop;
  std::thread stopper([&] {
    scene.server.await_requests(1);
    stop.request_stop();
  });
  const auto began = std::chrono::steady_clock::now();
  const auto received = scene.receive(stop.get_token());
  stopper.join();
  CHECK(received.answer.outcome == SqsOutcome::unreachable);
  CHECK(std::chrono::steady_clock::now() - began < 10s);  // the poll itself had 35
}

TEST_CASE("a queue's region is that of its URL, and its endpoint that of the region") {
  CHECK(aws::region_of_queue(queue_url) == "eu-central-1");
  CHECK(aws::region_of_queue("https://sqs.cn-north-1.amazonaws.com.cn/1/q") == "cn-north-1");
  CHECK(aws::region_of_queue("http://127.0.0.1:4566/000000000000/q").empty());
  CHECK(aws::region_of_queue("https://sqs.evil.example/1/q").empty());
  CHECK(aws::sqs_endpoint("eu-central-1") == "https://sqs.eu-central-1.amazonaws.com");
  CHECK(aws::sqs_endpoint("cn-north-1") == "https://sqs.cn-north-1.amazonaws.com.cn");
}
