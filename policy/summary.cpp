#include "policy/summary.hpp"

#include "mail/header_fields.hpp"
#include "policy/attachment.hpp"
#include "policy/bulk.hpp"
#include "policy/mime/transfer_decoding.hpp"
#include "policy/mime/tree.hpp"
#include "policy/structure.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace policy {
namespace {

constexpr std::size_t max_subject_octets = 200;

constexpr std::array<std::string_view, 9> role_words{"container",
                                                     "body",
                                                     "inline-image",
                                                     "empty-image",
                                                     "calendar",
                                                     "signature",
                                                     "report",
                                                     "encrypted",
                                                     "attachment"};
static_assert(role_words.size() == static_cast<std::size_t>(Role::attachment) + 1);

/// Keeps the first finding of each reason.
void note(Summary& summary, std::optional<Finding> finding) {
  if (!finding) return;
  const bool known =
      std::any_of(summary.findings.begin(), summary.findings.end(), [&](const Finding& other) {
        return other.reason == finding->reason;
      });
  if (!known) summary.findings.push_back(std::move(*finding));
}

/// The mailboxes of every field of that name; a field that is no mailbox list sets the summary's
/// fault.
std::vector<Address> read_originators(const mail::HeaderSection& header,
                                      std::string_view name,
                                      Summary& summary) {
  std::vector<Address> mailboxes;
  for (const mail::Field* field : header.find_all(name)) {
    auto list = parse_mailbox_list(field->value);
    if (list) {
      mailboxes.insert(mailboxes.end(),
                       std::make_move_iterator(list->begin()),
                       std::make_move_iterator(list->end()));
    } else if (!summary.originator_fault) {
      summary.originator_fault =
          std::string(name) + " is not a list of addresses: " + list.error().sentence();
    }
  }
  return mailboxes;
}

bool says_urgent(const mail::HeaderSection& header) {
  const mail::Field* field = header.find("X-Postern-Priority");
  return field != nullptr && mail::equals_ignoring_case(mail::unfold(field->value), "urgent");
}

void read_identity(const mail::HeaderSection& header, Summary& summary) {
  summary.from = read_originators(header, "From", summary);
  summary.sender = read_originators(header, "Sender", summary);
  if (header.find("From") == nullptr) summary.originator_fault = "there is no From field";
  summary.urgent_field = says_urgent(header);
  if (const mail::Field* field = header.find("Message-ID"))
    summary.message_id = mail::unfold(field->value);
  if (const mail::Field* field = header.find("Subject")) {
    summary.subject = mime::decode_words(mail::unfold(field->value).substr(0, max_line_octets));
    std::size_t end = std::min(summary.subject.size(), max_subject_octets);
    while (end < summary.subject.size() &&
           (static_cast<unsigned char>(summary.subject[end]) & 0xC0U) == 0x80U)
      --end;
    summary.subject.resize(end);
  }
}

}  // namespace

std::string_view word(Role role) noexcept { return role_words[static_cast<std::size_t>(role)]; }

Summary summarise(std::string_view octets,
                  const Rules& rules,
                  std::span<const std::string> urgent_paths) {
  Summary summary;
  summary.size = octets.size();
  const mail::HeaderSection header = mail::read_header_section(octets);
  read_identity(header, summary);
  const mime::Tree tree = mime::read_tree(header, octets.substr(header.body_offset));
  summary.parts = judge_parts(tree, rules.attachments, urgent_paths);
  summary.urgent_link = std::any_of(summary.parts.begin(),
                                    summary.parts.end(),
                                    [](const Part& part) { return part.urgent_link; });
  note(summary, find_line_fault(octets));
  if (rules.attachments.refuse) note(summary, find_attachment(summary.parts, tree));
  note(summary, find_loop(header));
  note(summary, find_header_fault(header));
  if (tree.fault) note(summary, malformed(tree.fault->what, tree.fault->evidence));
  if (rules.bulk.refuse) note(summary, find_bulk_field(header));
  return summary;
}

std::string normalise_line_ends(std::string_view octets) {
  std::string out;
  out.reserve(octets.size() + octets.size() / 32);
  for (std::size_t at = 0; at < octets.size();) {
    const std::size_t end = std::min(octets.find_first_of("\r\n", at), octets.size());
    out += octets.substr(at, end - at);
    if (end == octets.size()) break;
    out += "\r\n";
    at = octets.substr(end).starts_with("\r\n") ? end + 2 : end + 1;
  }
  return out;
}

}  // namespace policy
