#include "relay/config/parts.hpp"
#include "relay/config/values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace config {
namespace {

using policy::Calendar;
using policy::Encrypted;
using policy::InlineImages;
using policy::LineEnds;
using policy::Signatures;

constexpr std::array line_end_words{Word<LineEnds>{"refuse", LineEnds::refuse},
                                    Word<LineEnds>{"normalise", LineEnds::normalise}};
constexpr std::array image_words{Word<InlineImages>{"referenced", InlineImages::referenced},
                                 Word<InlineImages>{"none", InlineImages::none},
                                 Word<InlineImages>{"any", InlineImages::any}};
constexpr std::array calendar_words{Word<Calendar>{"alternative", Calendar::alternative},
                                    Word<Calendar>{"none", Calendar::none},
                                    Word<Calendar>{"any", Calendar::any}};
constexpr std::array signature_words{Word<Signatures>{"detached", Signatures::detached},
                                     Word<Signatures>{"none", Signatures::none}};
constexpr std::array encrypted_words{Word<Encrypted>{"refuse", Encrypted::refuse},
                                     Word<Encrypted>{"allow", Encrypted::allow}};

constexpr std::array scope_words{Word<SuppressionScope>{"app", SuppressionScope::app},
                                 Word<SuppressionScope>{"all", SuppressionScope::all}};

void read_rules(const Section& section, policy::Rules& rules) {
  section.read("line_ends", line_end_words, rules.line_ends);
  const Section attachments = section.section("attachments");
  attachments.read("refuse", rules.attachments.refuse);
  attachments.read("inline_images", image_words, rules.attachments.inline_images);
  attachments.read("calendar", calendar_words, rules.attachments.calendar);
  attachments.read("signatures", signature_words, rules.attachments.signatures);
  attachments.read("encrypted", encrypted_words, rules.attachments.encrypted);
  section.section("bulk").read("refuse", rules.bulk.refuse);
}

void read_windows(const Section& section, std::vector<std::chrono::seconds>& windows) {
  if (!section.has("windows")) return;
  windows.clear();
  for (const Node* item : section.items("windows")) {
    const std::chrono::seconds window(parse_duration(item->scalar).value_or(0));
    if (std::ranges::find(windows, window) != windows.end())
      section.findings().mistake(
          item->place,
          fmt::format("{} stands twice in `windows`: keep one", in_quotes(item->scalar)));
    windows.push_back(window);
  }
  if (windows.empty())
    section.mistake("windows",
                    "`windows` names no time, so nothing would be judged: write [24h, 30d]");
}

/// A share of `what` that warns and one that blocks, which is higher; over `review` it is late.
void read_shares(
    const Section& section, std::string_view what, double review, double& warn, double& block) {
  const std::string warn_key = fmt::format("{}_warn", what),
                    block_key = fmt::format("{}_block", what);
  section.read(warn_key, warn);
  section.read(block_key, block);
  if (warn >= block)
    section.mistake(section.has(warn_key) ? warn_key : block_key,
                    fmt::format("`{}` must be less than `{}`, which is {}: a warning comes first",
                                warn_key,
                                block_key,
                                block));
  else if (block > review)
    section.warn(block_key,
                 fmt::format("AWS reviews the whole account at {}: an app with more should be "
                             "stopped before that",
                             review));
}

void read_reputation(const Section& section, policy::ReputationRules& rules) {
  constexpr double bounce_review = 0.05, complaint_review = 0.001;  // of AWS
  read_windows(section, rules.windows);
  section.read("minimum_volume", rules.minimum_volume);
  section.read("minimum_bounces", rules.minimum_bounces);
  section.read("minimum_complaints", rules.minimum_complaints);
  section.read("confidence", rules.confidence);
  if (rules.confidence < 0.5)
    section.mistake("confidence",
                    "with a `confidence` under 0.5 chance would decide: write one like 0.99");
  read_shares(section, "bounce", bounce_review, rules.bounce_warn, rules.bounce_block);
  read_shares(section, "complaint", complaint_review, rules.complaint_warn, rules.complaint_block);
}

}  // namespace

void read_policy(const Section& root, Config& config) {
  const Section section = root.section("policy");
  read_rules(section, config.rules);
  section.section("suppression").read("scope", scope_words, config.suppression_scope);
  read_reputation(section.section("reputation"), config.reputation);
}

}  // namespace config
