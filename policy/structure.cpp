#include "policy/structure.hpp"

#include "policy/address_syntax.hpp"
#include "policy/mime/structured_field.hpp"
#include "policy/reply.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace policy {
namespace {

constexpr std::size_t max_evidence_octets = 200;

Finding framing(std::string_view fault) {
  Finding finding = malformed(
      fault, fault, "Have the site's mailer end each line with CR LF and encode other octets.");
  finding.framing = true;
  return finding;
}

/// Fields that a message has once: RFC 5322 3.6, and the list of those that Amazon SES refuses to
/// see twice. Content-Type is judged with the MIME tree; what is taken out before signing may come
/// as often as it likes.
constexpr std::array<std::string_view, 53> once_only{"Accept-Language",
                                                     "Archived-At",
                                                     "Auto-Submitted",
                                                     "Cc",
                                                     "Comments",
                                                     "Content-Alternative",
                                                     "Content-Base",
                                                     "Content-Class",
                                                     "Content-Description",
                                                     "Content-Disposition",
                                                     "Content-Duration",
                                                     "Content-ID",
                                                     "Content-Language",
                                                     "Content-Length",
                                                     "Content-Location",
                                                     "Content-MD5",
                                                     "Content-Transfer-Encoding",
                                                     "Date",
                                                     "Delivered-To",
                                                     "Disposition-Notification-Options",
                                                     "Disposition-Notification-To",
                                                     "From",
                                                     "Importance",
                                                     "In-Reply-To",
                                                     "Keywords",
                                                     "List-Archive",
                                                     "List-Help",
                                                     "List-Id",
                                                     "List-Owner",
                                                     "List-Post",
                                                     "List-Subscribe",
                                                     "List-Unsubscribe",
                                                     "List-Unsubscribe-Post",
                                                     "Message-Context",
                                                     "Message-ID",
                                                     "MIME-Version",
                                                     "Organization",
                                                     "Original-From",
                                                     "Original-Message-ID",
                                                     "Original-Recipient",
                                                     "Original-Subject",
                                                     "Precedence",
                                                     "Priority",
                                                     "References",
                                                     "Reply-To",
                                                     "Return-Receipt-To",
                                                     "Sender",
                                                     "Sensitivity",
                                                     "Subject",
                                                     "Thread-Index",
                                                     "Thread-Topic",
                                                     "To",
                                                     "User-Agent"};

bool stands_once(std::string_view name) noexcept {
  return std::any_of(once_only.begin(), once_only.end(), [&](std::string_view listed) {
    return mail::equals_ignoring_case(name, listed);
  });
}

/// The first field that stands twice with different content though it may stand once.
const mail::Field* find_contradiction(const mail::HeaderSection& header) {
  const auto& fields = header.fields;
  for (std::size_t i = 1; i < fields.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!mail::equals_ignoring_case(fields[i].name, fields[j].name)) continue;
      if (stands_once(fields[i].name) &&
          mail::unfold(fields[i].value) != mail::unfold(fields[j].value))
        return &fields[i];
      break;  // what differs from a later equal name differs from the first one too
    }
  }
  return nullptr;
}

bool is_address_field(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 4> names{"To", "Cc", "Bcc", "Reply-To"};
  return std::any_of(names.begin(), names.end(), [&](std::string_view listed) {
    return mail::equals_ignoring_case(name, listed);
  });
}

/// The local part that ends right before an @, white space between them left out.
std::string_view local_part_at_end_of(std::string_view text) noexcept {
  while (!text.empty() && syntax::is_blank(text.back())) text.remove_suffix(1);
  if (text.ends_with('"')) {
    const auto opening = text.substr(0, text.size() - 1).rfind('"');
    return opening == std::string_view::npos ? text : text.substr(opening);
  }
  const auto before = text.find_last_of(" \t<>,:;@\"");
  return before == std::string_view::npos ? text : text.substr(before + 1);
}

/// Whether an address in the field has non-ASCII before its @. Display names may: so an @ outside
/// angle brackets counts only where no angle brackets follow in the same mailbox.
bool has_non_ascii_local_part(std::string_view field_body) {
  if (std::none_of(field_body.begin(), field_body.end(), syntax::is_8bit)) return false;
  const std::string unfolded = mime::without_comments(mail::unfold(field_body));
  const std::string_view text = unfolded;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      quoted = !quoted;
    else if (text[i] == '@' && !quoted) {
      const std::string_view local = local_part_at_end_of(text.substr(0, i));
      const std::size_t next = std::min(text.find_first_of("<>,", i), text.size());
      const bool display_name = text.substr(next).starts_with('<');
      if (!display_name && std::any_of(local.begin(), local.end(), syntax::is_8bit)) return true;
    }
  }
  return false;
}

