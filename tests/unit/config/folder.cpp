#include "tests/unit/config/folder.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace test {
namespace {

template <auto release>
struct Release {
  template <class T>
  void operator()(T* pointer) const {
    release(pointer);
  }
};
using Bio = std::unique_ptr<BIO, Release<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509_free>>;

std::string text_of(const Bio& bio) {
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

Certificate self_signed(EVP_PKEY* key, bool needs_digest) {
  Certificate certificate(X509_new());
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400 * 30);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name,
                             "CN",
                             MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("relay.example.net"),
                             -1,
                             -1,
                             0);
  X509_set_issuer_name(certificate.get(), name);
  if (X509_sign(certificate.get(), key, needs_digest ? EVP_sha256() : nullptr) == 0)
    throw std::runtime_error("cannot sign a certificate");
  return certificate;
}

KeyPair pair_of(const Key& key, bool needs_digest) {
  if (!key) throw std::runtime_error("cannot make a key");
  const Bio key_text(BIO_new(BIO_s_mem())), certificate_text(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  PEM_write_bio_X509(certificate_text.get(), self_signed(key.get(), needs_digest).get());
  return {text_of(key_text), text_of(certificate_text)};
}

}  // namespace

Folder::Folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "postern_test_XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a folder");
  path_ = pattern;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path Folder::write(std::string_view name,
                                    std::string_view octets,
                                    mode_t mode) const {
  std::filesystem::path file = path_ / name;
  std::ofstream(file, std::ios::binary) << octets;
  ::chmod(file.c_str(), mode);
  return file;
}

std::string Folder::without_path(std::string text) const {
  const std::string prefix = path_.string() + "/";
  for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at))
    text.erase(at, prefix.size());
  return text;
}

std::string read_all(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + file.string());
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

KeyPair make_rsa(unsigned bits) { return pair_of(Key(EVP_RSA_gen(bits)), true); }

KeyPair make_ed25519() {
  return pair_of(Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")), false);
}

void write_fixture_files(const Folder& folder) {
  static const KeyPair rsa = make_rsa(2048), other = make_rsa(2048), weak = make_rsa(1024),
                       curve = make_ed25519();
  constexpr std::string_view strong = "Yy0p2uYhVtmVqRk2c7bQqJ8n4mXoL1sD5wZgTeHfA9Q=\n";
  folder.write("key.pem", rsa.key);
  folder.write("cert.pem", rsa.certificate, 0644);
  folder.write("other.pem", other.key);
  folder.write("weak.pem", weak.key);
  folder.write("ed25519.pem", curve.key);
  folder.write("open.pem", rsa.key, 0644);
  folder.write("strong", strong);
  folder.write("empty", "\n");
  folder.write("two_lines", "one\ntwo\n");
  folder.write("long", std::string(2000, 'x'));
  for (const char* name : {"ses_user", "ses_password", "shop_password", "club_password"})
    folder.write(name, strong);
  folder.write("relay.pem", rsa.certificate, 0644);
  for (const char* name : {"relay.key", "example.com.pem", "example.org.pem"})
    folder.write(name, rsa.key);
}

}  // namespace test
