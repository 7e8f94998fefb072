#include "relay/config/parts.hpp"

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

}  // namespace

void read_policy(const Section& root, policy::Rules& rules) {
  const Section section = root.section("policy");
  section.read("line_ends", line_end_words, rules.line_ends);
  const Section attachments = section.section("attachments");
  attachments.read("refuse", rules.attachments.refuse);
  attachments.read("inline_images", image_words, rules.attachments.inline_images);
  attachments.read("calendar", calendar_words, rules.attachments.calendar);
  attachments.read("signatures", signature_words, rules.attachments.signatures);
  attachments.read("encrypted", encrypted_words, rules.attachments.encrypted);
  section.section("bulk").read("refuse", rules.bulk.refuse);
}

}  // namespace config
