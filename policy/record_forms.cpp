#include "policy/record_forms.hpp"

#include <algorithm>
#include <cstddef>
#include <map>

namespace policy {
namespace {

std::string_view need(const WantedRecord& record) noexcept {
  return record.required ? "required" : "advised";
}

/// RFC 1035 3.3: at most 255 octets each; an empty text is one empty string.
std::vector<std::string_view> character_strings(std::string_view text) {
  constexpr std::size_t max_character_string = 255;
  std::vector<std::string_view> strings;
  do {
    strings.push_back(text.substr(0, max_character_string));
    text.remove_prefix(strings.back().size());
  } while (!text.empty());
  return strings;
}

/// A backslash before each quotation mark and backslash, as zone files and HCL both take them.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zone_value(const WantedRecord& record) {
  if (record.type != RecordType::txt) return record.value + '.';
  std::string value;
  for (const std::string_view string : character_strings(record.value)) {
    if (!value.empty()) value += ' ';
    value += '"' + escaped(string) + '"';
  }
  return value;
}

/// The inside of an HCL string, in which `${` and `%{` would begin a template.
std::string hcl(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins_template = text.substr(i + 1).starts_with('{');
    if (begins_template && (text[i] == '$' || text[i] == '%')) out += text[i];
    out += escaped(text.substr(i, 1));
  }
  return out;
}

/// What Route 53's provider puts between quotation marks: those between character-strings are to
/// be given.
std::string route53_value(const WantedRecord& record) {
  if (record.type != RecordType::txt) return record.value;
  std::string value;
  for (const std::string_view string : character_strings(record.value)) {
    if (!value.empty()) value += "\"\"";
    value += escaped(string);
  }
  return value;
}

std::string resource_name(const WantedRecord& record) {
  std::string name = std::string(word(record.check)) + '_' + record.name + '_';
  name += word(record.type);
  std::replace_if(
      name.begin(),
      name.end(),
      [](char c) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return !is_letter && (c < '0' || c > '9') && c != '_' && c != '-';
      },
      '_');
  return name;
}

/// Words of `text` in lines of at most 100 columns, each begun with `indent`.
std::string wrapped(std::string_view text, std::string_view indent) {
  constexpr std::size_t columns = 100;
  std::string out;
  std::string line;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (!line.empty() && indent.size() + line.size() + 1 + word.size() > columns) {
      out.append(indent).append(line).append("\n");
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  return out.append(indent).append(line).append("\n");
}

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  out.resize(std::max(out.size(), width), ' ');
  return out + "  ";
}

}  // namespace

std::string_view word(RecordType type) noexcept {
  switch (type) {
    case RecordType::txt:
      return "TXT";
    case RecordType::cname:
      return "CNAME";
    case RecordType::mx:
      return "MX";
    case RecordType::ns:
      return "NS";
    case RecordType::a:
      return "A";
    case RecordType::aaaa:
      return "AAAA";
    case RecordType::ptr:
      return "PTR";
  }
  return {};
}

std::string zone_file(const std::vector<WantedRecord>& records) {
  std::string out;
  for (const WantedRecord& record : records) {
    out.append("; ").append(need(record)).append(": ").append(record.why).append("\n");
    out.append(record.name).append(". ").append(std::to_string(record.ttl)).append(" IN ");
    out.append(word(record.type)).append(" ").append(zone_value(record)).append("\n");
  }
  return out;
}

std::string terraform(const std::vector<WantedRecord>& records, std::string_view domain) {
  std::string out = "# The records of " + std::string(domain) +
                    " for mail. A record set that stands already has to be imported, and its other "
                    "values added to records.\nvariable \"zone_id\" {\n  type = string\n}\n";
  std::map<std::string, unsigned> uses;  // names that differ in a dot alone
  for (const WantedRecord& record : records) {
    std::string name = resource_name(record);
    const unsigned use = ++uses[name];
    if (use > 1) name += '_' + std::to_string(use);
    out += "\n# ";
    out.append(need(record)).append(": ").append(record.why);
    out += "\nresource \"aws_route53_record\" \"" + name + "\" {\n";
    out += "  zone_id = var.zone_id\n";
    out += "  name    = \"" + hcl(record.name) + "\"\n";
    out += "  type    = \"" + std::string(word(record.type)) + "\"\n";
    out += "  ttl     = " + std::to_string(record.ttl) + "\n";
    out += "  records = [\"" + hcl(route53_value(record)) + "\"]\n}\n";
  }
  return out;
}

std::string table(const std::vector<WantedRecord>& records) {
  constexpr std::size_t type_width = 5;  // CNAME
  constexpr std::size_t ttl_width = 5;
  std::size_t name_width = 4;
  for (const WantedRecord& record : records) name_width = std::max(name_width, record.name.size());
  std::string out =
      padded("NAME", name_width) + padded("TYPE", type_width) + padded("TTL", ttl_width) + "NEED\n";
  for (const WantedRecord& record : records) {
    out += padded(record.name, name_width) + padded(word(record.type), type_width) +
           padded(std::to_string(record.ttl), ttl_width);
    out.append(need(record)).append("\n  ").append(record.value).append("\n");
    out += wrapped(record.why, "    ");
  }
  return out;
}

std::string numbered(const std::vector<std::string>& steps,
                     std::string_view heading,
                     std::string_view mark) {
  if (steps.empty()) return {};
  const std::string begin(mark);
  std::string out = '\n' + wrapped(heading, begin);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    std::string step = wrapped(steps[i], begin + "     ");
    out += step.replace(begin.size() + 2, 2, std::to_string(i + 1) + '.');
  }
  return out;
}

}  // namespace policy
