#include "policy/inquiry.hpp"

#include "mail/header_fields.hpp"

#include <algorithm>

namespace policy {
namespace {

bool is_name(std::string_view name) noexcept {
  constexpr std::size_t max_name = 253;
  constexpr std::size_t max_label = 63;
  if (name.empty() || name.size() > max_name) return false;
  std::size_t label = 0;
  for (const char c : name) {
    const bool in_label = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!in_label && (c != '.' || label == 0)) return false;
    label = in_label ? label + 1 : 0;
    if (label > max_label) return false;
  }
  return label > 0;
}

}  // namespace

const DnsAnswer* Inquiry::look(std::string_view name, RecordType type) {
  DnsQuestion question{mail::to_lower(name), type};
  if (!is_name(question.name)) return nullptr;
  const auto answer = answers_.find(question);
  if (answer != answers_.end()) return &answer->second;
  const bool noted =
      std::find(unanswered_.begin(), unanswered_.end(), question) != unanswered_.end();
  if (!noted && unanswered_.size() < max_questions) unanswered_.push_back(std::move(question));
  return nullptr;
}

std::vector<std::string> Inquiry::texts(std::string_view name, RecordType type) {
  std::vector<std::string> texts;
  const DnsAnswer* answer = look(name, type);
  if (answer == nullptr || answer->outcome != DnsOutcome::found) return texts;
  for (const DnsRecord& record : answer->records) {
    if (texts.size() == max_records) break;
    texts.push_back(record.text.substr(0, max_text));
  }
  return texts;
}

}  // namespace policy
