#pragma once

#include "policy/dns_answer.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

/// Reads DNS's answers, and notes what it was asked for and does not know yet: whatever judges a
/// domain by an Inquiry says by the same look what has to be asked of DNS.
class Inquiry {
 public:
  static constexpr std::size_t max_questions = 40;
  static constexpr std::size_t max_text = 4096;  ///< octets of foreign text that are looked at
  static constexpr std::size_t max_records = 100;

  explicit Inquiry(const DnsAnswers& answers) : answers_(answers) {}

  /// Null where there is no answer yet, and for what is not a name of DNS (foreign text, over 253
  /// octets), which is never asked.
  const DnsAnswer* look(std::string_view name, RecordType type);
  /// The texts of the records there, the first max_records, each cut at max_text: no record of ours
  /// is longer. None unless found.
  std::vector<std::string> texts(std::string_view name, RecordType type);

  /// What was looked for without an answer, in that order, at most max_questions.
  [[nodiscard]] const std::vector<DnsQuestion>& unanswered() const noexcept { return unanswered_; }

 private:
  const DnsAnswers& answers_;
  std::vector<DnsQuestion> unanswered_;
};

}  // namespace policy
