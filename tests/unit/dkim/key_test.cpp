#include "dkim/key.hpp"

#include "dkim/record.hpp"
#include "rfc_keys.hpp"

#include <doctest/doctest.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <type_traits>

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

/// More primes make a large key in less time.
Key rsa(int bits, int primes = 2) {
  EVP_PKEY* key = nullptr;
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr);
  EVP_PKEY_keygen_init(context);
  EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits);
  EVP_PKEY_CTX_set_rsa_keygen_primes(context, primes);
  EVP_PKEY_generate(context, &key);
  EVP_PKEY_CTX_free(context);
  return {key, EVP_PKEY_free};
}
Key other_kind(const char* name) {
  EVP_PKEY* key = nullptr;
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, name, nullptr);
  EVP_PKEY_keygen_init(context);
  EVP_PKEY_generate(context, &key);
  EVP_PKEY_CTX_free(context);
  return {key, EVP_PKEY_free};
}
Key elliptic() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

template <class Write>
std::string written(Write write) {
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  REQUIRE(write(bio.get()) == 1);
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<std::size_t>(length));
}
std::string pkcs8(const Key& key) {
  return written([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}
std::string pkcs1(const Key& key) {
  return written([&](BIO* bio) {
    return PEM_write_bio_PrivateKey_traditional(
        bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}
std::string encrypted_pkcs8(const Key& key) {
  return written([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(
        bio, key.get(), EVP_aes_128_cbc(), "secret", 6, nullptr, nullptr);
  });
}
std::string encrypted_pkcs1(const Key& key) {
  const auto* passphrase = reinterpret_cast<const unsigned char*>("secret");
  return written([&](BIO* bio) {
    return PEM_write_bio_PrivateKey_traditional(
        bio, key.get(), EVP_aes_128_cbc(), passphrase, 6, nullptr, nullptr);
  });
}
std::string public_half(const Key& key) {
  return written([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key.get()); });
}

template <class T, class = void>
struct IsPrintable : std::false_type {};
template <class T>
struct IsPrintable<T, std::void_t<decltype(std::declval<std::ostream&>() << std::declval<T>())>>
    : std::true_type {};
static_assert(!IsPrintable<dkim::PrivateKey>::value, "a key cannot slip into a log");

std::string refusal(std::string_view pem, bool allow_weak = false) {
  const auto key = dkim::read_key(pem, allow_weak);
  return key ? "accepted" : key.error().sentence();
}

}  // namespace

TEST_SUITE_BEGIN("dkim/key");

TEST_CASE(
    "a 2048-bit RSA key is read in PKCS#1 and PKCS#8, whatever stands around it, as one key") {
  const Key key = rsa(2048);
  const auto from_pkcs8 = dkim::read_key(pkcs8(key)).value();
  const auto from_pkcs1 = dkim::read_key("a comment\n" + pkcs1(key) + "\nanother").value();
  CHECK(from_pkcs8.algorithm() == dkim::Algorithm::rsa_sha256);
  CHECK(from_pkcs8.bits() == 2048);
  CHECK(from_pkcs8.pem() == pkcs8(key));
  CHECK(&from_pkcs8.pem() == &from_pkcs1.pem());
  CHECK(dkim::read_key(from_pkcs8.pem()).value().public_record() == from_pkcs1.public_record());
}

TEST_CASE("the public record is the one that the RFCs publish for their keys") {
  CHECK(dkim::read_key(dkim::test::rfc6376_key, true).value().public_record() ==
        dkim::test::rfc6376_record);
  const auto ed25519 = dkim::read_key(dkim::test::rfc8463_key).value();
  CHECK(ed25519.algorithm() == dkim::Algorithm::ed25519_sha256);
  CHECK(ed25519.public_record() == dkim::test::rfc8463_record);
}

TEST_CASE("a new key is RSA of 2048 bits or Ed25519, and each is another") {
  const auto rsa_key = dkim::generate_key(dkim::Algorithm::rsa_sha256).value();
  CHECK(rsa_key.bits() == 2048);
  CHECK(dkim::read_key(rsa_key.pem()).value().public_record() == rsa_key.public_record());
  CHECK(rsa_key.public_record().starts_with("v=DKIM1; k=rsa; p=MIIB"));
  const auto first = dkim::generate_key(dkim::Algorithm::ed25519_sha256).value();
  const auto second = dkim::generate_key(dkim::Algorithm::ed25519_sha256).value();
  CHECK(first.public_record() != second.public_record());
}

TEST_CASE("a key is refused below 1024 bits always, below 2048 unless allowed, and above 4096") {
  CHECK(refusal(pkcs8(rsa(512)), true)
            .starts_with("The DKIM key has 512 bits, and receivers ignore"));
  CHECK(refusal(pkcs8(rsa(1023)), true).starts_with("The DKIM key has 1023 bits"));
  CHECK(refusal(dkim::test::rfc6376_key)
            .starts_with("The DKIM key has 1024 bits, which is too weak today: make one"));
  CHECK(refusal(dkim::test::rfc6376_key, true) == "accepted");
  CHECK(refusal(pkcs8(rsa(2047))).starts_with("The DKIM key has 2047 bits"));
  CHECK(refusal(pkcs8(rsa(4104, 4)))
            .starts_with("The DKIM key has 4104 bits, and receivers need not"));
}

TEST_CASE("what is not a signing key is refused with a sentence that says what it is") {
  const Key key = rsa(1024);
  CHECK(refusal(encrypted_pkcs8(key)).starts_with("The DKIM key is encrypted with a passphrase"));
  CHECK(refusal(encrypted_pkcs1(key)).starts_with("The DKIM key is encrypted with a passphrase"));
  CHECK(refusal(public_half(key)).starts_with("The DKIM key file holds the public half only"));
  CHECK(refusal("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
            .starts_with("The DKIM key file holds"));
  CHECK(refusal("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n")
            .starts_with("The DKIM key is an SSH key"));
  CHECK(refusal(pkcs8(elliptic())).starts_with("The DKIM key is neither RSA nor Ed25519"));
  CHECK(refusal(pkcs1(elliptic())).starts_with("The DKIM key is neither RSA nor Ed25519"));
  CHECK(refusal(pkcs8(other_kind("RSA-PSS"))).starts_with("The DKIM key is neither RSA nor"));
  CHECK(refusal(pkcs8(other_kind("X25519"))).starts_with("The DKIM key is neither RSA nor"));
  CHECK(refusal(pkcs8(key) + pkcs8(key), true).starts_with("The DKIM key file holds several"));
  CHECK(refusal(pkcs1(key) + "\r\n" + pkcs8(elliptic()), true)
            .starts_with("The DKIM key file holds several"));
  CHECK(refusal(public_half(key) + pkcs8(key), true) == "accepted");
  CHECK(refusal(pkcs8(key).substr(0, 400), true).starts_with("The DKIM key is damaged"));
  CHECK(
      refusal(pkcs8(key).replace(100, 8, "AAAAAAAA"), true).starts_with("The DKIM key is damaged"));
  CHECK(refusal("").starts_with("The DKIM key is not a private key in PEM"));
  CHECK(refusal("hunter2").find("hunter2") == std::string::npos);
  CHECK(refusal(std::string(65537, 'x')).starts_with("The DKIM key is over 64 KiB"));
}

TEST_CASE("a record is split into character-strings of at most 255 octets that join to it again") {
  const std::string record =
      dkim::generate_key(dkim::Algorithm::rsa_sha256).value().public_record();
  const auto strings = dkim::character_strings(record);
  REQUIRE(strings.size() == 2);
  CHECK(strings[0].size() == 255);
  CHECK(strings[0] + strings[1] == record);
  CHECK(dkim::character_strings(std::string(255, 'a')).size() == 1);
  CHECK(dkim::character_strings(std::string(256, 'a')).size() == 2);
  CHECK(dkim::record_name("p1", "example.com") == "p1._domainkey.example.com");
}

TEST_CASE("a key file that others can open is a mistake, with the mend") {
  struct Row {
    unsigned mode;
    bool ours;
    std::string_view mistake;
  };
  static const Row rows[] = {
      {0600, true, ""},
      {0400, true, ""},
      {0640, true, "The DKIM key file is open to others (mode 0640): chmod 600 it."},
      {0644, true, "The DKIM key file is open to others (mode 0644): chmod 600 it."},
      {0601, true, "The DKIM key file is open to others (mode 0601): chmod 600 it."},
      {0440, false, ""},
      {0640, false, ""},
      {0444,
       false,
       "The DKIM key file is open to others (mode 0444): chmod 640 it (in Kubernetes: defaultMode: "
       "0440)."},
      {0660,
       false,
       "The DKIM key file is open to others (mode 0660): chmod 640 it (in Kubernetes: defaultMode: "
       "0440)."},
  };
  for (const Row& row : rows) {
    CAPTURE(row.mode);
    CAPTURE(row.ours);
    CHECK(dkim::permission_mistake(row.mode, row.ours).value_or("") == row.mistake);
  }
}

TEST_SUITE_END();
