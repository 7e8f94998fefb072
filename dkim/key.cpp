#include "dkim/key.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <utility>
#include <vector>

namespace dkim {

using mail::failure;
using mail::Result;

namespace {

constexpr std::size_t max_key_text = 65536;
constexpr unsigned default_rsa_bits = 2048;
constexpr std::string_view how_to_make_one =
    "make one with openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048";

struct Free {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using OwnedKey = std::unique_ptr<EVP_PKEY, Free>;
using OwnedContext = std::unique_ptr<EVP_PKEY_CTX, Free>;
using OwnedBio = std::unique_ptr<BIO, Free>;

int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*argument*/) { return 0; }

/// Empties OpenSSL's error queue of this thread: what it says of a key is of no use to who must
/// act.
void forget_errors() { ERR_clear_error(); }

std::string base64(const std::vector<unsigned char>& octets) {
  std::string text(4 * ((octets.size() + 2) / 3) + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                  octets.data(),
                  static_cast<int>(octets.size()));
  text.pop_back();
  return text;
}

std::string what_it_is_instead(std::string_view pem) {
  const auto has = [pem](std::string_view label) {
    return pem.find(label) != std::string_view::npos;
  };
  const std::string mend = ": " + std::string(how_to_make_one) + ".";
  if (has("BEGIN ENCRYPTED PRIVATE KEY") || has("Proc-Type: 4,ENCRYPTED")) {
    return "The DKIM key is encrypted with a passphrase: write it without one (openssl pkey -in "
           "KEY -out NEW).";
  }
  if (has("BEGIN OPENSSH PRIVATE KEY")) return "The DKIM key is an SSH key" + mend;
  if (has("PUBLIC KEY-----") || has("BEGIN CERTIFICATE")) {
    return "The DKIM key file holds the public half only: give the file with BEGIN PRIVATE KEY.";
  }
  if (has("PRIVATE KEY-----")) {
    return "The DKIM key is damaged: copy it again, or " + mend.substr(2);
  }
  return "The DKIM key is not a private key in PEM (it has no BEGIN PRIVATE KEY line)" + mend;
}

bool holds_several(std::string_view pem) {
  constexpr std::string_view end_of_label = "PRIVATE KEY-----";
  std::size_t begun = 0;
  for (std::size_t at = pem.find("-----BEGIN "); at != std::string_view::npos;
       at = pem.find("-----BEGIN ", at + 1)) {
    const std::string_view line = pem.substr(at, pem.find_first_of("\r\n", at) - at);
    if (line.ends_with(end_of_label)) ++begun;
  }
  return begun > 1;
}

std::optional<std::string> weakness(unsigned bits, bool allow_weak) {
  const std::string size = "The DKIM key has " + std::to_string(bits) + " bits";
  const std::string mend = ": " + std::string(how_to_make_one) + ".";
  if (bits < 1024) return size + ", and receivers ignore signatures of less than 1024" + mend;
  if (bits > 4096) {
    return size + ", and receivers need not verify signatures of more than 4096" + mend;
  }
  if (bits < default_rsa_bits && !allow_weak) return size + ", which is too weak today" + mend;
  return std::nullopt;
}

std::string public_octets_base64(const EVP_PKEY* key, Algorithm algorithm) {
  std::vector<unsigned char> octets;
  if (algorithm == Algorithm::ed25519_sha256) {  // RFC 8463 4: the bare key
    std::size_t length = 32;
    octets.resize(length);
    EVP_PKEY_get_raw_public_key(key, octets.data(), &length);
  } else {
    octets.resize(static_cast<std::size_t>(i2d_PUBKEY(key, nullptr)));
    unsigned char* end = octets.data();
    i2d_PUBKEY(key, &end);
  }
  return base64(octets);
}

std::string pkcs8_pem(const EVP_PKEY* key) {
  const OwnedBio bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return {};
  }
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<std::size_t>(length));  // the BIO wipes its own copy
}

