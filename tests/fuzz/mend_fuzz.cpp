#include "dkim/header_policy.hpp"
#include "dkim/mend.hpp"
#include "mail/header_fields.hpp"

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <set>
#include <string>
#include <string_view>

namespace {

const dkim::MendFacts facts{"Sat, 21 Nov 2026 10:00:00 +0000",
                            "relay.example.com",
                            "Q1",
                            {{"X-SES-MESSAGE-TAGS", "app=shop"}}};

void require(bool condition, const char* what, std::string_view octets) {
  if (condition) return;
  std::cerr << what << '\n' << octets << '\n';
  std::abort();
}

void check_octets(std::string_view header) {
  std::size_t line = 0;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const auto octet = static_cast<unsigned char>(header[i]);
    require(octet != 0 && octet < 0x80 && octet != '\v' && octet != '\f',
            "an octet not fit to send",
            header);
    require(octet != '\n' || header[i - 1] == '\r', "a bare LF", header);
    require(octet != '\r' || header[i + 1] == '\n', "a bare CR", header);
    line = octet == '\n' ? 0 : line + 1;
    require(line <= 999, "a line over 998 octets", header);  // the CR counts
  }
}

void check_fields(const mail::HeaderSection& section, std::string_view octets) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < section.fields.size(); ++i) {
    const mail::Field& field = section.fields[i];
    const std::string name = mail::to_lower(field.name);
    require(field.raw[field.name.size()] == ':', "white space before a colon", octets);
    require(i < facts.added.size() || !dkim::removed_on_release(name),
            "a field that was to be removed",
            octets);
    require(seen.insert(name).second || !dkim::once_only(name), "a once-only field twice", octets);
  }
  require(section.fault || (seen.contains("date") && seen.contains("message-id")),
          "no Date or Message-ID",
          octets);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto mended = dkim::mend(octets, facts);
  if (!mended) {
    require(!mended.error().sentence().empty(), "a failure without a sentence", octets);
    return 0;
  }
  const mail::HeaderSection section = mail::read_header_section(*mended);
  require(
      section.fault != mail::HeaderFault::no_field_name, "a line without a field name", *mended);
  check_octets(std::string_view(*mended).substr(0, section.body_offset));
  check_fields(section, *mended);
  if (section.fault) return 0;  // grown beyond what the reader takes at once
  const std::string_view body = octets.substr(mail::read_header_section(octets).body_offset);
  require(std::string_view(*mended).substr(section.body_offset) == body, "another body", *mended);
  const auto again = dkim::mend(*mended, facts);
  require(again && *again == *mended, "mending twice changes something", *mended);
  return 0;
}
