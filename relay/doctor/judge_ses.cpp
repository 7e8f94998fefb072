#include "relay/doctor/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace doctor {
namespace {

using namespace std::chrono_literals;

constexpr double much_of_the_quota = 0.8;
constexpr auto agreeing_clocks = 30s;  // a slow answer is not a wrong clock
constexpr auto refused_skew = 5min;    // of a signature of version 4, by SES and SQS
constexpr auto long_silence = 24h;
constexpr auto lately = 1h;

Finding standing(std::string_view region, const aws::SesAccount& account) {
  Finding finding{fmt::format("account {}", region), Grade::bad, {}, {}};
  if (account.enforcement == aws::Enforcement::shutdown) {
    finding.what = "AWS has shut it down: SES takes no mail";
    finding.mend = "Answer the case in AWS's Support Center.";
  } else if (!account.sending_enabled) {
    finding.what = "its sending is paused: mail is held";
    finding.mend =
        "Read AWS's mail to the account's address, and have it resumed in SES's console.";
  } else if (account.enforcement == aws::Enforcement::probation) {
    finding.grade = Grade::warn;
    finding.what = "it is under review, and AWS may pause it";
    finding.mend =
        "Answer the case in AWS's Support Center; see which app bounces or draws "
        "complaints (postern_bounce_ratio, postern_complaint_ratio).";
  } else {
    finding.grade = Grade::ok;
    finding.what = "it may send";
  }
  return finding;
}

Finding sandbox(std::string_view region, const aws::SesAccount& account) {
  Finding finding{fmt::format("sandbox {}", region), Grade::ok, "production access", {}};
  if (account.production_access) return finding;
  return {finding.check,
          Grade::warn,
          "the account is in SES's sandbox: it sends to verified recipients only",
          "Ask for production access in SES's console of that region (Account dashboard)."};
}

Finding quota(std::string_view region, const aws::SesAccount& account) {
  Finding finding{fmt::format("quota {}", region), Grade::ok, "no limit in 24 hours", {}};
  if (!account.max_in_24_hours) return finding;
  finding.what = fmt::format("{:.0f} of {:.0f} recipients of 24 hours, {:g} a second",
                             account.sent_in_24_hours,
                             *account.max_in_24_hours,
                             account.max_rate);
  if (account.sent_in_24_hours < much_of_the_quota * *account.max_in_24_hours) return finding;
  finding.grade = Grade::warn;
  finding.mend = "Ask for more in AWS's Service Quotas; at 90 % only urgent mail leaves.";
  return finding;
}

/// An answer that tells nothing of what was asked.
Finding untold(std::string check, const aws::Answer& answer) {
  return {std::move(check),
          Grade::bad,
          answer.sentence,
          answer.outcome == aws::Outcome::unreachable
              ? "Let this machine reach SES's API by HTTPS, and check `aws.region`."
              : "Mend the credentials or their policy, or set `aws.identities: off`."};
}

Finding beside_the_clock(std::string_view region, std::chrono::seconds ahead) {
  Finding finding{fmt::format("clock {}", region), Grade::ok, "it agrees with SES's", {}};
  if (std::chrono::abs(ahead) <= agreeing_clocks) return finding;
  finding.grade = std::chrono::abs(ahead) < refused_skew ? Grade::warn : Grade::bad;
  finding.what = fmt::format("it is {} s {} SES's: from {} s on AWS refuses what we sign",
                             std::chrono::abs(ahead).count(),
                             ahead > 0s ? "ahead of" : "behind",
                             std::chrono::seconds(refused_skew).count());
  finding.mend = "Set it, and have it kept by NTP (systemd-timesyncd, chrony).";
  return finding;
}

bool tracks(const aws::EventDestination& destination) {
  return destination.enabled &&
         (destination.types.contains("OPEN") || destination.types.contains("CLICK"));
}

/// The event types that reach a topic.
std::set<std::string> told(const aws::ConfigurationSet& set) {
  std::set<std::string> types;
  for (const aws::EventDestination& destination : set.destinations)
    if (destination.enabled && !destination.topic_arn.empty())
      types.insert(destination.types.begin(), destination.types.end());
  return types;
}

Finding tracking(std::string check, const aws::ConfigurationSet& set) {
  if (set.engagement_metrics)
    return {std::move(check),
            Grade::bad,
            "engagement metrics are on: SES rewrites bodies, which breaks our signatures",
            "Switch the engagement tracking of its Virtual Deliverability Manager off."};
  const auto tracking = std::ranges::find_if(set.destinations, tracks);
  if (tracking == set.destinations.end())
    return {std::move(check), Grade::ok, "opens and clicks are not tracked", {}};
  return {std::move(check),
          Grade::bad,
          fmt::format("event destination {} asks for opens or clicks: SES rewrites bodies, which "
                      "breaks our signatures",
                      tracking->name),
          fmt::format("Take Open and Click out of {}.", tracking->name)};
}

/// What the feed is good for: nothing, bounces, or settling doubts.
Finding grade_of_feed(std::string check, const aws::ConfigurationSet& set, bool feed) {
  const auto types = told(set);
  if (!types.contains("BOUNCE") || !types.contains("COMPLAINT"))
    return {std::move(check),
            feed ? Grade::bad : Grade::warn,
            "grade none: no enabled event destination publishes bounces and complaints to SNS",
            "Add an event destination with every type but opens and clicks, to an SNS topic."};
  if (!types.contains("SEND") && !types.contains("DELIVERY"))
    return {std::move(check),
            Grade::warn,
            "grade bounces only: it cannot settle what became of a message whose reply was lost",
            "Add Send and Delivery to the event destination."};
  return {std::move(check), Grade::ok, "grade settles doubts", {}};
}

/// Of a feed that nothing else is wrong with.
Finding by_last_event(std::string silence, std::optional<WallTime> last, WallTime now) {
  if (last && now - *last <= long_silence)
    return {"feed",
            Grade::ok,
            fmt::format("the last event came {} s ago",
                        std::chrono::floor<std::chrono::seconds>(now - *last).count()),
            {}};
  return {"feed",
          Grade::warn,
          std::move(silence) + " for a day, or since the start",
          "If mail was sent, look from the event destination to the topic to its subscription (the "
          "queue, or /feedback/sns of this relay); `postern send-test` waits for one."};
}

}  // namespace