/// RSA: the two halves belong together, so that a damaged file is not found out by receivers.
bool is_consistent(EVP_PKEY* key) {
  const OwnedContext context(EVP_PKEY_CTX_new(key, nullptr));
  return context != nullptr && EVP_PKEY_pairwise_check(context.get()) == 1;
}

OwnedKey parse(std::string_view pem) {
  const OwnedBio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return OwnedKey(
      PEM_read_bio_PrivateKey_ex(bio.get(), nullptr, no_passphrase, nullptr, nullptr, nullptr));
}

}  // namespace

std::string_view word(Algorithm algorithm) noexcept {
  switch (algorithm) {
    case Algorithm::rsa_sha256:
      return "rsa-sha256";
    case Algorithm::ed25519_sha256:
      return "ed25519-sha256";
  }
  return {};
}

/// Takes over one reference to `key`, which is RSA or Ed25519.
Result<PrivateKey> to_private_key(evp_pkey_st* key) {
  PrivateKey made;
  const bool rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
  made.algorithm_ = rsa ? Algorithm::rsa_sha256 : Algorithm::ed25519_sha256;
  made.bits_ = static_cast<unsigned>(EVP_PKEY_get_bits(key));
  made.public_record_ = std::string("v=DKIM1; k=") + (rsa ? "rsa" : "ed25519") +
                        "; p=" + public_octets_base64(key, made.algorithm_);
  made.parsed_ = share_parsed_key(pkcs8_pem(key), key);
  if (made.parsed_ == nullptr) {
    return failure("There are " + std::to_string(max_parsed_keys) +
                   " DKIM keys in use, and no room for another.");
  }
  return made;
}

Result<PrivateKey> read_key(std::string_view pem, bool allow_weak) {
  if (pem.size() > max_key_text) {
    return failure("The DKIM key is over 64 KiB: give a file that holds nothing else.");
  }
  if (holds_several(pem)) {
    return failure("The DKIM key file holds several private keys: give the one that is to sign.");
  }
  OwnedKey key = parse(pem);
  forget_errors();
  if (key == nullptr) return failure(what_it_is_instead(pem));
  const int kind = EVP_PKEY_get_base_id(key.get());
  if (kind != EVP_PKEY_RSA && kind != EVP_PKEY_ED25519) {
    return failure("The DKIM key is neither RSA nor Ed25519: " + std::string(how_to_make_one) +
                   ".");
  }
  if (kind == EVP_PKEY_RSA) {
    if (auto weak = weakness(static_cast<unsigned>(EVP_PKEY_get_bits(key.get())), allow_weak)) {
      return failure(*std::move(weak));
    }
  }
  const bool consistent = is_consistent(key.get());
  forget_errors();
  if (!consistent) {
    return failure(
        "The DKIM key is damaged: its private and public halves do not belong together.");
  }
  return to_private_key(key.release());
}

Result<PrivateKey> generate_key(Algorithm algorithm) {
  OwnedKey key(algorithm == Algorithm::rsa_sha256 ? EVP_RSA_gen(default_rsa_bits)
                                                  : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (key == nullptr) {
    forget_errors();
    return failure("OpenSSL could not make a DKIM key: is there memory left?");
  }
  return to_private_key(key.release());
}

std::optional<std::string> permission_mistake(unsigned mode,
                                              bool owner_is_us,
                                              std::string_view what) {
  const unsigned forbidden = owner_is_us ? 0077 : 0037;
  if ((mode & forbidden) == 0) return std::nullopt;
  std::array<char, 8> octal{};
  std::snprintf(octal.data(), octal.size(), "%04o", mode & 07777);
  return "The " + std::string(what) + " is open to others (mode " + octal.data() + "): chmod " +
         (owner_is_us ? "600 it." : "640 it (in Kubernetes: defaultMode: 0440).");
}

}  // namespace dkim
