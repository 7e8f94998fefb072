#include "relay/keystore/master_key.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace {

using keystore::MasterKey;

/// The octets 0 to 31.
constexpr std::string_view counted = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

template <class T, class = void>
struct IsPrintable : std::false_type {};
template <class T>
struct IsPrintable<T, std::void_t<decltype(std::declval<std::ostream&>() << std::declval<T>())>>
    : std::true_type {};
static_assert(!IsPrintable<MasterKey>::value, "a master key cannot slip into a log");
static_assert(!std::is_copy_constructible_v<MasterKey> && !std::is_copy_assignable_v<MasterKey>);

}  // namespace

TEST_SUITE_BEGIN("keystore/master_key");

TEST_CASE("a key is read from 32 octets of base64 in one line, and from nothing else") {
  struct Row {
    std::string_view name;
    std::string text;
    bool is_key;
  };
  const std::string whole(counted);
  const Row rows[] = {
      {"bare", whole, true},
      {"with a line end", whole + "\n", true},
      {"with a DOS line end", whole + "\r\n", true},
      {"empty", "", false},
      {"a line end alone", "\n", false},
      {"two line ends", whole + "\n\n", false},
      {"a space before", " " + whole.substr(0, 43), false},
      {"a space after", whole + " ", false},
      {"31 octets", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==", false},
      {"33 octets", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g", false},
      {"padding bits that are not zero", whole.substr(0, 42) + "9=", false},
      {"hexadecimal", std::string(64, 'a'), false},
      {"of another alphabet", "-" + whole.substr(1), false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(MasterKey::from_text(row.text).has_value() == row.is_key);
  }
}

TEST_CASE("a key is written as it is read") {
  const auto key = MasterKey::from_text(counted).value();
  CHECK(key.text() == std::string(counted) + "\n");
  for (std::size_t i = 0; i < MasterKey::size; ++i) CHECK(key.octets()[i] == i);
  const auto made = MasterKey::generate().value();
  CHECK(MasterKey::from_text(made.text()).value().octets() == made.octets());
  CHECK(made.octets() != MasterKey::generate().value().octets());
}

TEST_CASE("the ownership challenge is the one that openssl and Python compute") {
  const auto key = MasterKey::from_text(counted).value();
  CHECK(key.challenge("example.com") == "postern-challenge=37qzqalxrtzivxbw75xoc4bauolpg3o4");
  CHECK(key.challenge("xn--bcher-kva.example") ==
        "postern-challenge=wttlkg7w7vydp4efwwy6ah3qfvembisy");
  CHECK(MasterKey::generate().value().challenge("example.com") != key.challenge("example.com"));
}

TEST_CASE("the key id tells keys apart and stays the same") {
  const auto key = MasterKey::from_text(counted).value();
  CHECK(key.key_id() == "70384bc0");
  const auto other = MasterKey::from_text("B" + std::string(counted.substr(1))).value();
  CHECK(other.key_id() != key.key_id());
}

TEST_SUITE_END();