/// A continuation line of white space alone: a lenient reader takes it for the end of the header
/// section.
bool has_blank_continuation(std::string_view raw) noexcept {
  for (std::size_t at = raw.find('\n'); at != std::string_view::npos && at + 1 < raw.size();
       at = raw.find('\n', at + 1)) {
    const std::size_t first = raw.find_first_not_of(" \t", at + 1);
    if (first == std::string_view::npos || raw[first] == '\r' || raw[first] == '\n') return true;
  }
  return false;
}

Finding describe(const mail::HeaderSection& header) {
  switch (header.fault.value_or(mail::HeaderFault::no_field_name)) {
    case mail::HeaderFault::no_field_name:
      return malformed("a header line without a field name: " + printable(header.fault_line),
                       header.fault_line,
                       "Find the module that writes this header line.");
    case mail::HeaderFault::too_many_fields:
      return malformed(
          "over 500 header fields", header.fault_line, "Find the module that adds header fields.");
    case mail::HeaderFault::too_long:
      return malformed("a header over 64 KB",
                       header.fault_line,
                       "Send one mail per person, with shorter fields.");
  }
  return malformed("a header that cannot be read", header.fault_line);
}

}  // namespace

Finding malformed(std::string_view fault, std::string_view evidence, std::string_view mend) {
  return {.reason = Reason::malformed,
          .what = "the message is not valid mail (" + std::string(fault) + ')',
          .mend = std::string(mend),
          .evidence = std::string(evidence.substr(0, max_evidence_octets))};
}

std::optional<Finding> find_line_fault(std::string_view octets) {
  if (octets.find('\0') != std::string_view::npos) return framing("a NUL octet");
  std::string_view long_line;
  for (std::size_t at = 0; at < octets.size();) {
    const std::size_t lf = octets.find('\n', at);
    const bool ended = lf != std::string_view::npos;
    const std::string_view line = octets.substr(at, ended ? lf - at : lf);
    const std::size_t cr = std::min(line.find('\r'), line.size());
    if (cr != line.size() && !(ended && cr + 1 == line.size())) return framing("a bare CR");
    if (ended && cr == line.size()) return framing("a bare LF");
    if (cr > max_line_octets && long_line.empty()) long_line = line.substr(0, cr);
    at += line.size() + 1;
  }
  if (long_line.empty()) return std::nullopt;
  return malformed(
      "a line of " + std::to_string(long_line.size()) + " octets, 998 are allowed",
      long_line,
      "Have the mailer fold its header and encode the text as quoted-printable or base64.");
}

std::optional<Finding> find_header_fault(const mail::HeaderSection& header) {
  if (header.fault) return describe(header);
  for (const mail::Field& field : header.fields) {
    if (has_blank_continuation(field.raw)) {
      return malformed("a line of white space alone in the field " + printable(field.name),
                       field.raw,
                       "Find the module that folds this field.");
    }
    if (is_address_field(field.name) && has_non_ascii_local_part(field.value)) {
      return malformed("non-ASCII characters before the @ in " + printable(field.name),
                       field.raw,
                       "Correct the address: such addresses cannot be reached.");
    }
  }
  if (const mail::Field* field = find_contradiction(header)) {
    return malformed("two fields " + printable(field->name) + " that differ",
                     field->raw,
                     "Find the module that adds the second one.");
  }
  return std::nullopt;
}

std::optional<Finding> find_loop(const mail::HeaderSection& header) {
  const auto received =
      std::count_if(header.fields.begin(), header.fields.end(), [](const mail::Field& field) {
        return mail::equals_ignoring_case(field.name, "Received");
      });
  if (static_cast<std::size_t>(received) <= max_received_fields) return std::nullopt;
  return Finding{
      .reason = Reason::loop,
      .what = "it has gone round in a loop (" + std::to_string(received) + " Received fields)",
      .evidence = std::to_string(received) + " Received fields"};
}

}  // namespace policy
