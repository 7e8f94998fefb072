#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

struct evp_mac_ctx_st;

namespace spool {

/// Turns a word that `trace` may be asked for (Message-ID, SES message id, recipient) into the
/// number that stands for it in the store: 64 bits of an HMAC-SHA256, so that a stolen store does
/// not list recipients. Case, surrounding white space and angle brackets do not matter. Not
/// thread-safe: each thread has its own.
class TraceKey {
 public:
  explicit TraceKey(std::string_view secret);
  [[nodiscard]] std::int64_t of(std::string_view word);

 private:
  struct Free {
    void operator()(evp_mac_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_mac_ctx_st, Free> context_;
};

}  // namespace spool
