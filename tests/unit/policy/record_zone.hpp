#pragma once

#include "policy/record_doctor.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// DNS as a test writes it down, and what a site owner does to it.
namespace records {

struct ZoneRecord {
  std::string name;
  policy::RecordType type{};
  std::string value;
};

/// Answers like a resolver: CNAMEs followed, wildcards as RFC 4592 has them.
class Zone {
 public:
  /// Lines "name TYPE value".
  explicit Zone(std::string_view text);

  [[nodiscard]] policy::DnsAnswer resolve(const policy::DnsQuestion& question) const;

  void add(std::string_view lines);
  void publish(const ZoneRecord& record);
  /// Leaves out what stands at the name, of every type.
  void clear(std::string_view name);
  /// Makes the printed edit, from the diagnosis alone: each record to remove is found by what is
  /// shown of it. Says what went wrong; empty: made.
  [[nodiscard]] std::string edit(const policy::Diagnosis& diagnosis);

 private:
  [[nodiscard]] std::vector<const ZoneRecord*> at(std::string_view name) const;
  [[nodiscard]] bool has_name(std::string_view name) const;

  std::vector<ZoneRecord> records_;
};

/// What a receiver's SPF says of SES's address 54.240.1.1: RFC 7208 without macros and IPv6.
[[nodiscard]] policy::SpfVerdict spf_of_ses(const Zone& zone, const std::string& domain);

/// Everything that the doctor asks for, round after round.
[[nodiscard]] policy::DnsAnswers answers(const policy::DomainSetup& setup,
                                         const Zone& zone,
                                         const policy::Verdicts& verdicts);

/// A whole examination with SPF evaluated as a receiver would.
[[nodiscard]] policy::Examination examined(const policy::DomainSetup& setup,
                                           const Zone& zone,
                                           policy::Verdicts verdicts = {});

[[nodiscard]] policy::CheckResult result(const policy::Examination& examination,
                                         policy::DomainCheck check);

/// The first diagnosis of a check, or null.
[[nodiscard]] const policy::Diagnosis* first_of(const policy::Examination& examination,
                                                policy::DomainCheck check);

/// What a public key of 2048 bits looks like in Base64; another one for each seed.
[[nodiscard]] std::string public_key(std::uint_fast32_t seed);
[[nodiscard]] std::string key_record(std::uint_fast32_t seed);

/// example.com with one key; with two; with Easy DKIM; or shop.example.co.uk with one key. MAIL
/// FROM is at "bounce".
enum class Kind { plain, rotating, easy, shop };
[[nodiscard]] policy::DomainSetup setup_of(Kind kind);

/// The zone in which every record stands as it is shown, and those of others that SPF asks for.
[[nodiscard]] Zone right_zone(const policy::DomainSetup& setup);

}  // namespace records
