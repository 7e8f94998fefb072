// A post to the SNS endpoint. Whatever comes, what is admitted is of the listed topic and names
// only SNS's addresses of its region, a refusal is a plain sentence, and no text is verified but
// those that the key of the samples has signed.
#include "policy/timestamp.hpp"
#include "relay/feedback/sns_message.hpp"
#include "relay/feedback/sns_signature.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using feedback::admit_post;

const std::vector<std::string> topics = {"arn:aws:sns:us-east-1:111122223333:ses-events"};
constexpr std::string_view certificates =
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-";
constexpr std::string_view confirmations =
    "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn="
    "arn:aws:sns:us-east-1:111122223333:ses-events&Token=";

void require(bool holds) {
  if (!holds) std::abort();
}

std::string sample(const std::string& name) {
  std::ifstream file(POSTERN_SES_EVENTS "/" + name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  require(!text.str().empty());
  return text.str();
}

const feedback::WallTime now = *policy::parse_timestamp("2026-09-14T09:31:00Z");

const feedback::SigningKey& key() {
  static const auto read = feedback::SigningKey::read(sample("sns-test-signing-cert.pem"), now);
  return *read;
}

const std::set<std::string>& signed_texts() {
  static const std::set<std::string> texts = [] {
    std::set<std::string> found;
    for (const char* name : {"sns-notification-sigv1.json",
                             "sns-notification-sigv2.json",
                             "sns-notification-sigv2-no-subject.json",
                             "sns-notification-topic-validation-not-json.json",
                             "sns-subscription-confirmation-sigv1.json",
                             "sns-subscription-confirmation-sigv2.json",
                             "sns-unsubscribe-confirmation-sigv2.json"})
      found.insert(string_to_sign(*feedback::parse_sns_message(sample(name))));
    return found;
  }();
  return texts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(input), size);
  auto admitted = admit_post(body, topics, now);
  if (!admitted) {
    require(!admitted.error().sentence().empty() && admitted.error().sentence().size() < 200);
    return 0;
  }
  require(admitted->certificate_url().starts_with(certificates));
  require(admitted->certificate_url().size() == certificates.size() + 36);
  const auto verified = verify(*std::move(admitted), key());
  if (!verified) return 0;
  require(signed_texts().contains(string_to_sign(**verified)));
  if ((*verified)->type == feedback::SnsType::subscription_confirmation)
    require(verified->confirmation_url().starts_with(confirmations));
  return 0;
}
