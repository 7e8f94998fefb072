#include "relay/net/fingerprint.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <string_view>

namespace net {
namespace {

struct Free {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  void operator()(EVP_MD* digest) const noexcept { EVP_MD_free(digest); }
};

/// Fetched once: a fetch takes locks and costs more than hashing a short message.
const EVP_MD* sha256() {
  static const std::unique_ptr<EVP_MD, Free> digest(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  return digest.get();
}

/// Hashes texts with their lengths, so that no two lists of texts look alike.
class Hash {
 public:
  Hash() : context_(EVP_MD_CTX_new()) {
    if (!context_) throw std::bad_alloc();
    check(EVP_DigestInit_ex2(context_.get(), sha256(), nullptr));
  }
  void add(std::string_view text) {
    const std::uint64_t length = text.size();
    check(EVP_DigestUpdate(context_.get(), &length, sizeof length));
    check(EVP_DigestUpdate(context_.get(), text.data(), text.size()));
  }
  spool::Fingerprint finish() {
    std::array<std::uint8_t, 32> whole{};
    check(EVP_DigestFinal_ex(context_.get(), whole.data(), nullptr));
    spool::Fingerprint cut{};
    std::copy_n(whole.begin(), cut.size(), cut.begin());
    return cut;
  }

 private:
  static void check(int done) {
    if (done != 1) throw std::runtime_error("OpenSSL cannot hash by SHA-256");
  }
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace

spool::Fingerprint fingerprint(std::span<const std::string_view> texts) {
  Hash hash;
  for (const std::string_view text : texts) hash.add(text);
  return hash.finish();
}

spool::Fingerprint fingerprint(const spool::Job& job) {
  Hash hash;
  hash.add(job.entry.app);
  hash.add(job.entry.envelope.reverse_path);
  for (const std::string& path : job.entry.envelope.forward_paths) hash.add(path);
  hash.add(*job.octets);
  return hash.finish();
}

}  // namespace net
