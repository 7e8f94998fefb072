#pragma once

#include "relay/net/coro.hpp"
#include "relay/spool/store.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace feedback {

/// Whether what one app's mail taught about an address keeps others from mailing it.
enum class SuppressionScope : std::uint8_t { app, all };

/// The addresses that are not mailed, in memory: 64 bits of hash and a date of each, at most
/// spool::most_suppressed. The store has the list itself. Thread-safe.
class SuppressionList {
 public:
  explicit SuppressionList(SuppressionScope scope);

  /// Reads the store's list; until it has, addresses may be mailed that are on it. False if the
  /// store gives no answer.
  net::asio::awaitable<bool> load(spool::Store& store);
  /// A removal, or what keeps the address from being mailed: the later of two ends holds.
  void take(const spool::Suppressed& suppressed);
  void scope(SuppressionScope scope);

  [[nodiscard]] bool any(std::string_view app) const;
  [[nodiscard]] bool has(std::string_view app, std::string_view address, spool::WallTime now) const;
  /// Forgets the addresses whose time is over; how many are left.
  std::size_t prune(spool::WallTime now);

 private:
  using Untils = std::unordered_map<std::uint64_t, spool::WallTime>;  ///< by hash of the address

  [[nodiscard]] std::uint64_t key(std::string_view address) const;

  const std::string seed_;  ///< so that nobody can choose addresses of one hash
  mutable std::shared_mutex mutex_;
  SuppressionScope scope_;
  std::map<std::string, Untils, std::less<>> apps_;
};

}  // namespace feedback
