#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

struct dkim_lib;

namespace dkim {

/// libopendkim, opened for the process by whoever wires it, and outliving every Signer made with
/// it.
///
/// libopendkim keeps the signing time in its library handle and not in the signature
/// (DKIM_OPTS_FIXEDTIME), so each signature borrows a handle for its duration: as many exist as
/// threads have signed at once. No handle ever asks DNS: key lookups are answered by the caller of
/// `verify` or not at all.
class Library {
 public:
  /// Kept for the next signature; of more that come back the rest is closed.
  static constexpr std::size_t max_idle_handles = 64;

  /// Throws std::runtime_error when libopendkim cannot be opened or lacks SHA-256.
  Library();
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  /// Gives a handle back to its Library.
  struct Return {
    Library* owner = nullptr;
    void operator()(dkim_lib* handle) const noexcept { owner->take_back(handle); }
  };
  using Handle = std::unique_ptr<dkim_lib, Return>;

  /// A handle for one message and one thread; null when memory is exhausted. Thread-safe.
  [[nodiscard]] Handle borrow();

  [[nodiscard]] std::size_t idle_handles() const;

 private:
  void take_back(dkim_lib* handle) noexcept;

  mutable std::mutex mutex_;
  std::vector<dkim_lib*> idle_;  ///< room for max_idle_handles from the start
};

/// What a verifying handle answers a key lookup with (its user context).
struct PublishedKey {
  static constexpr std::size_t max_record = 1024;  ///< libopendkim's buffer

  std::string_view domain;    ///< of the signature, d=
  std::string_view selector;  ///< s=
  std::string_view record;    ///< the TXT record's text
};

}  // namespace dkim
