// Posts that were changed on the way, ten thousand of them from one seed: whatever changed, only
// what SNS signed is ever verified.
#include "relay/feedback/sns_signature.hpp"

#include "samples.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using feedback::admit_post;
using feedback::SigningKey;
using feedback::verify;

namespace {

const std::vector<std::string> topics = {"arn:aws:sns:us-east-1:111122223333:ses-events"};

class Mutator {
 public:
  std::string mutated(std::string text, const std::string& other) {
    for (std::size_t changes = below(4) + 1; changes > 0; --changes) change(text, other);
    return text;
  }

 private:
  // Not by std::uniform_int_distribution, whose numbers differ between libraries.
  std::size_t below(std::size_t bound) { return random_() % bound; }

  void change(std::string& text, const std::string& other) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t count = below(40) + 1;
    switch (below(6)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
        break;
      case 1:
        text.insert(at, 1, "\"\\{}[]:,\n\0 "[below(11)]);
        break;
      case 2:
        text.erase(at, count);
        break;
      case 3:
        text.insert(at, other, below(other.size()), count);
        break;
      case 4:
        text.insert(at, text.substr(below(text.size() + 1), count));
        break;
      case 5:
        swap_digits(text, at);
        break;
    }
  }

  void swap_digits(std::string& text, std::size_t at) {
    const std::size_t first = text.find_first_of("0123456789", at);
    const std::size_t second = text.find_first_of("0123456789", std::min(at + 7, text.size()));
    if (first != std::string::npos && second != std::string::npos)
      std::swap(text[first], text[second]);
  }

  std::mt19937_64 random_{20260914};
};

}  // namespace

TEST_CASE("ten thousand changed posts: none is verified but as it was signed") {
  const auto now = moment("2026-09-14T09:31:00Z");
  const auto key = SigningKey::read(sample("sns-test-signing-cert.pem"), now).value();
  std::vector<std::string> posts, texts;
  for (const char* name : {"sns-notification-sigv1.json",
                           "sns-notification-sigv2.json",
                           "sns-notification-sigv2-no-subject.json",
                           "sns-notification-topic-validation-not-json.json",
                           "sns-subscription-confirmation-sigv1.json",
                           "sns-subscription-confirmation-sigv2.json",
                           "sns-unsubscribe-confirmation-sigv2.json"}) {
    posts.push_back(sample(name));
    texts.push_back(string_to_sign(*feedback::parse_sns_message(posts.back())));
  }
  Mutator mutator;
  std::size_t admitted = 0, verified = 0;
  for (std::size_t round = 0; round < 10'000; ++round) {
    const std::size_t chosen = round % posts.size();
    const std::string post = mutator.mutated(posts[chosen], posts[(round + 1) % posts.size()]);
    auto passed = admit_post(post, topics, now);
    if (!passed) continue;
    ++admitted;
    const auto message = verify(*std::move(passed), key);
    if (!message) continue;
    ++verified;
    CAPTURE(post);
    CHECK(string_to_sign(**message) == texts[chosen]);
  }
  CHECK(admitted > verified);
  CHECK(verified > 0);  // those changed where nothing is signed
}

TEST_CASE("ten thousand changed events: each is read within its bounds or not at all") {
  std::vector<std::string> records;
  for (const char* name : {"event-bounce-two-recipients.json",
                           "event-complaint-abuse.json",
                           "event-delivery.json",
                           "event-delivery-delay.json",
                           "eventbridge-email-bounced.json",
                           "notification-bounce-dsn-headers.json"})
    records.push_back(sample(name));
  Mutator mutator;
  std::size_t events = 0;
  for (std::size_t round = 0; round < 10'000; ++round) {
    const std::string record =
        mutator.mutated(records[round % records.size()], records[(round + 1) % records.size()]);
    const auto reading = feedback::read_event(record);
    const auto* event = std::get_if<feedback::Event>(&reading);
    if (event == nullptr) continue;
    ++events;
    CAPTURE(record);
    CHECK(event->message_id.size() - 1 < 128);
    CHECK(event->recipients.size() <= feedback::most_event_recipients);
    CHECK(event->detail.size() <= feedback::longest_event_detail);
    CHECK(event->detail.find('@') == std::string::npos);
    CHECK(std::ranges::all_of(event->recipients, [](const auto& recipient) {
      return recipient.address.size() <= 320 && !recipient.address.empty();
    }));
  }
  CHECK(events > 1000);
}
