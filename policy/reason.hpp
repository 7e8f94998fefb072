#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace policy {

/// The one vocabulary of why a message was refused or is held: replies, logs, metrics, `inspect`,
/// `trace` and the documentation all take their words from here.
enum class Reason : std::uint8_t {
  // refusals
  auth_failed,
  encryption_required,
  auth_required,
  blocked,
  quota,
  sender_domain,
  storage,
  recipient,
  bulk,
  suppressed,
  sandbox,
  from_domain,
  attachment,
  malformed,
  loop,
  dmarc,
  too_big,
  shutdown,
  // holds (blocked is both)
  paced,
  bulk_volume,
  signing,
  domain,
  account_paused,
  credentials,
  daily_quota,
  ses_sandbox,
  restored,
  by_hand,
};

/// Reply code and enhanced status code without its class digit, which is the reply code's first
/// digit.
struct Status {
  int code;
  int subject;
  int detail;
};

/// A row of the one table of reasons.
struct ReasonRow {
  Reason reason;
  std::string_view word;         ///< the fixed word, `sender-domain`
  std::optional<Status> status;  ///< set where it is a refusal
  bool holds;                    ///< an accepted message can be held for it
  std::string_view stage;        ///< where it is said: "MAIL", "DATA, end", "" for holds
  std::string_view meaning;      ///< one sentence for the documentation: when it happens
  std::string_view mend;         ///< one sentence for the administrator: what to change
};

/// Every reason, in the order of the enum.
[[nodiscard]] std::span<const ReasonRow> reasons() noexcept;
[[nodiscard]] const ReasonRow& row(Reason reason) noexcept;
[[nodiscard]] std::string_view word(Reason reason) noexcept;
[[nodiscard]] std::optional<Reason> reason_of(std::string_view word) noexcept;

}  // namespace policy
