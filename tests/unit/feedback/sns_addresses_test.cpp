#include "relay/feedback/sns_addresses.hpp"

#include <doctest/doctest.h>

#include <string>

using feedback::is_certificate_url;
using feedback::is_subscribe_url;
using feedback::sns_host;

namespace {

const std::string host = "sns.eu-west-1.amazonaws.com";
const std::string topic = "arn:aws:sns:eu-west-1:111122223333:events";
const std::string token = "2336412f37fb687f5d51e6e2425ba1f25";

}  // namespace

TEST_CASE("a topic's ARN tells SNS's host in its region") {
  struct Row {
    std::string_view arn, expected;
  };
  const Row rows[] = {
      {"arn:aws:sns:us-east-1:111122223333:ses-events", "sns.us-east-1.amazonaws.com"},
      {"arn:aws:sns:eu-central-1:111122223333:a_B-9", "sns.eu-central-1.amazonaws.com"},
      {"arn:aws-us-gov:sns:us-gov-west-1:111122223333:e", "sns.us-gov-west-1.amazonaws.com"},
      {"arn:aws-cn:sns:cn-north-1:111122223333:e", "sns.cn-north-1.amazonaws.com.cn"},
      {"", ""},
      {"arn:aws:sns:us-east-1:111122223333", ""},
      {"arn:aws:sns:us-east-1:111122223333:e:9d0f3c1e-2b4a-4f0a-8a55-0a1b2c3d4e5f", ""},
      {"arn:aws:sns:us-east-1:111122223333:", ""},
      {"arn:aws:sns:us-east-1:111122223333:events.fifo", ""},
      {"arn:aws:sqs:us-east-1:111122223333:e", ""},
      {"arn:aws-evil:sns:us-east-1:111122223333:e", ""},
      {"arn:aws:sns::111122223333:e", ""},
      {"arn:aws:sns:evil.example/:111122223333:e", ""},
      {"arn:aws:sns:us-east-1.evil:111122223333:e", ""},
      {"arn:aws:sns:US-EAST-1:111122223333:e", ""},
      {"arn:aws:sns:us-east-1:11112222333:e", ""},
      {"arn:aws:sns:us-east-1:11112222333x:e", ""},
      {"arn:aws:sns:us-east-1:111122223333:e&Token=1", ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.arn);
    CHECK(sns_host(row.arn).value_or("") == row.expected);
  }
  const std::string name(256, 'n');
  CHECK(sns_host("arn:aws:sns:us-east-1:111122223333:" + name));
  CHECK_FALSE(sns_host("arn:aws:sns:us-east-1:111122223333:n" + name));
}

TEST_CASE("no certificate is fetched but SNS's own of the topic's region") {
  const std::string file = "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";
  CHECK(is_certificate_url("https://" + host + file, host));
  CHECK(is_certificate_url("https://sns.cn-north-1.amazonaws.com.cn" + file,
                           "sns.cn-north-1.amazonaws.com.cn"));
  const std::string rows[] = {
      // other hosts of Amazon's, where anybody may put a file (CVE-2023-33185)
      "https://s3.amazonaws.com" + file,
      "https://bucket.s3.amazonaws.com" + file,
      "https://s3.eu-west-1.amazonaws.com/bucket" + file,
      "https://sns.s3.amazonaws.com" + file,
      "https://sns.eu-west-1.s3.amazonaws.com" + file,
      "https://sns.execute-api.eu-west-1.amazonaws.com" + file,
      "https://sns-bucket.eu-west-1.amazonaws.com" + file,
      "https://sqs.eu-west-1.amazonaws.com" + file,
      // SNS, but not of the topic's region
      "https://sns.us-east-1.amazonaws.com" + file,
      "https://sns.amazonaws.com" + file,
      "https://sns.eu-west-1.amazonaws.com.cn" + file,
      // hosts that only look like it
      "https://sns.eu-west-1.amazonaws.com.evil.example" + file,
      "https://evil.example/sns.eu-west-1.amazonaws.com" + file,
      "https://sns.eu-west-1.amazonaws.com@evil.example" + file,
      "https://sns.eu-west-1.amazonaws.com:x@evil.example" + file,
      "https://evil.example#@sns.eu-west-1.amazonaws.com" + file,
      "https://evil.example?sns.eu-west-1.amazonaws.com" + file,
      "https://evil.example\\@sns.eu-west-1.amazonaws.com" + file,
      "https://evil.example\\.sns.eu-west-1.amazonaws.com" + file,
      "https://sns-eu-west-1.amazonaws.com" + file,
      "https://snsxeu-west-1.amazonaws.com" + file,
      "https://sns.eu-west-1xamazonaws.com" + file,
      "https://sns.eu-west-1.amazonaws.com." + file,
      "https://127.0.0.1.evil.example" + file,
      "https://169.254.169.254" + file,
      "https://[::1]" + file,
      "https://localhost" + file,
      "https://" + file,
      "https://SNS.EU-WEST-1.AMAZONAWS.COM" + file,
      "https://sns.eu\xE2\x80\x90west-1.amazonaws.com" + file,
      "https://sns.eu-west-1.amazonaws\xE3\x80\x82"
      "com" +
          file,
      "https://sns%2Eeu-west-1.amazonaws.com" + file,
      // ports, users, schemes
      "https://sns.eu-west-1.amazonaws.com:443" + file,
      "https://sns.eu-west-1.amazonaws.com:8443" + file,
      "https://user@sns.eu-west-1.amazonaws.com" + file,
      "http://sns.eu-west-1.amazonaws.com" + file,
      "HTTPS://sns.eu-west-1.amazonaws.com" + file,
      "ftp://sns.eu-west-1.amazonaws.com" + file,
      "file://sns.eu-west-1.amazonaws.com" + file,
      "//sns.eu-west-1.amazonaws.com" + file,
      "sns.eu-west-1.amazonaws.com" + file,
      " https://sns.eu-west-1.amazonaws.com" + file,
      "https:/sns.eu-west-1.amazonaws.com" + file,
      "https:///sns.eu-west-1.amazonaws.com" + file,
      "https://\tsns.eu-west-1.amazonaws.com" + file,
      // SNS's host, but another file: its API answers what an attacker asks (DEF CON 30)
      "https://" + host + "/?Action=GetEndpointAttributes&x=.pem",
      "https://" + host + "/evil.pem",
      "https://" + host + "/",
      "https://" + host,
      "https://" + host + "/x" + file,
      "https://" + host + "/" + file,
      "https://" + host + "/.." + file,
      "https://" + host + "/%2e%2e" + file,
      "https://" + host + file + "?",
      "https://" + host + file + "?x=.pem",
      "https://" + host + file + "#.pem",
      "https://" + host + file + ".pem",
      "https://" + host + file + "\n",
      "https://" + host + file + std::string(1, '\0'),
      "https://" + host + "/SimpleNotificationService-.pem",
      "https://" + host + "/SimpleNotificationService-0123456789abcdef0123456789abcde.pem",
      "https://" + host + "/SimpleNotificationService-0123456789abcdef0123456789abcdef0.pem",
      "https://" + host + "/SimpleNotificationService-0123456789abcdef0123456789abcdeg.pem",
      "https://" + host + "/SimpleNotificationService-0123456789ABCDEF0123456789ABCDEF.pem",
      "https://" + host + "/SimpleNotificationService-../..?Action=Publish&M=0123456.pem",
      "https://" + host + "/SimpleNotificationService-0123456789abcdef0123456789abcdef.crt",
      "https://" + host + "/simplenotificationservice-0123456789abcdef0123456789abcdef.pem",
      "",
  };
  CHECK(std::size(rows) >= 25);
  for (const auto& row : rows) {
    CAPTURE(row);
    CHECK_FALSE(is_certificate_url(row, host));
  }
}

