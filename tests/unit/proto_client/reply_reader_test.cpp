#include "relay/proto/reply_reader.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smtp {
namespace {

/// The reply that the lines make; none if they end in garbage. Each but the last must leave it
/// open.
std::optional<UpstreamReply> read(ReplyReader& reader, const std::vector<std::string>& lines) {
  ReplyReader::Found found = ReplyReader::Found::more;
  for (const std::string& line : lines) {
    CHECK(found == ReplyReader::Found::more);
    found = reader.feed(line);
  }
  CHECK(found != ReplyReader::Found::more);
  if (found == ReplyReader::Found::garbage) return std::nullopt;
  return reader.take();
}

std::optional<UpstreamReply> read(const std::vector<std::string>& lines) {
  ReplyReader reader;
  return read(reader, lines);
}

}  // namespace

TEST_SUITE("relay/proto/reply_reader") {
  TEST_CASE("the lines of a reply are joined, and only whole replies of one code count") {
    struct Row {
      std::string_view name;
      std::vector<std::string> lines;
      int code;  ///< 0: garbage
      std::string_view text;
    };
    const std::vector<Row> rows{
        {"one line", {"554 no"}, 554, "no"},
        {"code alone", {"554"}, 554, ""},
        {"code and space", {"554 "}, 554, ""},
        {"three lines", {"554-5.7.1 no", "554-", "554 never"}, 554, "5.7.1 no never"},
        {"last line bare", {"554-no", "554"}, 554, "no"},
        {"code changes", {"554-no", "550 never"}, 0, ""},
        {"no code", {"no"}, 0, ""},
        {"empty", {""}, 0, ""},
        {"two digits", {"55"}, 0, ""},
        {"four digits", {"5540 no"}, 0, ""},
        {"preliminary", {"150 wait"}, 0, ""},
        {"least", {"200 ok"}, 200, "ok"},
        {"greatest", {"599 no"}, 599, "no"},
        {"class 6", {"600 no"}, 0, ""},
        {"letters", {"5a4 no"}, 0, ""},
        {"an HTTP server", {"HTTP/1.1 400 Bad Request"}, 0, ""},
    };
    for (const Row& row : rows) {
      CAPTURE(row.name);
      const std::optional<UpstreamReply> reply = read(row.lines);
      REQUIRE(reply.has_value() == (row.code != 0));
      if (!reply) continue;
      CHECK(reply->code == row.code);
      CHECK(reply->text == row.text);
    }
  }

  TEST_CASE("a line is taken up to its bound and no longer") {
    const std::string longest = "554 " + std::string(max_reply_line_octets - 4, 'x');
    CHECK(read({longest}).has_value());
    CHECK(!read({longest + "x"}).has_value());
  }

  TEST_CASE("a reply is taken up to its bound of lines and no longer") {
    std::vector<std::string> lines(max_reply_lines - 1, "554-x");
    CHECK(read({"554 x"}).has_value());
    lines.emplace_back("554 x");
    CHECK(read(lines).has_value());
    lines.back() = "554-x";
    lines.emplace_back("554 x");
    CHECK(!read(lines).has_value());
  }

  TEST_CASE("a text is cut at its bound and says so, and the next reply is whole again") {
    const std::string line(max_reply_text_octets / 8 - 1, 'x');
    std::vector<std::string> lines(7, "554-" + line);
    lines.push_back("554 " + line + "y");  // 8 · 1024 octets with the blanks between
    const auto whole = read(lines);
    CHECK(whole->text.size() == max_reply_text_octets);
    CHECK(whole->text.ends_with("xy"));

    ReplyReader reader;
    lines.back() = "554-" + line + "yz";
    lines.emplace_back("554 end");
    const auto cut = read(reader, lines);
    CHECK(cut->text.size() == max_reply_text_octets);
    CHECK(cut->text.ends_with("x..."));
    CHECK(reader.between_replies());
    CHECK(read(reader, {"550-who", "550 are you"})->text == "who are you");
  }

  TEST_CASE("what EHLO offers is read by whole keywords in any case") {
    Capabilities offered;
    for (const std::string_view line :
         {"250-XSTARTTLS", "250-SIZES 5", "250-AUTHOR PLAIN", "250", "250-", "250- \t "}) {
      note(offered, line);
    }
    CHECK(
        !(offered.starttls || offered.size || offered.plain || offered.login || offered.eight_bit));
    for (const std::string_view line :
         {"250-StartTLS", "250-size", "250-Auth\tCRAM-MD5  plain", "250 8bitMIME"}) {
      note(offered, line);
    }
    CHECK((offered.starttls && offered.size && offered.plain && offered.eight_bit));
    CHECK(!offered.login);
  }

  TEST_CASE("words that share eight octets with a secret are taken out, others kept as they are") {
    const std::vector<std::string> secrets{"0123456789", "abc", ""};
    CHECK(without_secrets("see  23456789x, 1234567 and ab", secrets) ==
          "see  [removed] 1234567 and ab");
    CHECK(without_secrets("xabcx", secrets) == "[removed]");
    CHECK(without_secrets(" ", secrets) == " ");
    CHECK(without_secrets("", secrets).empty());
  }
}

}  // namespace smtp
