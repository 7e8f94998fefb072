#pragma once

#include "policy/domain_setup.hpp"
#include "policy/inquiry.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace policy {

/// The records of a domain, required ones first. `answers` is what DNS says now, where it was
/// asked: an SPF record that is there is merged with, not replaced (one record, the `all` and the
/// order kept, `include:amazonses.com` added, still under ten lookups), and a DMARC record that is
/// good is shown as it is. Removable selectors are left out.
[[nodiscard]] std::vector<WantedRecord> wanted_records(const DomainSetup& setup,
                                                       const DnsAnswers& answers);

/// Below, the single records that it is made of, for the doctor.

[[nodiscard]] WantedRecord challenge_record(const DomainSetup& setup);
[[nodiscard]] WantedRecord key_record(const DomainSetup& setup, const SelectorSetup& selector);
[[nodiscard]] WantedRecord token_record(const DomainSetup& setup, std::string_view token);
[[nodiscard]] WantedRecord mail_from_mx(const DomainSetup& setup);
[[nodiscard]] WantedRecord mail_from_spf(const DomainSetup& setup);
/// `published`: the SPF records that stand at the domain, or that were meant for it.
[[nodiscard]] WantedRecord spf_record(const DomainSetup& setup,
                                      const std::vector<std::string>& published,
                                      Inquiry& dns);
/// `published`: what stands at the name; what is readable of it is kept.
[[nodiscard]] WantedRecord dmarc_record(const DomainSetup& setup,
                                        const std::vector<std::string>& published);

/// SES's host that takes the bounces of a custom MAIL FROM domain.
[[nodiscard]] std::string feedback_host(std::string_view region);

}  // namespace policy
