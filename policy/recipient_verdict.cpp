#include "policy/recipient_verdict.hpp"

#include "policy/reply.hpp"

#include <algorithm>
#include <string>

namespace policy {
namespace {

std::optional<Reason> objection(const RecipientFacts& facts, bool restricted) noexcept {
  if (facts.suppressed) return Reason::suppressed;
  if (restricted && !facts.reached) return Reason::blocked;
  return std::nullopt;
}

/// Who can be asked; short, because the sentence names a recipient too.
std::string short_contact_of(const AppFacts& app) {
  return app.contact.empty() ? "the operator of the relay" : printable(app.contact, 60);
}

/// Why only some get mail, for its reputation or by hand.
std::string restriction_of(const AppFacts& app) {
  if (app.standing_why.empty())
    return "too much mail of " + printable(app.name) +
           " bounced or was complained of, so only recipients it reached before get mail, and ";
  const std::string end =
      app.standing_until ? " until " + minute_of(*app.standing_until) : std::string();
  return "mail of " + printable(app.name) + " goes to recipients it reached before alone" + end +
         " (" + printable(app.standing_why, 70) + "), and ";
}

Refusal refusal_of(const AppFacts& app, Reason reason, const std::string& address) {
  const std::string shown = printable(address);
  std::string sentence;
  if (reason == Reason::suppressed) {
    sentence = "Not sent: " + shown +
               " bounced or complained earlier. Correct the address, or ask " +
               short_contact_of(app) + " to take it off the suppression list";
  } else {
    sentence =
        "Not sent: " + restriction_of(app) + shown + " is new. " +
        (app.standing_why.empty() ? "Protect forms that mail to any address typed in; contact "
                                  : "Contact ") +
        short_contact_of(app);
  }
  return {.reason = reason,
          .status = std::nullopt,
          .sentence = std::move(sentence),
          .evidence = address};
}

}  // namespace

RecipientVerdict judge_recipients(const AppFacts& app,
                                  const Envelope& envelope,
                                  std::span<const RecipientFacts> facts,
                                  bool restricted) {
  RecipientVerdict verdict;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (const auto reason = objection(facts[i], restricted))
      verdict.left_out.push_back({.recipient = i, .reason = *reason});
  }
  if (verdict.left_out.empty() || verdict.left_out.size() < facts.size()) return verdict;
  const auto named =
      std::find_if(verdict.left_out.begin(), verdict.left_out.end(), [](const LeftOut& left_out) {
        return left_out.reason == Reason::blocked;
      });
  const LeftOut& said = named == verdict.left_out.end() ? verdict.left_out.front() : *named;
  verdict.refusal = refusal_of(app, said.reason, envelope.forward_paths[said.recipient]);
  verdict.left_out.clear();
  return verdict;
}

}  // namespace policy
