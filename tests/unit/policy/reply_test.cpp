#include "policy/reply.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

std::string wire(const policy::Refusal& refusal, std::string_view reference) {
  return policy::reply_to(refusal, reference).wire();
}

}  // namespace

TEST_CASE("a reply line is code, enhanced code, text") {
  CHECK(policy::Reply({250, 1, 0}, "Ok").wire() == "250 2.1.0 Ok\r\n");
  CHECK(policy::Reply({451, 3, 0}, "No").wire() == "451 4.3.0 No\r\n");
  CHECK(policy::Reply({250, 1, 0}, "Ok").positive());
  CHECK(!policy::Reply({550, 1, 0}, "No").positive());
}

TEST_CASE("a plain reply has its lines as they are") {
  CHECK(policy::Reply::plain(220, {"relay ESMTP"}).wire() == "220 relay ESMTP\r\n");
  CHECK(policy::Reply::plain(250, {"relay", "PIPELINING", "8BITMIME"}).wire() ==
        "250-relay\r\n250-PIPELINING\r\n250 8BITMIME\r\n");
}

TEST_CASE("a refusal names its reference and its reason behind the sentence") {
  CHECK(wire({.reason = policy::Reason::attachment,
              .status = {},
              .sentence = "Not sent: x",
              .evidence = {}},
             "r7") == "550 5.6.1 Not sent: x (r7) [attachment]\r\n");
  CHECK(wire({.reason = policy::Reason::recipient,
              .status = policy::Status{553, 6, 7},
              .sentence = "Not sent: x",
              .evidence = {}},
             "") == "553 5.6.7 Not sent: x [recipient]\r\n");
}

TEST_CASE("no sentence makes a reply of 300 octets or of two lines, and the tail is never cut") {
  for (const std::size_t length : {200U, 250U, 260U, 270U, 300U, 5000U}) {
    const std::string reply = wire({.reason = policy::Reason::malformed,
                                    .status = {},
                                    .sentence = "Not sent: " + std::string(length, 'x'),
                                    .evidence = {}},
                                   "ref");
    CHECK(reply.size() < 300);
    CHECK(reply.ends_with(" (ref) [malformed]\r\n"));
  }
  const std::string split = wire({.reason = policy::Reason::malformed,
                                  .status = {},
                                  .sentence = "Not\r\n250 sent\t\x1b[0m \xE2\x80\xAE",
                                  .evidence = {}},
                                 "r\r\n2");
  CHECK(split == "550 5.6.0 Not??250 sent??[0m ? (r??2) [malformed]\r\n");
}

TEST_CASE("printable cuts and replaces, a UTF-8 character by one mark") {
  CHECK(policy::printable("M\xC3\xBCll.pdf") == "M?ll.pdf");
  CHECK(policy::printable("a\xE2\x80\xAE\xE2\x80\x8B"
                          "b") == "a??b");
  CHECK(policy::printable(std::string(40, 'a')) == std::string(40, 'a'));
  CHECK(policy::printable(std::string(41, 'a')) == std::string(37, 'a') + "...");
  CHECK(policy::printable("abcdef", 2) == "ab");
  CHECK(policy::printable(std::string("a\0b", 3)) == "a?b");
}
