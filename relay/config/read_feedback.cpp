#include "relay/config/key_files.hpp"
#include "relay/config/parts.hpp"
#include "relay/config/url.hpp"
#include "relay/config/values.hpp"

#include <fmt/format.h>

namespace config {
namespace {

/// Whether SQS's own host stands in the URL, and with it the region.
bool is_at_amazon(const Url& url) {
  return url.https && url.host.starts_with("sqs.") &&
         url.host.find(".amazonaws.com") != std::string::npos;
}

void read_sqs(const Section& section, Sqs& sqs) {
  section.read("queue_url", sqs.queue_url);
  section.read("region", sqs.region);
  section.read("endpoint", sqs.endpoint);
  if (!sqs.region.empty() && !is_region(sqs.region))
    section.mistake(
        "region",
        fmt::format("{} is not an AWS region: write it like eu-central-1", in_quotes(sqs.region)));
  if (!sqs.endpoint.empty() && !parse_url(sqs.endpoint))
    section.mistake("endpoint", "`endpoint` is no URL: write one like https://127.0.0.1:4566");
  if (sqs.queue_url.empty()) return;
  const auto url = parse_url(sqs.queue_url);
  if (!url)
    section.mistake("queue_url",
                    fmt::format("{} is no URL: write the one that SQS shows, like "
                                "https://sqs.eu-central-1.amazonaws.com/111122223333/postern",
                                in_quotes(sqs.queue_url)));
  else if (!is_at_amazon(*url) && (sqs.region.empty() || sqs.endpoint.empty()))
    section.mistake(
        "queue_url",
        fmt::format("{} is not SQS's host: write https://sqs.REGION.amazonaws.com/ACCOUNT/NAME, "
                    "or give `region` and `endpoint` too",
                    in_quotes(url->host)));
}

void read_sns(const Section& section, Sns& sns) {
  for (const Node* item : section.items("topic_arns")) {
    if (!is_topic_arn(item->scalar))
      section.findings().mistake(
          item->place,
          fmt::format("{} is not the ARN of a standard topic: write the one that SNS shows, like "
                      "arn:aws:sns:eu-central-1:111122223333:ses-events",
                      in_quotes(item->scalar)));
    sns.topic_arns.push_back(item->scalar);
  }
  if (section.has("topic_arns") && sns.topic_arns.empty())
    section.mistake("topic_arns",
                    "`topic_arns` names no topic, so no post would be taken: name one, or remove "
                    "`sns`");
  section.read("certificate_file", sns.certificate_file);
  if (sns.certificate_file.empty()) return;
  if (auto fault = fault_of_certificate(sns.certificate_file))
    section.mistake("certificate_file", *fault);
}

}  // namespace

void read_feedback(const Section& root, Feedback& feedback) {
  const Section section = root.section("feedback");
  if (section.has("sqs")) read_sqs(section.section("sqs"), feedback.sqs);
  if (section.has("sns")) read_sns(section.section("sns"), feedback.sns);
}

void check_feedback(const Section& root, const Config& config) {
  const Section feedback = root.section("feedback");
  const std::vector<Section> http = root.section("listen").sections("http");
  bool served = false;
  for (std::size_t i = 0; i < http.size(); ++i) {
    if (!config.http[i].sns) continue;
    served = true;
    if (!feedback.has("sns"))
      http[i].mistake("serve",
                      "`sns` takes the posts of the topics that are named: give "
                      "`feedback.sns.topic_arns`, or remove it");
  }
  if (feedback.has("sns") && !served)
    feedback.warn("sns",
                  "no listener takes the posts of these topics: add `sns` to `serve` of one in "
                  "`listen.http`");
}

}  // namespace config
