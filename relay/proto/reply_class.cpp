#include "relay/proto/reply_class.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace smtp {
namespace {

constexpr std::size_t max_identifier_octets = 128;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool digit(char c) { return c >= '0' && c <= '9'; }
constexpr std::string_view blanks = " \t\r\n";

bool blank(char c) { return blanks.find(c) != std::string_view::npos; }

std::string lowered(std::string_view text) {
  std::string copy(text);
  std::ranges::transform(copy, copy.begin(), lower);
  return copy;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool has(std::string_view text, std::string_view piece) {
  return text.find(piece) != std::string_view::npos;
}

/// Takes the word up to the next blank from the front of `rest`.
std::string_view next_word(std::string_view& rest) {
  rest = trimmed(rest);
  const std::string_view found = rest.substr(0, rest.find_first_of(blanks));
  rest.remove_prefix(found.size());
  return found;
}

/// `5.1.1` and the like (RFC 3463).
bool is_enhanced_code(std::string_view candidate) {
  if (candidate.size() < 5 || candidate.size() > 9 || candidate[1] != '.') return false;
  if (!std::ranges::all_of(candidate, [](char c) { return digit(c) || c == '.'; })) return false;
  return std::ranges::count(candidate, '.') == 2 && !has(candidate, "..") &&
         candidate.back() != '.';
}

std::string_view enhanced_code(std::string_view text) {
  const std::string_view first = next_word(text);
  return is_enhanced_code(first) ? first : std::string_view();
}

/// The text behind its enhanced status code and behind the path that some upstreams put in front,
/// bracketed and ahead of a colon. Up to the last bracket, since a quoted local part may hold
/// brackets itself.
std::string_view without_front(std::string_view text) {
  text = trimmed(text);
  text = trimmed(text.substr(enhanced_code(text).size()));
  if (!text.starts_with('<')) return text;
  text.remove_prefix(std::min(text.rfind('>'), text.size() - 1) + 1);
  while (!text.empty() && (text.front() == ':' || blank(text.front()))) text.remove_prefix(1);
  return text;
}

// --- what the upstream itself says ---

/// Where the upstream begins to quote: a bracket, a quotation mark that opens, or the local part
/// ahead of an @.
std::size_t quotation(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool opens = at == 0 || blank(text[at - 1]) || text[at - 1] == '(';
    if (c == '<' || c == '"' || c == '`' || (c == '\'' && opens)) return at;
    if (c == '@') return text.substr(0, at).find_last_of(" \t,:;=(") + 1;  // npos + 1 is 0
  }
  return text.size();
}

/// The end of the clause that begins at `from`: a full stop or colon ahead of a blank, or the end.
std::size_t clause_end(std::string_view text, std::size_t from) {
  for (std::size_t at = from; at < text.size(); ++at) {
    const bool stop = text[at] == '.' || text[at] == ':';
    if (stop && (at + 1 == text.size() || blank(text[at + 1]))) return at;
  }
  return text.size();
}

/// The first two clauses of the upstream's own words, in lower case, one space between words,
/// nothing quoted. `Message rejected:` says nothing and is left out.
std::string own_words(std::string_view text) {
  constexpr std::string_view preamble = "message rejected:";
  std::string all = lowered(without_front(text));
  std::string_view rest = all;
  if (rest.starts_with(preamble)) rest = trimmed(rest.substr(preamble.size()));
  rest = rest.substr(0, quotation(rest));
  const std::size_t first = clause_end(rest, 0);
  rest = rest.substr(0, first < rest.size() ? clause_end(rest, first + 1) : first);
  std::string said;
  while (!trimmed(rest).empty()) {
    std::string_view piece = next_word(rest);
    if (piece.ends_with(':') || piece.ends_with('.')) piece.remove_suffix(1);
    if (piece.empty() || is_enhanced_code(piece)) continue;
    if (!said.empty()) said += ' ';
    said += piece;
  }
  return said;
}

struct Saying {
  std::string_view words;
  std::string_view and_words;  ///< anywhere too; empty: none
  ReplyClass means;
};

// The first that fits decides: a parser's complaint about the message may go on with words from the
// message.
constexpr std::array<Saying, 25> sayings{{
    {"transaction failed configuration set", "", ReplyClass::configuration_set},
    {"transaction failed", "", ReplyClass::rejected},
    {"duplicate header", "", ReplyClass::rejected},
    {"local address contains", "", ReplyClass::rejected},
    {"missing domain", "", ReplyClass::rejected},
    {"non-ascii characters", "", ReplyClass::rejected},
    {"no recipients", "", ReplyClass::rejected},
    {"daily", "quota", ReplyClass::daily_quota},
    {"throttling", "quota", ReplyClass::daily_quota},
    {"throttling", "", ReplyClass::throttled},
    {"sending rate exceeded", "", ReplyClass::throttled},
    {"too many", "connections", ReplyClass::too_many_connections},
    {"too many messages", "session", ReplyClass::session_over},
    {"maximum message count", "", ReplyClass::session_over},
    {"timeout waiting", "", ReplyClass::session_over},
    {"mail from domain", "not verified", ReplyClass::mail_from_domain},
    {"not verified", "", ReplyClass::identity},
    {"configuration set", "", ReplyClass::configuration_set},
    {"tenant", "", ReplyClass::configuration_set},
    {"sending", "paused", ReplyClass::account_paused},
    {"account", "paused", ReplyClass::account_paused},
    {"sending", "suspended", ReplyClass::account_paused},
    {"access denied", "", ReplyClass::credentials},
    {"not authorized", "", ReplyClass::credentials},
    {"not subscribed", "", ReplyClass::credentials},
}};

std::optional<ReplyClass> by_text(std::string_view text) {
  const std::string said = own_words(text);
  for (const Saying& row : sayings) {
    if (has(said, row.words) && has(said, row.and_words)) return row.means;
  }
  return std::nullopt;
}

// --- the identities that SES names ---

/// Takes the next item of a list with commas; the address alone where it is `name <address>`.
std::string_view next_identity(std::string_view& list) {
  const std::size_t comma = std::min(list.find(','), list.size());
  std::string_view item = trimmed(list.substr(0, comma));
  list.remove_prefix(std::min(comma + 1, list.size()));
  const std::size_t open = item.rfind('<');
  if (open == std::string_view::npos) return item;
  item.remove_prefix(open + 1);
  return item.substr(0, item.find('>'));
}

/// Takes the mark of a cut list, or a full stop, off its end; says whether the list was cut.
bool take_ellipsis(std::string_view& list) {
  list = trimmed(list);
  for (const std::string_view mark : {"...", "\xE2\x80\xA6"}) {
    if (!list.ends_with(mark)) continue;
    list.remove_suffix(mark.size());
    return true;
  }
  if (list.ends_with('.')) list.remove_suffix(1);
  return false;
}

struct Named {
  bool sender = false;
  bool recipient = false;
};

/// What an item of the list names. A piece of a display name with a comma names nobody; a domain is
/// the sender's.
Named named_by(std::string_view item, bool cut, const policy::Envelope& envelope) {
  const auto same = [item](const std::string& path) { return lowered(path) == item; };
  const auto begins = [item](const std::string& path) { return lowered(path).starts_with(item); };
  if (same(envelope.reverse_path)) return {.sender = true};
  if (std::ranges::any_of(envelope.forward_paths, same)) return {.recipient = true};
  if (cut && std::ranges::any_of(envelope.forward_paths, begins)) return {};
  const bool domain = has(item, ".") && item.find_first_of(" \"'") == std::string_view::npos;
  return {.sender = has(item, "@") || domain};
}

/// A list that names recipients alone proves the sandbox even when it was cut: nowhere else are
/// recipients checked.
ReplyClass unverified(std::string_view text, const policy::Envelope& envelope) {
  const std::string all = lowered(text);
  const std::size_t region = all.find("region ");
  if (region == std::string::npos) return ReplyClass::identity;
  const std::size_t colon = all.find(':', region);
  if (colon == std::string::npos) return ReplyClass::identity;
  std::string_view list = std::string_view(all).substr(colon + 1);
  const bool list_cut = take_ellipsis(list);
  Named named;
  while (!list.empty()) {
    const std::string_view item = next_identity(list);
    const Named found = named_by(item, list_cut && list.empty(), envelope);
    named.sender = named.sender || found.sender;
    named.recipient = named.recipient || found.recipient;
  }
  return named.recipient && !named.sender ? ReplyClass::recipients_unverified
                                          : ReplyClass::identity;
}

// --- by code and phase ---

bool in_transaction(Phase phase) {
  return phase == Phase::mail || phase == Phase::rcpt || phase == Phase::data ||
         phase == Phase::end_of_data;
}

bool between_transactions(Phase phase) { return phase == Phase::idle || phase == Phase::quit; }

ReplyClass without_reply(Phase phase, bool ambiguous) {
  if (ambiguous) return ReplyClass::ambiguous;
  return between_transactions(phase) ? ReplyClass::session_over : ReplyClass::broken;
}

/// EHLO's reply stands here for a STARTTLS or AUTH that it does not offer.
ReplyClass not_negative(Phase phase, int code) {
  if (phase == Phase::end_of_data && code / 100 == 2) return ReplyClass::taken;
  return phase == Phase::starttls || phase == Phase::auth ? ReplyClass::credentials
                                                          : ReplyClass::broken;
}

/// Codes that speak of an address or the size of the message, whatever words of the message their
/// text begins with.
bool about_message(Phase phase, int code) {
  return in_transaction(phase) && (code == 501 || code == 552 || code == 553);
}

/// Addressing, size or content (RFC 3463 X.1, X.3.4, X.6), or a forward path refused; not the order
/// of commands.
bool permanent_for_message(Phase phase, const UpstreamReply& reply) {
  const std::string_view enhanced = enhanced_code(reply.text);
  if (enhanced.starts_with("5.1.") || enhanced.starts_with("5.6.") || enhanced == "5.3.4")
    return true;
  return phase == Phase::rcpt && reply.code >= 550;
}

ReplyClass negative(Phase phase, const UpstreamReply& reply, const policy::Envelope& envelope) {
  const bool permanent = reply.code >= 500;
  if (about_message(phase, reply.code)) return ReplyClass::rejected;
  const std::optional<ReplyClass> said = by_text(reply.text);
  if (said == ReplyClass::identity) return unverified(reply.text, envelope);
  const bool fails = permanent && in_transaction(phase);
  if (said && (fails || said != ReplyClass::rejected)) return *said;
  if (between_transactions(phase)) return ReplyClass::session_over;
  if (!permanent) return ReplyClass::transient;
  const bool asks_auth =
      reply.code == 530 || reply.code == 534 || reply.code == 535 || reply.code == 538;
  if (asks_auth || !in_transaction(phase)) return ReplyClass::credentials;
  return permanent_for_message(phase, reply) ? ReplyClass::rejected : ReplyClass::unknown_permanent;
}

}  // namespace

