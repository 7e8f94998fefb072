#include "dkim/verifier.hpp"

#include "dkim/signer.hpp"
#include "rfc_keys.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

constexpr std::string_view rfc8463_message =
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    " subject : date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    "From: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\n"
    "Subject: Is dinner ready?\r\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
    "\r\n"
    "Hi.\r\n"
    "\r\n"
    "We lost the game.  Are you hungry yet?\r\n"
    "\r\n"
    "Joe.\r\n";

std::string outcome(std::string_view octets, const dkim::PublishedKey& published) {
  dkim::Library library;
  const auto verified = dkim::verify(library, octets, published);
  return verified ? "valid" : verified.error().sentence();
}

}  // namespace

TEST_SUITE_BEGIN("dkim/verifier");

TEST_CASE("the message of RFC 8463 verifies with the key published there, and not when changed") {
  const dkim::PublishedKey published{
      "football.example.com", "brisbane", dkim::test::rfc8463_record};
  CHECK(outcome(rfc8463_message, published) == "valid");
  std::string changed(rfc8463_message);
  changed.replace(changed.find("lost"), 4, "won ");
  CHECK(outcome(changed, published) ==
        "No valid signature of football.example.com (selector brisbane): the body is not the one "
        "that was signed.");
  changed = rfc8463_message;
  changed.replace(changed.find("dinner"), 6, "supper");
  CHECK(outcome(changed, published) ==
        "No valid signature of football.example.com (selector brisbane): signature verification "
        "failed.");
}

TEST_CASE("a signature of another domain or selector is not looked at") {
  CHECK(outcome(rfc8463_message, {"football.example.com", "other", dkim::test::rfc8463_record}) ==
        "No valid signature of football.example.com (selector other): the message has none.");
  CHECK(outcome(rfc8463_message, {"example.com", "brisbane", dkim::test::rfc8463_record}) ==
        "No valid signature of example.com (selector brisbane): the message has none.");
  CHECK(outcome("From: a@example.com\r\n\r\n", {"example.com", "p1", dkim::test::rfc8463_record}) ==
        "No valid signature of example.com (selector p1): the message has none.");
}

TEST_CASE("a signature is found among those of others") {
  const std::string other =
      "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=amazonses.com; s=x; t=1528637909;\r\n"
      " h=From; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n";
  const dkim::PublishedKey published{
      "football.example.com", "brisbane", dkim::test::rfc8463_record};
  CHECK(outcome(other + std::string(rfc8463_message), published) == "valid");
  std::string after(rfc8463_message);
  after.insert(after.find("From:"), other);
  CHECK(outcome(after, published) == "valid");
}

TEST_CASE("a record of 1024 octets is read, a longer one refused") {
  std::string record(dkim::test::rfc8463_record);
  record += "; n=";
  record.resize(1024, 'x');
  CHECK(outcome(rfc8463_message, {"football.example.com", "brisbane", record}) == "valid");
  CHECK(outcome(rfc8463_message, {"football.example.com", "brisbane", record + "x"})
            .starts_with("The DKIM record is over 1024 octets"));
}

TEST_CASE("a record that cannot be the key's never verifies") {
  for (const std::string& record : {std::string(),
                                    std::string("v=DKIM1; k=ed25519; p="),
                                    std::string("nonsense"),
                                    std::string("v=DKIM1; k=rsa; p=AAAA")}) {
    CAPTURE(record);
    CHECK(outcome(rfc8463_message, {"football.example.com", "brisbane", record}) != "valid");
  }
}

TEST_CASE("what a signer of either algorithm makes verifies with its key's record") {
  dkim::Library library;
  for (const auto algorithm : {dkim::Algorithm::rsa_sha256, dkim::Algorithm::ed25519_sha256}) {
    const auto key = dkim::generate_key(algorithm).value();
    const auto signer = dkim::make_signer(library, key, "example.com", "p1").value();
    const std::string message = "From: a@example.com\r\n\r\n";  // no body at all
    const std::string field = signer.sign(message, std::chrono::system_clock::now()).value();
    CHECK(outcome(field + message, {"EXAMPLE.com", "P1", key.public_record()}) == "valid");
  }
}

TEST_SUITE_END();
