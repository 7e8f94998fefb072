#include "dkim/pem_cache.hpp"

#include "dkim/key.hpp"
#include "dkim/signer.hpp"
#include "rfc_keys.hpp"

#include <doctest/doctest.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::string_view message = "From: a@example.com\r\nSubject: s\r\n\r\nbody\r\n";
const auto noon = std::chrono::sys_seconds(std::chrono::seconds(1795255200));

EVP_PKEY* asked_for(std::string_view pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return key;
}

}  // namespace

TEST_SUITE_BEGIN("dkim/pem_cache");

TEST_CASE("libopendkim is answered with the parsed key at every signature") {
  dkim::Library library;
  for (const auto algorithm : {dkim::Algorithm::rsa_sha256, dkim::Algorithm::ed25519_sha256}) {
    const auto signer =
        dkim::make_signer(library, dkim::generate_key(algorithm).value(), "example.com", "p1")
            .value();
    const std::uint64_t before = dkim::pem_cache_hits();
    for (int i = 0; i < 3; ++i) REQUIRE(signer.sign(message, noon).has_value());
    CHECK(dkim::pem_cache_hits() == before + 3);
  }
}

TEST_CASE("a text that names no living key is parsed as if nothing stood in between") {
  const std::uint64_t before = dkim::pem_cache_hits();
  EVP_PKEY* unknown = asked_for(dkim::test::rfc6376_key);
  REQUIRE(unknown != nullptr);
  CHECK(EVP_PKEY_get_bits(unknown) == 1024);
  EVP_PKEY_free(unknown);
  std::string pem;
  { pem = dkim::generate_key(dkim::Algorithm::rsa_sha256).value().pem(); }
  EVP_PKEY* dead = asked_for(pem);
  REQUIRE(dead != nullptr);
  EVP_PKEY_free(dead);
  CHECK(asked_for("-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n") == nullptr);
  CHECK(PEM_read_bio_PrivateKey(nullptr, nullptr, nullptr, nullptr) == nullptr);
  CHECK(dkim::pem_cache_hits() == before);
}

TEST_CASE("a living key is given out with a reference of its own") {
  EVP_PKEY* given = nullptr;
  {
    const auto key = dkim::generate_key(dkim::Algorithm::rsa_sha256).value();
    given = asked_for(key.pem());
  }
  REQUIRE(given != nullptr);
  CHECK(EVP_PKEY_get_bits(given) == 2048);
  EVP_PKEY_free(given);
}

TEST_CASE("an Ed25519 key survives the signatures made with it") {
  dkim::Library library;
  const auto key = dkim::generate_key(dkim::Algorithm::ed25519_sha256).value();
  const auto signer = dkim::make_signer(library, key, "example.com", "p1").value();
  const std::string first = signer.sign(message, noon).value();
  for (int i = 0; i < 50; ++i) CHECK(signer.sign(message, noon).value() == first);
}

TEST_CASE("the table holds as many keys as it says and has room again when they die") {
  std::vector<std::shared_ptr<const dkim::ParsedKey>> keys;
  for (std::size_t i = 0; i < dkim::max_parsed_keys; ++i) {
    keys.push_back(dkim::share_parsed_key("no key " + std::to_string(i), nullptr));
    if (keys.back() == nullptr) break;
  }
  CHECK(keys.back() != nullptr);
  CHECK(dkim::share_parsed_key("no key 7", nullptr) == keys[7]);
  CHECK(dkim::share_parsed_key("one more", nullptr) == nullptr);
  const auto refused = dkim::generate_key(dkim::Algorithm::ed25519_sha256);
  REQUIRE(refused.has_error());
  CHECK(refused.error().sentence().starts_with("There are 65536 DKIM keys in use"));
  keys[3].reset();
  CHECK(dkim::share_parsed_key("one more", nullptr) != nullptr);
}

TEST_CASE("threads that sign at once while keys come and go all get whole signatures") {
  dkim::Library library;
  const auto key = dkim::read_key(dkim::test::rfc6376_key, true).value();
  const std::string expected =
      dkim::make_signer(library, key, "example.com", "p1").value().sign(message, noon).value();
  std::vector<int> equal(4, 0);
  std::vector<std::thread> threads;
  threads.reserve(equal.size());
  for (int& count : equal) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const auto own = dkim::read_key(dkim::test::rfc6376_key, true).value();
        const auto signer = dkim::make_signer(library, own, "example.com", "p1").value();
        count += signer.sign(message, noon).value() == expected ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(equal == std::vector<int>(4, 20));
}

TEST_SUITE_END();
