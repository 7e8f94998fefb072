#include "policy/bulk.hpp"

#include "policy/mime/structured_field.hpp"
#include "policy/mime/transfer_decoding.hpp"
#include "policy/reply.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace policy {
namespace {

bool is_bulk_precedence(std::string_view field_body) {
  const std::string text =
      mail::to_lower(mime::decode_words(mime::without_comments(mail::unfold(field_body))));
  constexpr std::string_view separators = " \t,;\"";
  for (std::size_t at = text.find_first_not_of(separators); at != std::string::npos;) {
    const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
    const std::string_view word = std::string_view(text).substr(at, end - at);
    if (word == "bulk" || word == "list" || word == "junk") return true;
    at = text.find_first_not_of(separators, end);
  }
  return false;
}

bool marks_bulk(const mail::Field& field) {
  if (mail::equals_ignoring_case(field.name, "Precedence")) return is_bulk_precedence(field.value);
  const bool named = mail::equals_ignoring_case(field.name, "List-Id") ||
                     mail::equals_ignoring_case(field.name, "List-Post") ||
                     mail::equals_ignoring_case(field.name, "Feedback-ID") ||
                     mail::starts_with_ignoring_case(field.name, "X-Campaign") ||
                     mail::starts_with_ignoring_case(field.name, "X-MC-");
  return named && !mail::unfold(field.value).empty();
}

}  // namespace

std::optional<Finding> find_bulk_field(const mail::HeaderSection& header) {
  const auto found = std::find_if(header.fields.begin(), header.fields.end(), marks_bulk);
  if (found == header.fields.end()) return std::nullopt;
  const std::string shown = std::string(found->name) + ": " + mail::unfold(found->value);
  return Finding{
      .reason = Reason::bulk,
      .what = "newsletters and list mail are not allowed here (" + printable(shown) + ')',
      .evidence = shown.substr(0, 200)};
}

}  // namespace policy
