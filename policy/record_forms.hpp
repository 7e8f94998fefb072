#pragma once

#include "policy/domain_setup.hpp"

#include <string>
#include <string_view>
#include <vector>

/// The records of a domain in the forms that people paste.
namespace policy {

/// Lines of a zone file (RFC 1035 5.1), each with a comment that says why; TXT split into
/// character-strings of at most 255 octets, quotes and backslashes escaped.
[[nodiscard]] std::string zone_file(const std::vector<WantedRecord>& records);

/// A Terraform file: one `aws_route53_record` a record set of `zone_id` variable, resources named
/// after check, name and type.
[[nodiscard]] std::string terraform(const std::vector<WantedRecord>& records,
                                    std::string_view domain);

/// A table for a terminal, 100 columns where the values allow: name, type, TTL, required or
/// advised; below each row its value, whole, and why.
[[nodiscard]] std::string table(const std::vector<WantedRecord>& records);

/// Steps to take beside publishing them, numbered, at most nine, below an empty line and a heading.
/// Lines have at most 100 columns and begin with `mark`: "; " in a zone file, "# " in Terraform.
/// Nothing where there is no step.
[[nodiscard]] std::string numbered(const std::vector<std::string>& steps,
                                   std::string_view heading,
                                   std::string_view mark);

/// "TXT", "CNAME", "MX" …
[[nodiscard]] std::string_view word(RecordType type) noexcept;

}  // namespace policy
