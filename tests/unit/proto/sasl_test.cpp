#include "relay/proto/sasl.hpp"

#include "relay/proto/base64.hpp"

#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

namespace {

using namespace std::string_literals;
using smtp::base64_decode;
using smtp::base64_encode;
using smtp::Challenge;
using smtp::Credential;
using smtp::Mechanism;
using smtp::SaslExchange;
using smtp::SaslFault;
using smtp::SaslStep;

/// What a step is, as a word.
std::string shown(const SaslStep& step) {
  if (const auto* challenge = std::get_if<Challenge>(&step))
    return "334 " + std::string(challenge->text);
  if (const auto* credential = std::get_if<Credential>(&step)) {
    return credential->user + " / " + credential->password;
  }
  switch (std::get<SaslFault>(step)) {
    case SaslFault::cancelled:
      return "cancelled";
    case SaslFault::malformed:
      return "malformed";
    case SaslFault::identity:
      return "identity";
  }
  return "";
}

TEST_CASE("base64 has the values of RFC 4648") {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\xFB\xFF\xFE", "+//+"},
      {"\0a"s, "AGE="},
  };
  for (const auto& [octets, text] : rows) {
    CAPTURE(text);
    CHECK(base64_encode(octets) == text);
    CHECK(base64_decode(text) == octets);
  }
}

TEST_CASE("base64 takes only what it would have written") {
  for (const std::string text : {"Z",
                                 "Zg",
                                 "Zg=",
                                 "Zg===",
                                 "=",
                                 "==",
                                 "====",
                                 "Zg==Zg==",
                                 "Z===",
                                 "Zh==",
                                 "Zm9=",
                                 "Zm 9",
                                 "Zm9v\n",
                                 "Zm9-",
                                 "Zm9_",
                                 "Z\xC3m9",
                                 "Zg==Zm9v"}) {
    CAPTURE(text);
    CHECK(base64_decode(text) == std::nullopt);
  }
}

TEST_CASE("every octet survives base64") {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  CHECK(base64_decode(base64_encode(all)) == all);
}

TEST_CASE("mechanisms are known without case, and no others are") {
  CHECK(smtp::mechanism_of("plain") == Mechanism::plain);
  CHECK(smtp::mechanism_of("Login") == Mechanism::login);
  CHECK(smtp::mechanism_of("CRAM-MD5") == std::nullopt);
  CHECK(smtp::mechanism_of("") == std::nullopt);
}

TEST_CASE("PLAIN names user and password in one response") {
  const std::string longest(smtp::max_credential_octets, 'x');
  const std::vector<std::pair<std::string, std::string>> rows{
      {"\0shop\0secret"s, "shop / secret"},
      {"shop\0shop\0secret"s, "shop / secret"},
      {"\0"s + longest + '\0' + longest, longest + " / " + longest},
      {"admin\0shop\0secret"s, "identity"},
      {"\0shop\0"s, "malformed"},
      {"\0\0secret"s, "malformed"},
      {"shop\0secret"s, "malformed"},
      {"shop", "malformed"},
      {"", "malformed"},
      {"\0shop\0sec\0ret"s, "malformed"},
      {"\0"s + longest + "x\0y"s, "malformed"},
      {"\0shop\0"s + longest + "x", "malformed"},
  };
  for (const auto& [message, expected] : rows) {
    CAPTURE(message);
    const std::string line = base64_encode(message);
    SaslExchange challenged(Mechanism::plain);
    CHECK(shown(challenged.begin(std::nullopt)) == "334 ");
    CHECK(shown(challenged.resume(line)) == expected);
    if (line.empty()) continue;
    SaslExchange at_once(Mechanism::plain);
    CHECK(shown(at_once.begin(line)) == expected);
  }
}

TEST_CASE("LOGIN asks for user name and password, and takes the user name in the command") {
  SaslExchange asked(Mechanism::login);
  CHECK(shown(asked.begin(std::nullopt)) == "334 VXNlcm5hbWU6");
  CHECK(shown(asked.resume(base64_encode("shop"))) == "334 UGFzc3dvcmQ6");
  CHECK(shown(asked.resume(base64_encode("secret"))) == "shop / secret");
  SaslExchange named(Mechanism::login);
  CHECK(shown(named.begin(base64_encode("shop"))) == "334 UGFzc3dvcmQ6");
  CHECK(shown(named.resume(base64_encode("secret"))) == "shop / secret");
}

TEST_CASE("LOGIN refuses an empty or over-long user name and password") {
  const std::string too_long(smtp::max_credential_octets + 1, 'x');
  for (const std::string& word : {""s, too_long, "a\0b"s}) {
    SaslExchange user(Mechanism::login);
    (void)user.begin(std::nullopt);
    CHECK(shown(user.resume(base64_encode(word))) == "malformed");
    SaslExchange password(Mechanism::login);
    (void)password.begin(base64_encode("shop"));
    CHECK(shown(password.resume(base64_encode(word))) == "malformed");
  }
}

TEST_CASE("an equals sign stands for an empty initial response, which says nothing") {
  CHECK(shown(SaslExchange(Mechanism::plain).begin("=")) == "334 ");
  CHECK(shown(SaslExchange(Mechanism::login).begin("=")) == "334 VXNlcm5hbWU6");
}

TEST_CASE("a star cancels at every step, what is not base64 is malformed") {
  for (const Mechanism mechanism : {Mechanism::plain, Mechanism::login}) {
    for (const auto& [line, expected] :
         {std::pair{"*", "cancelled"}, {"a b", "malformed"}, {"%", "malformed"}}) {
      SaslExchange exchange(mechanism);
      (void)exchange.begin(std::nullopt);
      CHECK(shown(exchange.resume(line)) == expected);
    }
  }
  SaslExchange login(Mechanism::login);
  (void)login.begin(base64_encode("shop"));
  CHECK(shown(login.resume("*")) == "cancelled");
}

TEST_CASE("a wiped secret leaves none of its octets") {
  std::string secret(64, 's');
  const char* const octets = secret.data();
  smtp::wipe(secret);
  CHECK(secret.empty());
  for (std::size_t i = 0; i < 64; ++i) CHECK(octets[i] == '\0');
}

}  // namespace
