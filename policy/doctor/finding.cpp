#include "policy/doctor/finding.hpp"

#include "mail/header_fields.hpp"
#include "policy/public_suffix.hpp"
#include "policy/record_forms.hpp"
#include "policy/reply.hpp"
#include "policy/tag_list.hpp"

#include <algorithm>

namespace policy::doctor {
namespace {

constexpr std::size_t max_shown = 300;
constexpr std::size_t max_in_sentence = 60;
constexpr std::size_t max_removals = 10;  // the next verification names what is left

std::string without(std::string_view text, std::string_view characters) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [characters](char c) {
    return characters.find(c) == std::string_view::npos;
  });
  return out;
}

/// Without straight and typographic quotation marks, and without the white space between two
/// quoted pieces.
std::string unquoted(std::string_view text) {
  std::string out(text);
  for (const std::string_view mark : {"\xE2\x80\x9C", "\xE2\x80\x9D", "\xE2\x80\x9E"}) {
    for (auto at = out.find(mark); at != std::string::npos; at = out.find(mark, at))
      out.replace(at, mark.size(), "\"");
  }
  for (const std::string_view gap : {"\" \"", "\"\t\""}) {
    for (auto at = out.find(gap); at != std::string::npos; at = out.find(gap, at))
      out.erase(at, gap.size());
  }
  return std::string(mail::trim(without(out, "\"")));
}

/// What follows the record type in a line of a zone file.
std::string value_of_line(std::string_view text) {
  const auto type = text.find("TXT");
  if (type == std::string_view::npos) return {};
  return unquoted(text.substr(type + 3));
}

std::string shown_name(std::string_view name) { return printable(name, 253); }

std::string edit_of(const Diagnosis& d) {
  std::string edit(cause(d.mistake));
  std::string_view before = ": ";
  for (const StandingRecord& record : d.remove) {
    edit.append(before).append("delete the ").append(word(record.type)).append(" record ");
    edit += '"' + printable(record.value, max_in_sentence) + "\" at " + record.name;
    before = ", ";
  }
  if (!d.expected.empty()) {
    edit.append(d.remove.empty() ? ": publish " : " and publish ");
    edit.append(d.type == RecordType::mx ? "an " : "a ").append(word(d.type));
    edit.append(" record with the expected value at ").append(d.name);
  }
  return edit + '.';
}

/// The parent zone that the domain may be entered in; empty where it is the domain.
std::string parent_zone(const Case& c) {
  std::string zone = organizational_domain(c.setup.name);
  return zone == c.setup.name ? std::string() : zone;
}

/// A name that nobody publishes, beside `name`.
std::string sibling(std::string_view name) {
  const auto dot = name.find('.');
  return "no-such-record-of-postern" +
         std::string(dot == std::string_view::npos ? std::string_view() : name.substr(dot));
}

}  // namespace

StandingRecord standing(std::string_view name, RecordType type, std::string_view value) {
  return {shown_name(name), type, printable(value, max_shown)};
}

std::vector<StandingRecord> all_standing(std::string_view name,
                                         RecordType type,
                                         const std::vector<std::string>& values) {
  std::vector<StandingRecord> records;
  records.reserve(values.size());
  for (const std::string& value : values) records.push_back(standing(name, type, value));
  return records;
}

Diagnosis diagnosis(const WantedRecord& wanted,
                    Mistake mistake,
                    std::string_view found,
                    std::vector<StandingRecord> remove) {
  remove.resize(std::min(remove.size(), max_removals));
  Diagnosis d{.check = wanted.check,
              .mistake = mistake,
              .name = wanted.name,
              .type = wanted.type,
              .found = printable(found, max_shown),
              .expected = wanted.value,
              .remove = std::move(remove)};
  d.edit = edit_of(d);
  return d;
}

Diagnosis replacement(const WantedRecord& wanted, Mistake mistake, std::string_view found) {
  return diagnosis(wanted, mistake, found, {standing(wanted.name, wanted.type, found)});
}

CheckResult result_without(const DnsAnswer* answer) noexcept {
  if (answer == nullptr) return CheckResult::unknown;
  return answer->outcome == DnsOutcome::failed ? CheckResult::silent : CheckResult::bad;
}

std::optional<Mistake> damage(std::string_view text, const Fits& fits) {
  const std::string plain = unquoted(text);
  if (plain != text && fits(plain)) {
    const std::string_view inside = text.substr(1, text.size() - 1);
    const bool split = inside.find("\" \"") != std::string_view::npos;
    return split ? Mistake::split_in_value : Mistake::quotes_in_value;
  }
  const std::string unescaped = without(text, "\\");
  if (unescaped != text && (fits(unescaped) || fits(unquoted(unescaped))))
    return Mistake::backslashes_in_value;
  if (fits(value_of_line(text))) return Mistake::line_pasted;
  const std::string dense = without_white_space(text);
  if (dense != text && (fits(dense) || fits(mail::trim(text)))) return Mistake::spaces_in_value;
  return std::nullopt;
}

std::vector<Place> common_places(const Case& c, std::string_view name) {
  const std::string& domain = c.setup.name;
  const std::string whole(name);
  std::vector<Place> places{{whole + '.' + domain, Mistake::zone_doubled}};
  const std::string zone = parent_zone(c);
  if (!zone.empty()) places.push_back({whole + '.' + zone, Mistake::zone_doubled});
  if (!whole.ends_with('.' + domain)) return places;
  const std::string front = whole.substr(0, whole.size() - domain.size());
  if (!zone.empty()) places.push_back({front + zone, Mistake::subdomain_left_out});
  places.push_back({front + "www." + domain, Mistake::below_www});
  return places;
}

std::optional<Diagnosis> misplaced(const Case& c,
                                   const WantedRecord& wanted,
                                   const std::vector<Place>& places,
                                   const Fits& fits,
                                   const Expected& expected) {
  std::optional<Diagnosis> first;
  for (const Place& place : places) {  // all of them, so that all are asked for at once
    for (const std::string& text : c.dns.texts(place.name, wanted.type)) {
      if (first || !fits(text)) continue;
      std::vector<StandingRecord> remove{standing(place.name, wanted.type, text)};
      // Another sender may use what stands at a name that makes sense.
      if (place.mistake == Mistake::subdomain_left_out || place.mistake == Mistake::selector_wrong)
        remove.clear();
      first =
          diagnosis(expected ? expected({text}) : wanted, place.mistake, text, std::move(remove));
    }
  }
  return first;
}

std::optional<Diagnosis> in_the_way(const Case& c, const WantedRecord& wanted) {
  const std::string beside = sibling(wanted.name);
  const auto aliases = c.dns.texts(wanted.name, RecordType::cname);
  const auto aliases_beside = c.dns.texts(beside, RecordType::cname);
  const auto texts = c.dns.texts(wanted.name, wanted.type);
  const auto texts_beside = c.dns.texts(beside, wanted.type);
  if (!aliases.empty() && wanted.type != RecordType::cname) {
    if (aliases == aliases_beside)
      return diagnosis(wanted, Mistake::wildcard_answers, aliases.front());
    return diagnosis(wanted,
                     Mistake::cname_in_the_way,
                     aliases.front(),
                     {standing(wanted.name, RecordType::cname, aliases.front())});
  }
  if (texts.empty() || texts != texts_beside) return std::nullopt;
  return diagnosis(wanted, Mistake::wildcard_answers, texts.front());
}

}  // namespace policy::doctor
