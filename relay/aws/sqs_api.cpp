#include "relay/aws/sqs_api.hpp"

#include "relay/aws/signed_request.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <utility>

namespace aws {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto patience = 15s;  // beyond what SQS was asked to wait

json::value entry(std::size_t number, const std::string& handle) {
  json::object made;
  made["Id"] = std::to_string(number);
  made["ReceiptHandle"] = handle;
  return made;
}

std::string batch_body(const std::string& queue_url, json::array entries) {
  json::object body;
  body["QueueUrl"] = queue_url;
  body["Entries"] = std::move(entries);
  return json::serialize(body);
}

BatchAnswer batch_answer(std::string_view action, SqsReply reply) {
  if (reply.answer.outcome == SqsOutcome::done) return parse_batch(action, reply.body);
  BatchAnswer answer;
  answer.answer = std::move(reply.answer);
  return answer;
}

}  // namespace

std::string sqs_endpoint(std::string_view region) {
  return fmt::format(
      "https://sqs.{}.amazonaws.com{}", region, region.starts_with("cn-") ? ".cn" : "");
}

std::string region_of_queue(std::string_view url) {
  constexpr std::string_view begin = "https://sqs.";
  if (!url.starts_with(begin)) return {};
  url.remove_prefix(begin.size());
  const auto dot = url.find('.');
  if (dot == std::string_view::npos || !url.substr(dot).starts_with(".amazonaws.com")) return {};
  return std::string(url.substr(0, dot));
}

SqsApi::SqsApi(HttpClient& http, CredentialSource& credentials, Queue queue)
    : http_(http), credentials_(credentials), queue_(std::move(queue)) {
  if (queue_.region.empty()) queue_.region = region_of_queue(queue_.url);
  if (queue_.endpoint.empty()) queue_.endpoint = sqs_endpoint(queue_.region);
  if (queue_.endpoint.ends_with('/')) queue_.endpoint.pop_back();
}

asio::awaitable<Received> SqsApi::receive(unsigned most,
                                          std::chrono::seconds wait,
                                          std::chrono::seconds hidden,
                                          std::stop_token stop) {
  json::object body;
  body["QueueUrl"] = queue_.url;
  body["MaxNumberOfMessages"] = most;
  body["WaitTimeSeconds"] = wait.count();
  body["VisibilityTimeout"] = hidden.count();
  body["MessageSystemAttributeNames"] = json::array{"ApproximateReceiveCount"};
  SqsReply reply =
      co_await ask("ReceiveMessage", json::serialize(body), wait + patience, std::move(stop));
  Received received;
  received.answer = std::move(reply.answer);
  if (received.answer.outcome != SqsOutcome::done) co_return received;
  auto messages = parse_received(reply.body);
  if (messages) {
    received.messages = *std::move(messages);
  } else {
    received.answer = SqsAnswer{SqsOutcome::unreachable, messages.error().sentence()};
  }
  co_return received;
}

asio::awaitable<BatchAnswer> SqsApi::remove(std::vector<std::string> handles,
                                            std::stop_token stop) {
  json::array entries;
  for (const std::string& handle : handles) entries.push_back(entry(entries.size(), handle));
  std::string body = batch_body(queue_.url, std::move(entries));
  SqsReply reply = co_await ask("DeleteMessageBatch", std::move(body), patience, std::move(stop));
  co_return batch_answer("sqs:DeleteMessage", std::move(reply));
}

asio::awaitable<BatchAnswer> SqsApi::hide(std::vector<Hiding> hidings, std::stop_token stop) {
  json::array entries;
  for (const Hiding& hiding : hidings) {
    json::value made = entry(entries.size(), hiding.receipt_handle);
    made.get_object()["VisibilityTimeout"] = hiding.hidden.count();
    entries.push_back(std::move(made));
  }
  std::string body = batch_body(queue_.url, std::move(entries));
  SqsReply reply =
      co_await ask("ChangeMessageVisibilityBatch", std::move(body), patience, std::move(stop));
  co_return batch_answer("sqs:ChangeMessageVisibility", std::move(reply));
}

asio::awaitable<SqsReply> SqsApi::ask(std::string_view action,
                                      std::string body,
                                      std::chrono::milliseconds within,
                                      std::stop_token stop) {
  HttpRequest request;
  request.method = "POST";
  request.url = queue_.endpoint + "/";
  request.headers = {"Content-Type: application/x-amz-json-1.0",
                     fmt::format("X-Amz-Target: AmazonSQS.{}", action)};
  request.body = config::Secret(std::move(body));
  request.within = within;
  request.most_octets = max_sqs_octets;
  request.stop = std::move(stop);
  Scope scope{queue_.region, "sqs"};
  auto response = co_await send_signed(http_, credentials_, std::move(scope), std::move(request));
  SqsReply reply;
  if (response) {
    std::string right = fmt::format("sqs:{}", action);
    if (right.ends_with("Batch")) right.resize(right.size() - std::string_view("Batch").size());
    reply.answer =
        classify_sqs(right, queue_.url, response->status, response->error_type, response->body);
    reply.body = std::move(response->body);
  } else {
    reply.answer.sentence = response.error().sentence();
  }
  co_return reply;
}

}  // namespace aws
