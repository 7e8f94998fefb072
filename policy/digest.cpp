#include "policy/digest.hpp"

#include "policy/reply.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace policy {
namespace {

/// A sentence without its numbers: what is alike differs in them.
std::string shape(std::string_view sentence) {
  std::string out;
  for (const char c : sentence) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit)
      out += c;
    else if (!out.ends_with('#'))
      out += '#';
  }
  return out;
}

std::string mails(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " mail" : " mails");
}

std::string were(std::uint64_t count) { return count == 1 ? " was" : " were"; }

std::string of_whom(const Digest& digest) {
  return digest.app.empty() ? std::string() : " of " + printable(digest.app, 63);
}

std::uint64_t held_in_all(const Digest& digest) {
  return std::accumulate(
      digest.held.begin(), digest.held.end(), std::uint64_t{0}, [](auto sum, const auto& each) {
        return sum + each.count;
      });
}

/// "[attachment] of shop"; the app only where there are several.
std::string heading(std::string_view word, const std::string& app, const Digest& digest) {
  std::string text = "[" + std::string(word) + "]";
  if (digest.app.empty())
    text += app.empty() ? ", of a client that did not log in" : ", " + printable(app, 63);
  return text;
}

std::string times(const RefusedAlike& alike) {
  if (alike.count == 1) return "once, at " + minute_of(alike.last);
  return std::to_string(alike.count) + " times, from " + minute_of(alike.first) + " to " +
         minute_of(alike.last);
}

std::string refused_text(const RefusedAlike& alike, const Digest& digest) {
  const std::string_view reason = alike.reason ? word(*alike.reason) : "unknown";
  return wrap("* ", heading(reason, alike.app, digest) + ", " + times(alike) + ":", "  ") +
         wrap("  ", printable(alike.sentence, RefusalFold::most_sentence), "  ") +
         "  The last one: postern trace " + printable(alike.reference) + "\r\n\r\n";
}

std::string held_text(const HeldAlike& held, const Digest& digest) {
  const ReasonRow& reason = row(held.reason);
  return wrap("* ", heading(reason.word, held.app, digest) + ", " + mails(held.count) + ":", "  ") +
         wrap("  ", std::string(reason.meaning) + " " + std::string(reason.mend), "  ") + "\r\n";
}

std::string what_was_refused(const Digest& digest) {
  const std::uint64_t count = digest.refusals();
  const std::string whose = digest.app.empty()
                                ? std::string("of all sites")
                                : "of your site \"" + printable(digest.app, 63) + "\"";
  std::string text = wrap("",
                          "The mail relay refused " + mails(count) + " " + whose + " since " +
                              minute_of(digest.since) +
                              ". What is refused is not sent later: if it still matters, send it "
                              "again once the cause is mended. Alike ones are shown once.",
                          "") +
                     "\r\n";
  for (const RefusedAlike& alike : digest.refused) text += refused_text(alike, digest);
  if (digest.unlisted > 0) text += "And " + std::to_string(digest.unlisted) + " more.\r\n\r\n";
  if (digest.forgotten > 0)
    text += wrap("",
                 "About " + std::to_string(digest.forgotten) +
                     " refusals before these are kept no more, and are not counted here.",
                 "") +
            "\r\n";
  return text;
}

std::string what_is_held(const Digest& digest) {
  std::string text = wrap("",
                          "Held back at this moment, to be delivered as soon as the cause is "
                          "mended:",
                          "") +
                     "\r\n";
  for (const HeldAlike& held : digest.held) text += held_text(held, digest);
  return text;
}

}  // namespace

std::uint64_t Digest::refusals() const noexcept {
  return std::accumulate(refused.begin(), refused.end(), unlisted, [](auto sum, const auto& each) {
    return sum + each.count;
  });
}

void RefusalFold::take(const Event& refusal) {
  const std::string sentence = refusal.detail.substr(0, most_sentence);
  Share& share = apps_[refusal.app];
  const Kind kind(refusal.app, refusal.reason, shape(sentence));
  auto found = kinds_.find(kind);
  if (found == kinds_.end()) {
    if (kinds_.size() >= most_kinds || share.kinds >= most_kinds_of_app) {
      ++share.beside;
      return;
    }
    ++share.kinds;
    found = kinds_.try_emplace(kind).first;
    found->second.app = refusal.app;
    found->second.reason = refusal.reason;
    found->second.first = refusal.at;
  }
  RefusedAlike& alike = found->second;
  ++alike.count;
  alike.sentence = sentence;
  alike.reference = refusal.reference;
  alike.first = std::min(alike.first, refusal.at);
  alike.last = std::max(alike.last, refusal.at);
}

Digest RefusalFold::digest(std::string_view app) const {
  Digest digest;
  digest.app = app;
  for (const auto& [kind, alike] : kinds_)
    if (app.empty() || alike.app == app) digest.refused.push_back(alike);
  for (const auto& [name, share] : apps_)
    if (app.empty() || name == app) digest.unlisted += share.beside;
  std::ranges::stable_sort(digest.refused, std::ranges::greater{}, &RefusedAlike::count);
  while (digest.refused.size() > most_digest_lines) {
    digest.unlisted += digest.refused.back().count;
    digest.refused.pop_back();
  }
  return digest;
}

std::string sentence_of(const Digest& digest) {
  const std::uint64_t refused = digest.refusals();
  const std::uint64_t held = held_in_all(digest);
  const std::string whose = of_whom(digest);
  if (refused == 0) return mails(held) + whose + (held == 1 ? " is held back." : " are held back.");
  std::string text =
      mails(refused) + whose + were(refused) + " refused since " + minute_of(digest.since);
  if (held > 0)
    text += ", and " + std::to_string(held) + (held == 1 ? " is held back" : " are held back");
  return text + ".";
}

Letter letter_of(const Digest& digest, std::string to) {
  const std::uint64_t refused = digest.refusals();
  Letter letter;
  letter.to = std::move(to);
  letter.subject = refused > 0 ? mails(refused) + of_whom(digest) + were(refused) + " refused"
                               : mails(held_in_all(digest)) + of_whom(digest) + " held back";
  if (refused > 0) letter.text += what_was_refused(digest);
  if (!digest.held.empty()) letter.text += what_is_held(digest);
  letter.text += "Whoever runs the mail relay finds the story of a mail with `postern trace`.\r\n";
  return letter;
}

}  // namespace policy
