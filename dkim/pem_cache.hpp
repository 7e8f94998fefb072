#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

struct evp_pkey_st;

namespace dkim {

/// A private key parsed once, together with the PEM text that names it. The text is wiped when the
/// object dies.
class ParsedKey {
 public:
  /// Takes over one reference to `key`.
  ParsedKey(std::string pem, evp_pkey_st* key) noexcept;
  ~ParsedKey();
  ParsedKey(const ParsedKey&) = delete;
  ParsedKey& operator=(const ParsedKey&) = delete;

  [[nodiscard]] const std::string& pem() const noexcept { return pem_; }
  [[nodiscard]] evp_pkey_st* key() const noexcept { return key_; }

 private:
  std::string pem_;
  evp_pkey_st* key_;
};

/// Keys held at once; each sender domain has one, two while it changes over.
inline constexpr std::size_t max_parsed_keys = 65536;

/// The one living ParsedKey of this text: an equal one that is still held somewhere, else a new one
/// made of `key` (taken over either way). Null when max_parsed_keys others live. Thread-safe.
///
/// As packaged, libopendkim parses the PEM text and sets up RSA blinding for each signature (1 ms,
/// and two threads are slower than one). It does so by PEM_read_bio_PrivateKey, which the
/// executable defines itself: a text that is found among these keys is answered with the key parsed
/// before; everything else goes on to OpenSSL. The table is the process's, because that function
/// has no argument that could carry one.
[[nodiscard]] std::shared_ptr<const ParsedKey> share_parsed_key(std::string pem, evp_pkey_st* key);

/// How often libopendkim was answered from the table; 0 after signing means that the interposition
/// is not linked.
[[nodiscard]] std::uint64_t pem_cache_hits() noexcept;

}  // namespace dkim
