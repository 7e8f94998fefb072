#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>

namespace delivery {

/// The account's quota over 24 hours, in recipients: what this relay sent, in buckets of five
/// minutes, and where the quota lies. Where the account tells it (told()) so much is known of all
/// its senders; else other senders are not seen, and what is learned at a refusal is this relay's
/// part. Once a quota is known its last tenth is for urgent mail. Not thread-safe.
class QuotaWindow {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Wall = std::chrono::system_clock::time_point;
  static constexpr std::chrono::hours length{24};

  /// What the account says: its quota (none: no limit), and what was sent in the last 24 hours,
  /// by whomever. Holds, with what is sent from here on, until it is told anew or not known any
  /// more; then the quota is learned from the count at a refusal, for a day.
  void told(std::optional<std::uint64_t> quota, std::uint64_t sent) { told_ = Told{quota, sent}; }
  void not_told() { told_.reset(); }

  /// What was learned may no longer be true: an operator has changed something.
  void forget() { learned_.reset(); }

  /// The upstream took so many recipients at that time: now, or in the last 24 hours.
  void sent(std::uint64_t recipients, Time when);

  /// The upstream said `Daily message quota exceeded`. Gives how long to park: until the window
  /// frees what was sent a day ago, but to look again at growing intervals, 5 min to 1 h, for
  /// others may have made room; spread by a quarter.
  [[nodiscard]] std::chrono::milliseconds refused(Time now, std::uint32_t random);

  /// Whether a message may go: without a known quota always, normal mail up to nine tenths, urgent
  /// mail always (the upstream itself draws the line).
  [[nodiscard]] bool allows(bool urgent, std::uint64_t recipients, Time now);
  /// How long until allows() can say yes, if nothing is sent meanwhile; where the account tells,
  /// at most until it is likely to have told anew. `under_way`: recipients that were handed to the
  /// upstream and may yet count; who waits for them is to ask again when that is known.
  [[nodiscard]] std::chrono::milliseconds wait(bool urgent,
                                               std::uint64_t recipients,
                                               Time now,
                                               std::uint64_t under_way = 0);

  /// What was sent and learned, by the wall clock, as one text to be kept over a restart, and back
  /// into a fresh window; words that no version wrote end the reading. What comes back lies within
  /// half a bucket of where it was.
  [[nodiscard]] std::string kept(Time now, Wall wall);
  void recall(std::string_view kept, Time now, Wall wall);

  /// By all senders where the account tells, else by this relay.
  [[nodiscard]] std::uint64_t sent_in_window(Time now);
  [[nodiscard]] std::optional<std::uint64_t> known_quota(Time now);

 private:
  struct Told {
    std::optional<std::uint64_t> quota;
    std::uint64_t sent;
  };
  using Width = std::chrono::duration<std::int64_t, std::ratio<300>>;  ///< of a bucket
  static constexpr std::int64_t buckets = length / Width(1) + 1;

  [[nodiscard]] std::uint64_t& bucket(std::int64_t number);
  [[nodiscard]] std::uint64_t bucket(std::int64_t number) const;
  void advance(Time now);
  /// Until the window is over for so many recipients; the whole window if there are fewer.
  [[nodiscard]] std::chrono::milliseconds until_freed(std::uint64_t recipients, Time now) const;

  std::optional<Told> told_;
  std::optional<std::uint64_t> learned_;
  Time learned_at_{};
  std::array<std::uint64_t, static_cast<std::size_t>(buckets)> counts_{};  ///< a ring, by number
  std::int64_t newest_ = 0;  ///< the number of the newest bucket
  std::uint64_t total_ = 0;
  std::chrono::milliseconds interval_{0};  ///< of looking again; 0: not parked
};

}  // namespace delivery
