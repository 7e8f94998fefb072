#include "relay/spool/envelope_record.hpp"

#include <doctest/doctest.h>

#include <string>

using spool::decode_envelope;
using spool::encode;

TEST_SUITE("relay/spool/envelope_record") {
  TEST_CASE("an envelope comes back as it was") {
    const policy::Envelope rows[] = {{"", {}},
                                     {"", {"a@b.example"}},
                                     {"x@y.example", {std::string(300, 'r'), "", "E@F.example"}}};
    for (const auto& envelope : rows) {
      CAPTURE(envelope.reverse_path);
      const auto read = decode_envelope(encode(envelope));
      REQUIRE(read);
      CHECK(read->reverse_path == envelope.reverse_path);
      CHECK(read->forward_paths == envelope.forward_paths);
    }
  }

  TEST_CASE("a record cut at any octet, or lengthened, is damaged") {
    const auto whole = encode({"x@y.example", {"a@b.example", "c@d.example"}});
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      CHECK_FALSE(decode_envelope(std::string_view(whole).substr(0, size)));
    }
    CHECK_FALSE(decode_envelope(whole + '\0'));
  }

  TEST_CASE("another version, type, order or number of fields is damaged") {
    const auto whole = encode({"x", {"a"}});
    for (const std::size_t at :
         {std::size_t{0}, std::size_t{1}, std::size_t{7}, whole.size() - 5, whole.size() - 4}) {
      CAPTURE(at);
      auto record = whole;
      record[at] = static_cast<char>(record[at] + 1);
      CHECK_FALSE(decode_envelope(record));
    }
    CHECK_FALSE(decode_envelope(std::string("\1E\0\0\0\0", 6)));
  }
}
