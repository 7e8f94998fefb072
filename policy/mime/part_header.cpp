#include "policy/mime/part_header.hpp"

#include "policy/mime/structured_field.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace policy::mime {
namespace {

Reading reading_of(const StructuredField& field, std::string_view evidence) {
  Reading reading;
  reading.type = media_type(field.value);
  reading.evidence = std::string(evidence);
  for (const Parameter& parameter : field.parameters) {
    if (parameter.name == "charset" && reading.charset.empty()) reading.charset = parameter.value;
    if (parameter.name == "boundary") reading.boundaries.push_back(parameter.value);
  }
  return reading;
}

/// Whether both lead to the same parts: of leaves the type decides, parameters do not.
bool same_parts(const Reading& a, const Reading& b) {
  return a.type == b.type && (!a.is_container() || a.boundaries == b.boundaries);
}

void add_reading(PartHeader& part, Reading reading) {
  for (const Reading& known : part.readings) {
    if (same_parts(known, reading)) return;
  }
  if (!part.readings.empty() && part.contradiction.empty()) part.contradiction = reading.evidence;
  if (part.readings.size() < max_readings) part.readings.push_back(std::move(reading));
}

/// The boundary that a reader sees who takes comments for text, if it is another one.
void add_literal_reading(PartHeader& part, const StructuredField& literal, std::string_view text) {
  Reading reading = reading_of(literal, text);
  const Reading& front = part.readings.front();
  std::erase_if(reading.boundaries, [&](const std::string& boundary) {
    return std::find(front.boundaries.begin(), front.boundaries.end(), boundary) !=
           front.boundaries.end();
  });
  if (!front.is_container() || reading.boundaries.empty() || part.readings.size() == max_readings)
    return;
  reading.boundaries.resize(1);
  reading.type = front.type;
  reading.guess = "a comment in a Content-Type that looks like a boundary";
  part.readings.push_back(std::move(reading));
}

std::vector<std::string> names_in(const StructuredField& field) {
  std::vector<std::string> names = field.values_of("filename");
  std::vector<std::string> more = field.values_of("name");
  names.insert(
      names.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  return names;
}

/// Whether a reader of other habits sees a file name where `field` has none.
bool hides_a_name(const StructuredField& field,
                  const StructuredField* literal,
                  std::string_view text) {
  if (literal != nullptr && !names_in(*literal).empty()) return true;
  const auto blank_names = std::count_if(
      field.parameters.begin(), field.parameters.end(), [](const Parameter& parameter) {
        return parameter.name == "name" || parameter.name == "filename";
      });
  return mentions_of_name(text) > static_cast<std::size_t>(blank_names);
}

/// Reads Content-Type or Content-Disposition: file names may stand in both.
void read_named_field(PartHeader& part, const std::string& text, bool is_type) {
  const std::string plain = without_comments(text);
  const StructuredField field = read_structured_field(plain);
  StructuredField literal;
  const bool has_comments = plain != text;
  if (has_comments) literal = read_structured_field(text);
  std::vector<std::string> names = names_in(field);
  if (names.empty() && hides_a_name(field, has_comments ? &literal : nullptr, text))
    part.hidden_name = true;
  part.names.insert(part.names.end(),
                    std::make_move_iterator(names.begin()),
                    std::make_move_iterator(names.end()));
  if (!is_type) {
    part.dispositions.push_back(field.value);
    return;
  }
  add_reading(part, reading_of(field, plain));
  if (has_comments) add_literal_reading(part, literal, text);
}

void add_encoding(PartHeader& part, Encoding encoding) {
  const bool known =
      std::find(part.encodings.begin(), part.encodings.end(), encoding) != part.encodings.end();
  if (!known) part.encodings.push_back(encoding);
}

/// Some readers know the encoding by the whole field, others by its first word, quoted or not.
void read_encoding(PartHeader& part, std::string_view field_body) {
  constexpr std::string_view ends = " \t;,\"";
  add_encoding(part, encoding_of(field_body));
  const std::string text = without_comments(mail::unfold(field_body));
  const auto begin = text.find_first_not_of(ends);
  if (begin == std::string::npos) return;
  const auto end = text.find_first_of(ends, begin);
  add_encoding(part, encoding_of(std::string_view(text).substr(begin, end - begin)));
}

std::string content_id_of(std::string_view field_body) {
  const std::string text = without_comments(mail::unfold(field_body));
  std::string_view id = mail::trim(text);
  if (id.starts_with('<')) id.remove_prefix(1);
  if (id.ends_with('>')) id.remove_suffix(1);
  return std::string(mail::trim(id));
}

}  // namespace

PartHeader read_part_header(const mail::HeaderSection& header) {
  constexpr std::string_view prefix = "content-";
  PartHeader part;
  for (const mail::Field& field : header.fields) {
    if (!mail::starts_with_ignoring_case(field.name, prefix)) continue;
    const std::string_view kind = field.name.substr(prefix.size());
    if (mail::equals_ignoring_case(kind, "type")) {
      read_named_field(part, mail::unfold(field.value), true);
    } else if (mail::equals_ignoring_case(kind, "disposition")) {
      read_named_field(part, mail::unfold(field.value), false);
    } else if (mail::equals_ignoring_case(kind, "transfer-encoding")) {
      read_encoding(part, field.value);
    } else if (mail::equals_ignoring_case(kind, "id") && part.content_id.empty()) {
      part.content_id = content_id_of(field.value);
    }
  }
  if (part.encodings.empty()) part.encodings.push_back(Encoding::identity);
  return part;
}

}  // namespace policy::mime
