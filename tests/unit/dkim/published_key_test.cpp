#include "dkim/published_key.hpp"

#include "rfc_keys.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

std::string p_of(const dkim::PrivateKey& key) {
  const std::string& record = key.public_record();
  return record.substr(record.find("p=") + 2);
}

const dkim::PrivateKey& rsa() {
  static const auto key = dkim::generate_key(dkim::Algorithm::rsa_sha256).value();
  return key;
}
const dkim::PrivateKey& ed25519() {
  static const auto key = dkim::read_key(dkim::test::rfc8463_key).value();
  return key;
}

dkim::KeyTest tested(const dkim::PrivateKey& key, std::string_view record) {
  static dkim::Library library;
  return dkim::test_published(library, key, {"example.com", "p1", record}).value();
}

std::string_view word(dkim::KeyMatch match) {
  switch (match) {
    case dkim::KeyMatch::same:
      return "same";
    case dkim::KeyMatch::barred:
      return "barred";
    case dkim::KeyMatch::other_key:
      return "other_key";
    case dkim::KeyMatch::revoked:
      return "revoked";
    case dkim::KeyMatch::unreadable:
      return "unreadable";
  }
  return "";
}

}  // namespace

TEST_SUITE_BEGIN("dkim/published_key");

TEST_CASE("a record is told from one that signs nothing of ours, with the reason") {
  const std::string p = p_of(rsa());
  const std::string other = p_of(dkim::generate_key(dkim::Algorithm::rsa_sha256).value());
  struct Row {
    std::string record;
    std::string_view match;
    std::string_view why;  ///< its beginning
  };
  const std::vector<Row> rows = {
      {rsa().public_record(), "same", ""},
      {"p=" + p, "same", ""},
      {"v=DKIM1; k=rsa; p=" + p + ";", "same", ""},
      {"v=DKIM1;k=rsa;p=" + p.substr(0, 200) + " \t" + p.substr(200), "same", ""},
      {"v=DKIM1; h=sha1:sha256; s=*; t=s; n=a note; p=" + p, "same", ""},
      {"v=DKIM1; k=RSA; h=SHA256; p=" + p, "same", ""},
      {"v=DKIM1; s=email; g=joe; p=" + p, "same", ""},
      {"v=DKIM1; h=sha1; p=" + p, "barred", "The record's h= leaves out sha256"},
      {"v=DKIM1; h=sha512; p=" + p, "barred", "The record's h= leaves out sha256"},
      {"v=DKIM1; s=tlsrpt; p=" + p, "barred", "The record's s= leaves out e-mail"},
      {"v=DKIM1; k=ed25519; p=" + p,
       "barred",
       "The record's k= is of another kind of key: write k=rsa."},
      {"v=DKIM1; k=dsa; p=" + p, "barred", "The record's k= is of another kind"},
      {"v=DKIM2; p=" + p, "barred", "The record's v= is not DKIM1"},
      {"v=DKIM1\\; k=rsa\\; p=" + p, "barred", "The record's v= is not DKIM1"},
      {"v=DKIM1; k=rsa; p=" + other, "other_key", "The record holds another key"},
      {"v=DKIM1; k=rsa; p=" + p + "; p=" + other, "other_key", "The record holds another key"},
      {"v=DKIM1; k=rsa; p=!!!!", "other_key", "The record holds another key"},
      {"v=DKIM1; k=rsa; p=" + p.substr(0, 100),
       "other_key",
       "The key in p= is cut off after 100 of 392 characters"},
      {ed25519().public_record(), "other_key", "The record holds another key"},
      {"v=DKIM1; k=rsa; p=", "revoked", "The record's p= is empty"},
      {"v=DKIM1; k=rsa; p= ;", "revoked", "The record's p= is empty"},
      {"", "unreadable", "The record is no list of tags"},
      {"\"v=DKIM1; k=rsa; p=" + p + "\"", "unreadable", "The record is no list of tags"},
      {"v=DKIM1;; p=" + p, "unreadable", "The record is no list of tags"},
      {"v=DKIM1; n=\xc3\xbc; p=" + p, "unreadable", "The record is no list of tags"},
      {"v=spf1 -all", "unreadable", "The record has no p="},
      {"v=DKIM1; k=rsa", "unreadable", "The record has no p="},
  };
  for (const Row& row : rows) {
    CAPTURE(row.record);
    const auto test = tested(rsa(), row.record);
    CHECK(word(test.match) == row.match);
    CHECK(test.why.substr(0, row.why.size()) == row.why);
    CHECK(test.why.empty() == (test.match == dkim::KeyMatch::same));
  }
}

TEST_CASE("an Ed25519 key is tested as an RSA key is") {
  const std::string p = p_of(ed25519());
  CHECK(tested(ed25519(), ed25519().public_record()).match == dkim::KeyMatch::same);
  CHECK(tested(ed25519(), "k=ed25519; h=sha1; p=" + p).match == dkim::KeyMatch::barred);
  CHECK(tested(ed25519(), "p=" + p).why ==
        "The record's k= is of another kind of key: write k=ed25519.");
  CHECK(tested(ed25519(), "k=ed25519; p=" + p.substr(0, 20)).match == dkim::KeyMatch::other_key);
  CHECK(tested(ed25519(), "k=ed25519; p=").match == dkim::KeyMatch::revoked);
}

TEST_CASE("what some receivers may stumble over is noted of a key that verifies") {
  const std::string p = p_of(rsa());
  struct Row {
    std::string record;
    std::string_view note;  ///< its beginning; empty: none
  };
  const std::vector<Row> rows = {
      {"v=DKIM1; k=rsa; t=s; p=" + p, ""},
      {"v=DKIM1; k=rsa; t=y:s; p=" + p, "t=y says that the domain only tests DKIM"},
      {"p=" + p + "; v=DKIM1", "v=DKIM1 must be the first tag"},
      {"v=DKIM1; n=one; n=two; p=" + p, "A tag stands there twice"},
      {"v=DKIM1; p=" + p + "\" \"", "p= holds more than the key"},
      {"v=DKIM1; p=" + p + "; n=" + std::string(1024, 'x'), "The record is over 1024 octets"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.record);
    const auto test = tested(rsa(), row.record);
    CHECK(test.match == dkim::KeyMatch::same);
    REQUIRE(test.notes.size() == (row.note.empty() ? 0 : 1));
    if (!row.note.empty()) CHECK(test.notes[0].starts_with(row.note));
  }
}

TEST_CASE("of a record over 1024 octets the first 1024 count") {
  const std::string p = p_of(rsa());
  const std::string end = "; p=" + p;
  const std::string start = "v=DKIM1; n=";
  const auto padded = [&](std::size_t size) {
    return start + std::string(size - start.size() - end.size(), 'x') + end;
  };
  CHECK(tested(rsa(), padded(1024)).match == dkim::KeyMatch::same);
  CHECK(tested(rsa(), padded(1024)).notes.empty());
  CHECK(tested(rsa(), padded(1028)).why.starts_with("The key in p= is cut off after 388 of 392"));
}

TEST_CASE("no sentence repeats what a stranger published") {
  const auto test = tested(rsa(), "v=<script>; h=<script>; k=<script>; p=" + p_of(rsa()));
  CHECK(test.match == dkim::KeyMatch::barred);
  CHECK(test.why.find("script") == std::string::npos);
}

TEST_CASE("a test that cannot be made is no verdict on the record") {
  dkim::Library library;
  const auto test =
      dkim::test_published(library, rsa(), {"example..com", "p1", rsa().public_record()});
  CHECK_FALSE(test.has_value());
}

TEST_SUITE_END();
