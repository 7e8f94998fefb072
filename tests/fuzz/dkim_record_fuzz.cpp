// A published DKIM record of any octets: libopendkim's verdict is always explained, in sentences
// that repeat nothing of the record. In a corpus file RSA and ED25519 stand for the keys' p=.
#include "dkim/published_key.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

namespace {

void require(bool holds, std::string_view what, std::string_view record) {
  if (holds) return;
  std::cerr << what << '\n' << record << '\n';
  std::abort();
}

bool is_sentence(std::string_view text) {
  return !text.empty() && text.size() < 300 && text.ends_with('.') &&
         text.find_first_of("\r\n") == std::string_view::npos;
}

std::string filled_in(std::string record, std::string_view word, const dkim::PrivateKey& key) {
  const std::string_view whole = key.public_record();
  const std::string_view text = whole.substr(whole.find("p=") + 2);
  if (const auto place = record.find(word); place != std::string::npos) {
    record.replace(place, word.size(), text);
  }
  return record;
}

void check(dkim::Library& library, const dkim::PrivateKey& key, const std::string& record) {
  const auto test = dkim::test_published(library, key, {"example.com", "p1", record});
  require(test.has_value(), test ? "" : test.error().sentence(), record);
  const bool same = test->match == dkim::KeyMatch::same;
  require(same == test->why.empty(), "a mismatch is explained, a match is not", record);
  require(same || is_sentence(test->why), test->why, record);
  require(same || test->notes.empty(), "only a match has notes", record);
  for (const std::string& note : test->notes) require(is_sentence(note), note, record);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static dkim::Library library;
  static const auto rsa = dkim::generate_key(dkim::Algorithm::rsa_sha256).value();
  static const auto ed25519 = dkim::generate_key(dkim::Algorithm::ed25519_sha256).value();
  std::string record(reinterpret_cast<const char*>(data), size);
  record = filled_in(filled_in(std::move(record), "RSA", rsa), "ED25519", ed25519);
  check(library, rsa, record);
  check(library, ed25519, record);
  return 0;
}
