#include "relay/config/key_files.hpp"

#include "relay/config/files.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <memory>

namespace config {
namespace {

constexpr std::size_t max_pem_octets = 256 * 1024;

template <auto release>
struct Release {
  template <class T>
  void operator()(T* pointer) const {
    release(pointer);
  }
};
using Bio = std::unique_ptr<BIO, Release<BIO_free_all>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509_free>>;

Bio bio_over(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) { return -1; }

Certificate parse_certificate(const std::string& text) {
  Certificate certificate(PEM_read_bio_X509(bio_over(text).get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  return certificate;
}

PrivateKey parse_private_key(const std::string& text) {
  PrivateKey key(PEM_read_bio_PrivateKey(bio_over(text).get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  return key;
}

mail::Result<PrivateKey> read_private_key(const std::filesystem::path& file) {
  auto read = read_file(file, max_pem_octets);
  if (!read) return read.error();
  PrivateKey key = parse_private_key(read->text);
  OPENSSL_cleanse(read->text.data(), read->text.size());
  if (!key)
    return mail::failure(fmt::format(
        "`{}` holds no private key in PEM form without a passphrase: give one; `openssl "
        "pkey -in OLD -out NEW` converts what has another form",
        file.string()));
  if ((read->mode & (S_IRWXO | S_IWGRP)) != 0)
    return mail::failure(
        fmt::format("`{0}` is a private key open to other users (mode {1:04o}): chmod 600 {0}",
                    file.string(),
                    read->mode & 07777));
  return key;
}

mail::Result<Certificate> read_certificate(const std::filesystem::path& file) {
  const auto read = read_file(file, max_pem_octets);
  if (!read) return read.error();
  Certificate certificate = parse_certificate(read->text);
  if (!certificate)
    return mail::failure(
        fmt::format("`{}` holds no certificate in PEM form: change the path", file.string()));
  return certificate;
}

}  // namespace

std::optional<std::string> fault_of_dkim_key(const std::filesystem::path& file,
                                             KeyAlgorithm algorithm) {
  const auto key = read_private_key(file);
  if (!key) return key.error().sentence();
  const int type = EVP_PKEY_get_base_id(key->get());
  const int bits = EVP_PKEY_get_bits(key->get());
  switch (algorithm) {
    case KeyAlgorithm::rsa2048:
      if (type == EVP_PKEY_RSA && bits >= 2048 && bits <= 4096) return std::nullopt;
      return fmt::format(
          "`{}` is not an RSA key of 2048 to 4096 bits: `openssl genrsa -out NEW 2048` makes one",
          file.string());
    case KeyAlgorithm::ed25519:
      if (type == EVP_PKEY_ED25519) return std::nullopt;
      return fmt::format(
          "`{}` is not an Ed25519 key: `openssl genpkey -algorithm ed25519 -out NEW` makes one",
          file.string());
  }
  return std::nullopt;
}

std::optional<std::string> fault_of_certificate(const std::filesystem::path& file) {
  const auto certificate = read_certificate(file);
  if (!certificate) return certificate.error().sentence();
  return std::nullopt;
}

std::optional<std::string> fault_of_tls_key(const std::filesystem::path& key,
                                            const std::filesystem::path& certificate) {
  const auto private_key = read_private_key(key);
  if (!private_key) return private_key.error().sentence();
  const auto leaf = read_certificate(certificate);
  if (!leaf) return std::nullopt;  // said at the certificate
  const bool belongs = X509_check_private_key(leaf->get(), private_key->get()) == 1;
  ERR_clear_error();
  if (belongs) return std::nullopt;
  return fmt::format(
      "`{}` does not belong to the first certificate in `{}`: give the pair, the server's own "
      "certificate first",
      key.string(),
      certificate.string());
}

}  // namespace config
