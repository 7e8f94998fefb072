#pragma once

#include "dkim/key.hpp"
#include "dkim/library.hpp"
#include "mail/result.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace dkim {

/// One signing domain (d=) with its selector (s=) and key. Copies share the key.
class Signer {
 public:
  /// The DKIM-Signature field (RFC 6376 3.5) for a mended message, folded, with its last CRLF, to
  /// be put in front: relaxed/relaxed over the whole body, h= as header_policy.hpp says, no l=, x=
  /// or i=. About 0.3 ms for RSA.
  ///
  /// Fails, saying why in one sentence, for a message without From or with a DKIM-Signature, for a
  /// time before 1970, and when memory is exhausted; a message is then held, never sent unsigned.
  /// Thread-safe.
  [[nodiscard]] mail::Result<std::string> sign(std::string_view mended,
                                               std::chrono::system_clock::time_point at) const;

  [[nodiscard]] const std::string& domain() const noexcept { return domain_; }
  [[nodiscard]] const std::string& selector() const noexcept { return selector_; }
  [[nodiscard]] const PrivateKey& key() const noexcept { return key_; }

 private:
  friend mail::Result<Signer> make_signer(Library&, PrivateKey, std::string, std::string);
  Signer(Library& library, PrivateKey key, std::string domain, std::string selector);

  Library* library_;  ///< outlives the signer
  PrivateKey key_;
  std::string domain_;
  std::string selector_;
};

/// \param domain the signing domain in A-labels
/// \param selector labels of letters, digits and hyphens
[[nodiscard]] mail::Result<Signer> make_signer(Library& library,
                                               PrivateKey key,
                                               std::string domain,
                                               std::string selector);

}  // namespace dkim
