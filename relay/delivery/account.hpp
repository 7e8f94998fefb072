#pragma once

#include "relay/delivery/account_figures.hpp"
#include "relay/delivery/account_health.hpp"
#include "relay/delivery/quota_window.hpp"

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace delivery {

/// What is known of one upstream account: its holds, its quota, and what it tells of itself.
/// Couriers tell it how each message fared, sessions ask whether new mail must wait, the scheduler
/// probes. Thread-safe.
class Account {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// How a message of so many recipients fared, and what follows from it.
  [[nodiscard]] Consequence judge(Judged judged,
                                  std::uint64_t recipients,
                                  Time now,
                                  std::uint32_t random);

  /// Why mail of this domain has to wait.
  [[nodiscard]] std::optional<policy::Reason> held(std::string_view domain) const;
  [[nodiscard]] std::vector<Hold> holds() const;
  void hold(const Hold& found, Time now);
  void probe_now(Time now);
  void nothing_held(const Hold& hold);
  [[nodiscard]] std::vector<Hold> probes(Time now);
  [[nodiscard]] std::optional<Time> next_probe() const;

  /// What the account tells of itself; nothing: it does not tell any more. That it may send again
  /// is tried at once.
  void told(std::optional<AccountFigures> figures, Time now);
  [[nodiscard]] std::optional<AccountFigures> figures() const;

  /// How long until the quota has room for it; 0: now.
  [[nodiscard]] std::chrono::milliseconds quota_wait(bool urgent,
                                                     std::uint64_t recipients,
                                                     Time now,
                                                     std::uint64_t under_way = 0);
  /// What QuotaWindow keeps over a restart, and back.
  [[nodiscard]] std::string kept_quota(Time now, QuotaWindow::Wall wall);
  void recall_quota(std::string_view kept, Time now, QuotaWindow::Wall wall);
  [[nodiscard]] std::uint64_t sent_in_window(Time now);
  [[nodiscard]] std::optional<std::uint64_t> known_quota(Time now);

 private:
  mutable std::mutex mutex_;
  AccountHealth health_;
  QuotaWindow quota_;
  std::optional<AccountFigures> figures_;
};

/// The holds of an account as one text, to be kept over a restart, and back; unknown words are left
/// out.
[[nodiscard]] std::string to_text(const std::vector<Hold>& holds);
[[nodiscard]] std::vector<Hold> holds_of(std::string_view text);

}  // namespace delivery