Findings judge_account(std::string_view region, const aws::AccountAnswer& answered) {
  Findings findings;
  if (answered.clock_ahead) findings.push_back(beside_the_clock(region, *answered.clock_ahead));
  if (answered.answer.outcome != aws::Outcome::done) {
    findings.push_back(untold(fmt::format("account {}", region), answered.answer));
  } else {
    findings.push_back(standing(region, answered.account));
    findings.push_back(sandbox(region, answered.account));
    findings.push_back(quota(region, answered.account));
  }
  return findings;
}

Findings judge_configuration_set(std::string_view name,
                                 std::string_view region,
                                 const aws::ConfigurationSetAnswer& answered,
                                 bool feed) {
  const std::string check = fmt::format("configuration set {}", name);
  if (answered.answer.outcome != aws::Outcome::done) return {untold(check, answered.answer)};
  if (!answered.set.exists)
    return {{check,
             Grade::bad,
             fmt::format("SES does not know it in {} and refuses all mail that names it", region),
             "Create it there, or correct `configuration_set`."}};
  Findings findings;
  if (!answered.set.sending_enabled)
    findings.push_back(
        {check, Grade::bad, "its sending is disabled", "Enable sending in the configuration set."});
  findings.push_back(tracking(check + " tracking", answered.set));
  findings.push_back(grade_of_feed(check + " events", answered.set, feed));
  return findings;
}

Finding judge_feed(const FeedSeen& seen, WallTime now) {
  Finding finding{"feed", Grade::warn, {}, {}};
  if (!seen.queue && !seen.topics) {
    finding.what = "no event of SES is read: bounces and complaints stay unknown";
    finding.mend = "Set `feedback.sqs.queue_url` or `feedback.sns.topic_arns`.";
    return finding;
  }
  if (!seen.queue) return by_last_event("no post of SNS has brought an event", seen.last_post, now);
  const feedback::SqsStanding& queue = *seen.queue;
  if (!queue.last_error.empty() || !queue.last_success) {
    finding.grade = queue.last_error.empty() ? Grade::warn : Grade::bad;
    finding.what = queue.last_error.empty() ? "the queue has not been read yet" : queue.last_error;
    finding.mend = "Check `feedback.sqs.queue_url`, its region, and the rights to read the queue.";
  } else if (queue.last_of_other_relay && now - *queue.last_of_other_relay < lately) {
    finding.what = "another relay's events come by this queue: it has several readers";
    finding.mend = "Give each relay's store a queue of its own.";
  } else {
    return by_last_event("the queue is read, but no event has come",
                         std::max(queue.last_event, seen.last_post),
                         now);
  }
  return finding;
}

}  // namespace doctor
