#pragma once

#include "policy/event.hpp"
#include "policy/notice_text.hpp"
#include "policy/reason.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace policy {

/// Refusals of one app, for one reason, with sentences that differ at most in their numbers.
struct RefusedAlike {
  std::string app;  ///< empty: of a client that is no app's
  std::optional<Reason> reason;
  std::string sentence;   ///< of the last one
  std::string reference;  ///< of the last one, for `trace`
  std::uint64_t count = 0;
  std::chrono::system_clock::time_point first{}, last{};
};

/// What waits of an app.
struct HeldAlike {
  std::string app;
  Reason reason{};
  std::uint64_t count = 0;
};

/// What somebody is told of at once about a time.
struct Digest {
  std::string app;                    ///< whose; empty: of all, for the operator
  std::vector<RefusedAlike> refused;  ///< the most frequent first, at most most_digest_lines
  std::uint64_t unlisted = 0;         ///< refusals beside those
  std::uint64_t forgotten = 0;  ///< refusals before those, of whichever app, that are kept no more
  std::vector<HeldAlike> held;  ///< at most most_digest_lines
  std::chrono::system_clock::time_point since{};

  /// Nothing happened.
  [[nodiscard]] bool empty() const noexcept {
    return refused.empty() && unlisted == 0 && held.empty();
  }
  [[nodiscard]] std::uint64_t refusals() const noexcept;
};

inline constexpr std::size_t most_digest_lines = 25;

/// Folds refusals that are alike, within a bound of memory whatever comes: of most_kinds kinds, at
/// most most_kinds_of_app of one app; what comes beside them is only counted, by app.
class RefusalFold {
 public:
  static constexpr std::size_t most_kinds = 4000;
  static constexpr std::size_t most_kinds_of_app = 200;
  static constexpr std::size_t most_sentence = 300;  ///< octets

  void take(const Event& refusal);
  /// What was refused of one app; of all, where it is empty.
  [[nodiscard]] Digest digest(std::string_view app) const;
  [[nodiscard]] std::size_t kinds() const noexcept { return kinds_.size(); }

 private:
  using Kind = std::tuple<std::string, std::optional<Reason>, std::string>;
  struct Share {
    std::size_t kinds = 0;
    std::uint64_t beside = 0;  ///< refusals of further kinds
  };
  std::map<Kind, RefusedAlike> kinds_;
  std::map<std::string, Share, std::less<>> apps_;
};

/// The digest in one sentence: "12 mails of shop were refused since 2026-11-22 08:00 UTC, and 3 are
/// held back."
[[nodiscard]] std::string sentence_of(const Digest& digest);

/// The digest for people: what was refused how often, why, what to do, and how to find out more.
[[nodiscard]] Letter letter_of(const Digest& digest, std::string to);

}  // namespace policy
