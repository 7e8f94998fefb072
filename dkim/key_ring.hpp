#pragma once

#include "dkim/published_key.hpp"
#include "mail/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dkim {

using Time = std::chrono::system_clock::time_point;

/// What one look at a key's record says.
enum class Seen : std::uint8_t {
  same,     ///< the key
  absent,   ///< NXDOMAIN, NODATA, or a record that is no key
  other,    ///< another key, or one that bars our signatures
  revoked,  ///< an empty p=
  mixed,    ///< the authoritative servers differ: a zone is on its way to them
  unknown,  ///< DNS failed, or publishes several records, which means nothing (RFC 6376 3.6.2.2)
};

/// Of the one record that is published.
[[nodiscard]] Seen seen(KeyMatch match) noexcept;

struct Observation {
  Seen seen = Seen::unknown;
  bool authoritative = false;   ///< the zone's own servers said so, no cache
  bool complete = false;        ///< each of them answered
  std::chrono::seconds ttl{0};  ///< the longest that a cache may keep it
};

/// What the authoritative servers say together, one look a server. Those that failed are left out.
[[nodiscard]] Observation at_authorities(std::span<const Seen> looks, std::chrono::seconds ttl);

/// A key's life. At most one key of a domain is `active`, and one besides it in any other stage.
enum class KeyStage : std::uint8_t {
  fresh,      ///< made; its record is to be published
  published,  ///< at each authoritative server; caches may still say otherwise, for the TTL
  active,     ///< signs
  retiring,   ///< signs no more, but its signatures are on their way: its record must stay
  removable,  ///< its record may be removed
  gone,       ///< removed; caches may still say otherwise, for the TTL. Then the key is dropped
};
[[nodiscard]] std::string_view word(KeyStage stage) noexcept;

struct KeyState {
  std::string selector;
  std::string id;  ///< of the sealed key
  KeyStage stage = KeyStage::fresh;
  Time made{};                              ///< when the key was made or imported
  Time since{};                             ///< when it came to its stage
  bool confirmed = false;                   ///< DNS has shown it once
  std::uint32_t contradictions = 0;         ///< since it was last shown, counted up to 2
  std::optional<Time> contradicted_at;      ///< when the last one counted
  std::optional<Time> last_signed;          ///< kept by whoever signs
  std::optional<std::chrono::seconds> ttl;  ///< the longest seen at the authoritative servers
  friend bool operator==(const KeyState&, const KeyState&) = default;
};
using KeyRing = std::vector<KeyState>;

/// Two contradictions at least this far apart take a key out of use.
inline constexpr std::chrono::minutes contradiction_distance{5};
/// No cache is waited for any longer, whatever TTL a record claims.
inline constexpr std::chrono::hours max_ttl{7 * 24};
/// How long a signature may be on its way: SES tries for 14 hours, and a receiver's own queues for
/// five days (RFC 5321 4.5.4.1). The relay's queue counts for nothing, because it signs on release.
inline constexpr std::chrono::hours default_margin{7 * 24};
inline constexpr std::chrono::hours default_max_age{365 * 24};

/// The key's state after a look at its record.
///
/// A key signs once it was confirmed, until it is contradicted twice, five minutes apart, by
/// authoritative servers; a later confirmation puts it back at once: one by those servers, or by a
/// resolver once its cache can hold nothing older. What DNS does not answer changes nothing, and
/// neither does age.
[[nodiscard]] KeyState observe(KeyState key, const Observation& look, Time now);

/// DNS has confirmed the key and not contradicted it since.
[[nodiscard]] bool is_confirmed(const KeyState& key) noexcept;

/// The keys after time has passed and looks were taken in: the next key becomes active when caches
/// can have nothing else (or at once, where there is no other that may sign), the former one
/// retires, and in the end its record may be removed and the key is dropped.
/// \param margin how long a record stays after the last signature made with its key
[[nodiscard]] KeyRing advance(KeyRing ring, Time now, std::chrono::seconds margin = default_margin);

/// The part of that which time alone does, whatever DNS shows: for keys that somebody vouches for.
[[nodiscard]] KeyRing let_time_pass(KeyRing ring,
                                    Time now,
                                    std::chrono::seconds margin = default_margin);

/// When time alone brings the key to its next stage; nothing where somebody must act first.
[[nodiscard]] std::optional<Time> due(const KeyState& key,
                                      std::chrono::seconds margin = default_margin);

/// The key that signs now, or in one sentence for the person who must act why none may: mail is
/// then held as `signing`.
[[nodiscard]] mail::Result<std::size_t> signing_key(std::span<const KeyState> ring);

/// The key that signs where somebody vouches for the domain, seen in DNS or not: the active one,
/// else the first. Nothing without a key.
[[nodiscard]] std::optional<std::size_t> vouched_key(std::span<const KeyState> ring);

/// The first of `selectors` that no key has; two are enough, so that a site may publish CNAMEs for
/// both once and for all. Nothing if all are taken.
[[nodiscard]] std::optional<std::string> next_selector(std::span<const KeyState> ring,
                                                       std::span<const std::string_view> selectors);

/// Adds a key: the first one, or the next one of a rotation. Refused while a rotation is under way.
[[nodiscard]] mail::Result<KeyRing> begin_rotation(KeyRing ring,
                                                   std::string selector,
                                                   std::string id,
                                                   Time now);

/// The same for a domain that somebody vouches for: its key that signs is active, though DNS was
/// never asked.
[[nodiscard]] KeyRing vouch(KeyRing ring, Time now);

/// Somebody vouches that the next key's record is published: it signs from now on, and the former
/// one retires. Refused when none is on its way.
[[nodiscard]] mail::Result<KeyRing> finish_rotation(KeyRing ring, Time now);

/// Takes the next key back before it signs: dropped if DNS has never shown it, else its record may
/// be removed. Refused when there is none.
[[nodiscard]] mail::Result<KeyRing> abandon_rotation(KeyRing ring, Time now);

/// The operator says that the removable key's record is removed.
[[nodiscard]] mail::Result<KeyRing> record_removed(KeyRing ring,
                                                   std::string_view selector,
                                                   Time now);

/// One sentence when the active key is older than `max_age` and none is on its way to follow it.
[[nodiscard]] std::optional<std::string> rotation_reminder(
    std::span<const KeyState> ring, Time now, std::chrono::seconds max_age = default_max_age);

}  // namespace dkim