TEST_CASE("a SubscribeURL asks SNS to confirm this topic by this token and nothing else") {
  const std::string ours = feedback::subscribe_url(host, topic, token);
  CHECK(ours ==
        "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn="
        "arn:aws:sns:eu-west-1:111122223333:events&Token=2336412f37fb687f5d51e6e2425ba1f25");
  const std::string base = "https://" + host + "/?";
  const std::string action = "Action=ConfirmSubscription", arn = "TopicArn=" + topic,
                    by = "Token=" + token;
  CHECK(is_subscribe_url(ours, host, topic, token));
  CHECK(is_subscribe_url(base + by + "&" + arn + "&" + action, host, topic, token));
  CHECK(is_subscribe_url(
      base + action + "&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A111122223333%3Aevents&" + by,
      host,
      topic,
      token));
  const std::string query = action + "&" + arn + "&" + by;
  const std::string rows[] = {
      // what it was in the published attacks (CVE-2019-6715, CVE-2026-32096): any address at all
      "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
      "https://evil.example/?" + query,
      "https://127.0.0.1/?" + query,
      "https://[::1]/?" + query,
      "gopher://127.0.0.1:6379/_FLUSHALL",
      "file:///etc/passwd",
      "http://" + host + "/?" + query,
      "https://" + host + ":443/?" + query,
      "https://" + host + "@evil.example/?" + query,
      "https://" + host + ".evil.example/?" + query,
      "https://sns.us-east-1.amazonaws.com/?" + query,
      "https://" + host + "//?" + query,
      "https://" + host + "/x?" + query,
      "https://" + host + "?" + query,
      "https://" + host + "/" + query,
      base,
      base + query + "&",
      base + "&" + query,
      base + query + "#x",
      base + query + "&AuthenticateOnUnsubscribe=true",
      base + query + "&Action=DeleteTopic",
      base + action + "&" + arn,
      base + action + "&" + by,
      base + arn + "&" + by,
      base + action + "&" + action + "&" + arn,
      base + "Action=Unsubscribe&" + arn + "&" + by,
      base + "Action=confirmsubscription&" + arn + "&" + by,
      base + action + "&TopicArn=arn:aws:sns:eu-west-1:111122223333:other&" + by,
      base + action + "&" + arn + "2&" + by,
      base + action + "&" + arn + "&Token=" + token + "0",
      base + action + "&" + arn + "&Token=",
      base + action + ";" + arn + ";" + by,
      "",
  };
  for (const auto& row : rows) {
    CAPTURE(row);
    CHECK_FALSE(is_subscribe_url(row, host, topic, token));
  }
}

TEST_CASE("a token is letters and digits") {
  CHECK(feedback::is_token(token));
  CHECK(feedback::is_token(std::string(1024, 'a')));
  for (const std::string& row : {std::string(),
                                 std::string(1025, 'a'),
                                 token + "&Action=Publish",
                                 token + " ",
                                 token + "%20",
                                 token + "\n",
                                 token + "-"}) {
    CAPTURE(row);
    CHECK_FALSE(feedback::is_token(row));
  }
}
