#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

/// A throw-away certificate for localhost and 127.0.0.1 that is its own authority, and its key: two
/// PEM files in a directory that goes with it.
class Certificate {
 public:
  static constexpr std::chrono::seconds valid = std::chrono::hours(1);  ///< from now on

  Certificate() {
    std::string name = (std::filesystem::temp_directory_path() / "postern-tls.XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary directory");
    directory_ = name;
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                  EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
    fill(certificate.get(), key.get());
    write(this->certificate(), [&](std::FILE* to) { PEM_write_X509(to, certificate.get()); });
    write(private_key(), [&](std::FILE* to) {
      PEM_write_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  ~Certificate() { std::filesystem::remove_all(directory_); }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  [[nodiscard]] std::filesystem::path certificate() const { return directory_ / "certificate.pem"; }
  [[nodiscard]] std::filesystem::path private_key() const { return directory_ / "key.pem"; }

 private:
  static void fill(X509* certificate, EVP_PKEY* key) {
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), valid.count());
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    const std::string common = "localhost";
    X509_NAME_add_entry_by_txt(name,
                               "CN",
                               MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common.data()),
                               static_cast<int>(common.size()),
                               -1,
                               0);
    X509_set_issuer_name(certificate, name);
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> names(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1"),
        X509_EXTENSION_free);
    X509_add_ext(certificate, names.get(), -1);
    X509_sign(certificate, key, EVP_sha256());
  }

  template <class Print>
  static void write(const std::filesystem::path& file, Print print) {
    const std::unique_ptr<std::FILE, decltype(&std::fclose)> to(std::fopen(file.c_str(), "w"),
                                                                std::fclose);
    if (!to) throw std::runtime_error("cannot write " + file.string());
    print(to.get());
  }

  std::filesystem::path directory_;
};
