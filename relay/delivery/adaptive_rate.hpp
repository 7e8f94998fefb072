#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace delivery {

/// The send rate of one relay in recipients a second: a token bucket whose limit finds this relay's
/// share of the account's limit. SES tells nothing of it but 454 when it is exceeded, after the
/// whole upload, and other relays may use the same account unknown to this one. Time and randomness
/// are arguments; not thread-safe.
///
/// Why it converges. The account refuses each message with the same probability p whoever sends it,
/// so a relay at rate r is refused r·p times a second, and falls by a fixed part each time; between
/// refusals it grows by an amount that falls steeply with r. Growth and fall balance at one r for
/// one p, the same for all relays of the account, and a relay above it is refused more often and
/// grows less than one below. Each relay is refused about once in 100 s at any rate: seldom for one
/// that sends 14 a second, and for twenty that share 14 about 1 % of the messages.
///
/// - Start: doubles about twice a second while there is more to send than it may, from 2 or a tenth
///   of the ceiling; where the account tells its limit, from there.
/// - First refusal: what the account has taken since, over the time and the second's worth that it
///   lets pass at once, tells the share; where that is little it is taken as half a recipient a
///   second, as good as any for relays that began together. From there it grows steadily.
/// - From the second refusal on: falls by a fifth, less when many recipients were taken since the
///   last, for they tell more exactly where the limit lies (4 % at least). Growth speeds up when
///   there has been no refusal for long, so that a raised limit is found within minutes. Near its
///   ceiling, and not refused for 20 s, a relay has the account for itself: it is back in a minute.
///
/// It grows only while it is what holds mail back: an idle relay keeps what it knew, with a burst
/// of half a second's worth for the next message.
class AdaptiveRate {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `ceiling`: `max_rate`, over 0; none: auto.
  AdaptiveRate(std::optional<double> ceiling, Time now);

  /// Takes tokens for so many recipients if they are there. Bursts hold half a second's worth; a
  /// message larger than that passes when it is there, at most a second's worth, and leaves the
  /// rest as debt.
  [[nodiscard]] bool take(double recipients, Time now);
  /// How long until take() of as many succeeds, to the millisecond above; 0: now. To be asked only
  /// where there is mail: that it has to wait is what lets the limit grow.
  [[nodiscard]] std::chrono::milliseconds wait(double recipients, Time now);
  /// What take() took did not reach the account: no connection, session over.
  void give_back(double recipients) { tokens_ += recipients; }

  /// The upstream took a message of so many recipients.
  void succeeded(double recipients);
  /// The upstream refused a message for its rate. Counts once a second: those that were under way
  /// together are refused together.
  void throttled(Time now, std::uint32_t random);

  /// What was learned, as a text to be kept over a restart, and back; an unreadable one is nothing.
  [[nodiscard]] std::string learned() const;
  void recall(const std::string& learned);

  /// A changed configuration.
  void ceiling(std::optional<double> most);
  /// What the account says that it takes, over 0: the ceiling, and until the first refusal also
  /// where it begins, for then nothing shows that others use the account.
  void account_limit(double most);
  /// What it may send a second now, never over the ceiling.
  [[nodiscard]] double limit() const noexcept { return limit_; }

 private:
  enum class Phase : std::uint8_t { start, seek, steady };
  void fill(Time now);
  void set_limit(double limit);
  [[nodiscard]] double full() const;   ///< a second's worth
  [[nodiscard]] double burst() const;  ///< what messages smaller than it may use at once
  [[nodiscard]] double room() const;   ///< of the bucket: full when nothing has gone for a while
  [[nodiscard]] double missing(double recipients, Time now);
  [[nodiscard]] double growth() const;
  [[nodiscard]] double step() const;
  void leave_start(Time now);

  std::optional<double> ceiling_;
  double limit_ = 0;
  double tokens_;
  Time filled_;
  Phase phase_ = Phase::start;
  bool scarce_ = false;  ///< mail had to wait for tokens since the bucket was last full
  Time last_take_;
  double taken_ = 0;  ///< recipients since `counting_since_`: busy, or the last refusal
  Time counting_since_;
  double used_seconds_ = 0;  ///< at the full limit, since the last refusal
  double seek_growth_ = 0;   ///< seek: recipients a second, a second
  Time deaf_until_;          ///< refusals until then are of the flight that was counted
};

}  // namespace delivery
