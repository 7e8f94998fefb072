#include "policy/report.hpp"

#include "mail/header_fields.hpp"
#include "policy/address_syntax.hpp"
#include "policy/mime/transfer_decoding.hpp"
#include "policy/notice_text.hpp"
#include "policy/reply.hpp"

#include <algorithm>
#include <array>

namespace policy {
namespace {

using syntax::is_digit;

constexpr std::size_t max_line = 998;          // RFC 5322 2.1.1
constexpr std::size_t max_address = 254;       // RFC 5321 4.5.3.1.3
constexpr std::size_t max_reply_octets = 500;  // of the upstream, as shown
constexpr std::size_t max_shown_subject_octets = 150;

/// The reply code and enhanced status code that a reply begins with.
struct ReplyStart {
  bool is_reply = false;
  std::string enhanced;  ///< RFC 3463 `5.1.1`, empty if it has none
};

/// `class "." subject "." detail` at the front of the text (RFC 3463 2), or nothing.
std::string enhanced_code(std::string_view text) {
  const std::string_view word = text.substr(0, text.find(' '));
  std::array<std::size_t, 3> digits{};
  std::size_t part = 0;
  for (const char c : word) {
    if (is_digit(c)) {
      ++digits[part];
    } else if (c != '.' || ++part == digits.size()) {
      return {};
    }
  }
  const bool sound = part == 2 && digits[0] == 1 && digits[1] >= 1 && digits[1] <= 3 &&
                     digits[2] >= 1 && digits[2] <= 3;
  return sound ? std::string(word) : std::string{};
}

ReplyStart read_reply(std::string_view reply) {
  const bool is_reply = reply.size() >= 4 && is_digit(reply[0]) && is_digit(reply[1]) &&
                        is_digit(reply[2]) && (reply[3] == ' ' || reply[3] == '-');
  if (!is_reply) return {};
  return {true, enhanced_code(reply.substr(4))};
}

/// The status of every recipient (RFC 3464 2.3.4): a failure has the one that the upstream gave.
std::string status_of(const ReportFacts& facts) {
  switch (facts.kind) {
    case ReportKind::failed: {
      const std::string enhanced = read_reply(facts.last_reply).enhanced;
      return enhanced.starts_with('5') ? enhanced : "5.0.0";
    }
    case ReportKind::expired:
    case ReportKind::hold_expired:
      return "4.4.7";
    case ReportKind::still_held:
      return "4.0.0";
  }
  return "5.0.0";
}

// --- the part for people ---

/// How many octets at the front of valid UTF-8 steer what is shown instead of being shown: control
/// characters (U+0000 to U+001F, U+007F to U+009F), zero-width and direction marks (U+200B to
/// U+200F, U+2028 to U+202E, U+2060 to U+206F, U+FEFF).
std::size_t unseen(std::string_view text) noexcept {
  const auto octet = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto third_in = [&](unsigned least, unsigned most) {
    return text.size() > 2 && octet(2) >= least && octet(2) <= most;
  };
  if (octet(0) < 0x20 || octet(0) == 0x7F) return 1;
  if (text.size() > 1 && octet(0) == 0xC2 && octet(1) < 0xA0) return 2;
  const bool steers =
      (text.starts_with("\xE2\x80") && (third_in(0x8B, 0x8F) || third_in(0xA8, 0xAE))) ||
      (text.starts_with("\xE2\x81") && third_in(0xA0, 0xAF)) || text.starts_with("\xEF\xBB\xBF");
  return steers ? 3 : 0;
}

/// One line of UTF-8 that shows what it holds, at most `most` octets.
std::string readable(std::string_view utf8, std::size_t most) {
  std::string out;
  while (!utf8.empty()) {
    const std::size_t skipped = unseen(utf8);
    if (skipped > 0) {
      out += ' ';
      utf8.remove_prefix(skipped);
      continue;
    }
    std::size_t character = 1;
    while (character < utf8.size() &&
           (static_cast<unsigned char>(utf8[character]) & 0xC0U) == 0x80U)
      ++character;
    if (out.size() + character > most) return out + "...";
    out += utf8.substr(0, character);
    utf8.remove_prefix(character);
  }
  return out;
}

std::string subject_of(std::string_view original) {
  const mail::HeaderSection header = mail::read_header_section(original);
  const mail::Field* subject = header.find("Subject");
  if (subject == nullptr) return {};
  const std::string unfolded = mail::unfold(subject->value).substr(0, max_line);
  return readable(mime::decode_words(unfolded), max_shown_subject_octets);
}

std::string what_happened(const ReportFacts& facts) {
  std::string mail = "A mail that your site \"" + printable(facts.app) + "\" sent ";
  switch (facts.kind) {
    case ReportKind::failed:
      return mail + "was not delivered: it was refused for good.";
    case ReportKind::expired:
      return mail + "was not delivered: it was tried again and again until its time was over.";
    case ReportKind::hold_expired:
      return mail + "was not delivered: it was held back until its time was over.";
    case ReportKind::still_held:
      return mail + "is held back. If nothing changes it will be given up.";
  }
  return mail;
}

std::string why(const ReportFacts& facts) {
  if (facts.reason) return std::string(row(*facts.reason).meaning);
  if (facts.last_reply.empty()) return "No mail server answered.";
  return read_reply(facts.last_reply).is_reply ? "The mail server answered as shown below."
                                               : "No mail server took it, as shown below.";
}

std::string what_to_do(const ReportFacts& facts) {
  if (facts.kind == ReportKind::still_held && facts.reason)
    return std::string(row(*facts.reason).mend) +
           " The relay delivers it as soon as nothing holds it back.";
  const std::string again =
      "The relay does not try again: if the mail still matters, send it again "
      "from the site.";
  if (facts.reason) return std::string(row(*facts.reason).mend) + " " + again;
  if (facts.kind == ReportKind::failed && status_of(facts).starts_with("5.1."))
    return "Correct the recipient's address on the site. " + again;
  return "If the answer does not tell you what to change, ask the operator of the relay. " + again;
}

/// The lines of a warning about the hold.
std::string hold_lines(const ReportFacts& facts) {
  std::string text = "  Held:      since " + printable(facts.held_since) + "\r\n";
  text += "  Given up:  " + printable(facts.deadline) + "\r\n";
  if (facts.held_alike < 2) return text;
  const std::string all = std::to_string(facts.held_alike) +
                          " mails of the site are held back for the same reason, this one among "
                          "them. Each is given up when it has been held for as long.";
  return text + "\r\n" + wrap("", all, "");
}

std::string text_for_people(const ReportFacts& facts) {
  std::string text = wrap("", what_happened(facts), "") + "\r\n";
  for (const std::string& recipient : facts.recipients)
    text += "  To:        " + printable(recipient, max_address) + "\r\n";
  const std::string subject = subject_of(facts.original);
  if (!subject.empty()) text += wrap("  Subject:   ", subject, "             ");
  text += "  Accepted:  " + printable(facts.accepted) + "\r\n";
  if (facts.kind == ReportKind::still_held) text += hold_lines(facts);
  text += "\r\n";
  text += wrap("Why: ", why(facts), "");
  if (!facts.last_reply.empty())
    text += "\r\n" + wrap("  ", printable(facts.last_reply, max_reply_octets), "  ");
  text += "\r\n" + wrap("What to do: ", what_to_do(facts), "");
  text +=
      "\r\nWhoever runs the mail relay finds the whole story of this mail with\r\n\r\n  postern "
      "trace " +
      printable(facts.queue_id) + "\r\n";
  return text;
}

// --- the parts for programs ---

std::string delivery_status(const ReportFacts& facts) {
  std::string text = field("Reporting-MTA", "dns; " + printable(facts.reporting_mta, max_address));
  text += field("Arrival-Date", printable(facts.accepted));
  const bool warning = facts.kind == ReportKind::still_held;
  const std::string reply = printable(facts.last_reply, max_reply_octets);
  const std::string_view kind = read_reply(facts.last_reply).is_reply ? "smtp; " : "x-postern; ";
  for (const std::string& recipient : facts.recipients) {
    text += "\r\n" + field("Final-Recipient", "rfc822; " + printable(recipient, max_address));
    text += field("Action", warning ? "delayed" : "failed");
    text += field("Status", status_of(facts));
    if (warning) text += field("Will-Retry-Until", printable(facts.deadline));
    if (!reply.empty()) text += field("Diagnostic-Code", std::string(kind) + reply);
  }
  return text;
}

/// The field's lines in printable US-ASCII, none of them blank, so that no reader takes one for the
/// end of the header section.
std::string safe_field(std::string_view raw) {
  std::string out;
  while (!raw.empty()) {
    std::string_view line = raw.substr(0, raw.find('\n'));
    raw.remove_prefix(std::min(line.size() + 1, raw.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (mail::trim(line).empty()) continue;
    std::string safe(line.substr(0, max_line));
    std::replace_if(
        safe.begin(), safe.end(), [](char c) { return c != '\t' && (c < ' ' || c > '~'); }, '?');
    out += safe + "\r\n";
  }
  return out;
}

/// What is for us or for nobody else to see, and what could pass for a delimiter of the report.
bool is_left_out(std::string_view name) {
  return mail::starts_with_ignoring_case(name, "X-Postern-") ||
         mail::equals_ignoring_case(name, "Bcc") || name.starts_with("--");
}

std::string reported_header(std::string_view original) {
  std::string out;
  const mail::HeaderSection header = mail::read_header_section(original);
  for (const mail::Field& written : header.fields) {
    if (is_left_out(written.name)) continue;
    const std::string safe = safe_field(written.raw);
    if (out.size() + safe.size() > max_reported_header_octets) break;
    out += safe;
  }
  return out;
}

std::string top_header(const ReportFacts& facts, std::string_view boundary) {
  const bool warning = facts.kind == ReportKind::still_held;
  return field("From", "Mail relay <" + printable(facts.from, max_address) + ">") +
         field("To", printable(facts.to, max_address)) +
         field("Subject",
               "Mail of " + printable(facts.app, 63) +
                   (warning ? " is held back" : " was not delivered")) +
         field("Date", printable(facts.date)) +
         field("Message-ID", printable(facts.message_id, max_address)) +
         field("Auto-Submitted", "auto-replied") + field("MIME-Version", "1.0") +
         field("Content-Type",
               "multipart/report; report-type=delivery-status; boundary=\"" +
                   std::string(boundary) + "\"");
}

std::string part(std::string_view boundary, std::string_view header, std::string_view content) {
  std::string out = "--";
  out.append(boundary).append("\r\n").append(header).append("\r\n").append(content);
  return out.append("\r\n");
}

}  // namespace

bool may_report(bool is_notice, std::string_view from, std::string_view to) noexcept {
  return !is_notice && !from.empty() && !to.empty();
}

std::string report(const ReportFacts& facts) {
  const std::string& boundary = facts.boundary;
  return top_header(facts, boundary) + "\r\n" +
         part(boundary,
              "Content-Type: text/plain; charset=utf-8\r\n"
              "Content-Transfer-Encoding: quoted-printable\r\n",
              quoted_printable(text_for_people(facts))) +
         part(boundary, "Content-Type: message/delivery-status\r\n", delivery_status(facts)) +
         part(boundary, "Content-Type: text/rfc822-headers\r\n", reported_header(facts.original)) +
         "--" + boundary + "--\r\n";
}

}  // namespace policy