std::string_view word(ReplyClass c) noexcept {
  switch (c) {
    case ReplyClass::taken:
      return "taken";
    case ReplyClass::throttled:
      return "throttled";
    case ReplyClass::daily_quota:
      return "daily-quota";
    case ReplyClass::session_over:
      return "session-over";
    case ReplyClass::too_many_connections:
      return "too-many-connections";
    case ReplyClass::credentials:
      return "credentials";
    case ReplyClass::account_paused:
      return "account-paused";
    case ReplyClass::identity:
      return "identity";
    case ReplyClass::recipients_unverified:
      return "recipients-unverified";
    case ReplyClass::mail_from_domain:
      return "mail-from-domain";
    case ReplyClass::configuration_set:
      return "configuration-set";
    case ReplyClass::rejected:
      return "rejected";
    case ReplyClass::unknown_permanent:
      return "unknown-permanent";
    case ReplyClass::transient:
      return "transient";
    case ReplyClass::broken:
      return "broken";
    case ReplyClass::ambiguous:
      return "ambiguous";
  }
  return "";
}

ReplyClass classify(Phase phase,
                    const std::optional<UpstreamReply>& reply,
                    bool ambiguous,
                    const policy::Envelope& envelope) {
  if (!reply) return without_reply(phase, ambiguous);
  if (reply->code < 400 || reply->code > 599) return not_negative(phase, reply->code);
  return negative(phase, *reply, envelope);
}

bool ends_session(const UpstreamReply& reply) {
  return reply.code == 421 ||
         (reply.code >= 400 && by_text(reply.text) == ReplyClass::session_over);
}

std::string upstream_id(const UpstreamReply& reply) {
  if (reply.code != 250) return {};
  std::string_view rest = reply.text;
  rest.remove_prefix(rest.find(enhanced_code(rest)) + enhanced_code(rest).size());
  if (lowered(next_word(rest)) != "ok") return {};
  const std::string_view id = next_word(rest);
  const bool word_like = std::ranges::all_of(id, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_';
  });
  if (!trimmed(rest).empty() || id.size() > max_identifier_octets || !word_like) return {};
  return std::string(id);
}

}  // namespace smtp
