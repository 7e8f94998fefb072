#include "relay/keystore/sealing.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace {

using keystore::MasterKey;
using keystore::Purpose;

constexpr std::string_view secret = "a private key";
constexpr Purpose purpose{"dkim-key", "example.com/p1"};
/// Sealed by Python's cryptography package with the octets 0 to 31 and the nonce 100 to 111.
constexpr std::string_view sealed_elsewhere =
    "v1:70384bc0:ZGVmZ2hpamtsbW5viaLBrquE/ervN3Un41TdYg4MJzH9typ5SVfQiXM=";

MasterKey counted_key() {
  return MasterKey::from_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").value();
}

std::string outcome(const MasterKey& key, const Purpose& wanted, std::string_view sealed) {
  const auto opened = keystore::open(key, wanted, sealed);
  return opened ? opened->reveal() : opened.error().sentence();
}

constexpr std::string_view damaged =
    "The sealed dkim-key of example.com/p1 is damaged, or was sealed for something else: restore "
    "the store from a backup.";

template <class T, class = void>
struct IsPrintable : std::false_type {};
template <class T>
struct IsPrintable<T, std::void_t<decltype(std::declval<std::ostream&>() << std::declval<T>())>>
    : std::true_type {};
static_assert(!IsPrintable<keystore::Secret>::value, "a secret cannot slip into a log");
static_assert(!std::is_copy_constructible_v<keystore::Secret>);

}  // namespace

TEST_SUITE_BEGIN("keystore/sealing");

TEST_CASE("a sealed secret opens again, whatever its octets and length") {
  const auto key = counted_key();
  for (const std::string& text : {std::string(),
                                  std::string("\0\n\xff", 3),
                                  std::string(secret),
                                  std::string(keystore::max_secret_octets, 'x')}) {
    CAPTURE(text.size());
    const auto sealed = keystore::seal(key, purpose, text).value();
    CHECK(sealed.starts_with("v1:70384bc0:"));
    CHECK(sealed.find(secret) == std::string::npos);
    CHECK(outcome(key, purpose, sealed) == text);
  }
  const std::string too_long(keystore::max_secret_octets + 1, 'x');
  CHECK(keystore::seal(key, purpose, too_long).error().sentence() ==
        "A secret over 64 KiB is not sealed: give a shorter one.");
}

TEST_CASE("what another implementation of AES-GCM sealed opens") {
  CHECK(outcome(counted_key(), purpose, sealed_elsewhere) == secret);
}

TEST_CASE("no two seals are alike") {
  const auto key = counted_key();
  std::set<std::string> seals;
  for (int i = 0; i < 100; ++i) seals.insert(keystore::seal(key, purpose, secret).value());
  CHECK(seals.size() == 100);
}

TEST_CASE("a sealed text of another purpose does not open") {
  const auto key = counted_key();
  const auto sealed = keystore::seal(key, purpose, secret).value();
  for (const Purpose& other : {Purpose{"dkim-key", "example.com/p2"},
                               Purpose{"dkim-key", "example.org/p1"},
                               Purpose{"dkim-keyexample.com/p1", ""},
                               Purpose{"token", "example.com/p1"}}) {
    CAPTURE(other.kind);
    CAPTURE(other.name);
    CHECK_FALSE(keystore::open(key, other, sealed).has_value());
  }
}

TEST_CASE("a sealed text of another master key names the mend, and no key") {
  const auto other = MasterKey::generate().value();
  const auto sealed = keystore::seal(other, purpose, secret).value();
  CHECK(outcome(counted_key(), purpose, sealed) ==
        "The sealed dkim-key of example.com/p1 was sealed with another master key: give the file "
        "of that key as master_key_file.");
  std::string relabelled = sealed;
  relabelled.replace(3, 8, counted_key().key_id());
  CHECK(outcome(counted_key(), purpose, relabelled) == damaged);
}

TEST_CASE("a sealed text with any one character changed or missing does not open") {
  const auto key = counted_key();
  for (std::size_t i = 0; i < sealed_elsewhere.size(); ++i) {
    CAPTURE(i);
    std::string changed(sealed_elsewhere);
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(keystore::open(key, purpose, changed).has_value());
    std::string flipped(sealed_elsewhere);
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    CHECK_FALSE(keystore::open(key, purpose, flipped).has_value());
    std::string shorter(sealed_elsewhere);
    shorter.erase(i, 1);
    CHECK_FALSE(keystore::open(key, purpose, shorter).has_value());
    CHECK_FALSE(keystore::open(key, purpose, sealed_elsewhere.substr(0, i)).has_value());
  }
  CHECK(outcome(key, purpose, std::string(sealed_elsewhere) + "AAAA") == damaged);
  CHECK(outcome(key, purpose, std::string(sealed_elsewhere) + "\n") == damaged);
}

TEST_CASE("a text that nobody sealed is refused") {
  const auto key = counted_key();
  for (const std::string& text : {std::string(),
                                  std::string("v1:"),
                                  std::string("v1:70384bc0"),
                                  std::string("v1:70384bc0:"),
                                  std::string("v1:70384bc0:AAAA"),
                                  std::string("v1:70384bc0:===="),
                                  "v1:70384bc0:" + std::string(36, 'A'),
                                  "v1:70384bc0:" + std::string(1 << 20, 'A'),
                                  "v2:70384bc0:" + std::string(40, 'A')}) {
    CAPTURE(text.substr(0, 20));
    CHECK(outcome(key, purpose, text) == damaged);
  }
}

TEST_CASE("resealing changes the master key and nothing else, and may be done twice") {
  const auto from = counted_key();
  const auto to = MasterKey::generate().value();
  const auto moved = keystore::reseal(from, to, purpose, sealed_elsewhere).value();
  CHECK(outcome(to, purpose, moved) == secret);
  CHECK_FALSE(keystore::open(from, purpose, moved).has_value());
  CHECK(keystore::reseal(from, to, purpose, moved).value() == moved);
  const auto third = MasterKey::generate().value();
  CHECK_FALSE(keystore::reseal(third, to, purpose, sealed_elsewhere).has_value());
}

TEST_CASE("a secret keeps its text when it is moved") {
  keystore::Secret first(std::string("short"));
  keystore::Secret second(std::move(first));
  CHECK(second.reveal() == "short");
  keystore::Secret third(std::string("other"));
  third = std::move(second);
  CHECK(third.reveal() == "short");
}

TEST_SUITE_END();
