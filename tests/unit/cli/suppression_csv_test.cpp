#include "relay/cli/suppression_csv.hpp"

#include <boost/json/value.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace json = boost::json;

namespace {

const policy::WallTime noon = *policy::parse_timestamp("2026-06-15T12:00:00Z");
const std::set<std::string> apps{"shop", "blog"};

cli::ListReading read(std::string_view text, const std::string& app = "") {
  return cli::read_address_list(text, app, apps, noon);
}

std::string only(const cli::ListReading& reading) {
  REQUIRE(reading.mistakes.empty());
  REQUIRE(reading.addresses.size() == 1);
  const auto& listed = reading.addresses[0];
  return listed.app + " " + listed.address + " " + listed.cause + " " + listed.since + " " +
         listed.until;
}

}  // namespace

TEST_SUITE("relay/cli/suppression_csv") {
  TEST_CASE("what was exported is read as it was, formulas and quoted local parts too") {
    for (const char* address : {"bob@example.com",
                                "=cmd|'/c'!a0@example.com",
                                "+1@example.com",
                                "-x@example.com",
                                "'quoted'@example.com",
                                R"("a,\"b"@example.com)"}) {
      for (const char* cause : {"imported", "bounce", "by-hand", "complaint"}) {
        CAPTURE(address);
        json::object shown{{"address", address},
                           {"app", "shop"},
                           {"cause", cause},
                           {"since", "2026-01-02T03:04:05.678Z"},
                           {"until", nullptr}};
        const std::string expected = std::string("shop ") + address + " " + cause;
        CHECK(only(read(cli::list_heading() + cli::list_line(shown))) ==
              expected + " 2026-01-02T03:04:05.678Z ");
        shown["until"] = "2026-12-31T00:00:00.001Z";
        CHECK(only(read(cli::list_heading() + cli::list_line(shown))) ==
              expected + " 2026-01-02T03:04:05.678Z 2026-12-31T00:00:00.001Z");
      }
    }
  }

  TEST_CASE("no exported line begins with what a spreadsheet runs") {
    const json::object shown{{"address", "=1+1@example.com"},
                             {"app", "shop"},
                             {"cause", "bounce"},
                             {"since", nullptr},
                             {"until", nullptr}};
    CHECK(cli::list_line(shown) == "'=1+1@example.com,shop,bounce,,\r\n");
  }

  TEST_CASE("lists of SES and of others are read for the app that is given") {
    struct Row {
      std::string_view text;
      std::string expected;
    };
    const Row rows[] = {
        {"bob@example.com\n", "shop bob@example.com   "},
        {"Bob@EXAMPLE.com", "shop bob@example.com   "},
        {"bob@example.com,BOUNCE\r\n", "shop bob@example.com bounce  "},
        {"EmailAddress,Reason,LastUpdateTime\nbob@example.com,COMPLAINT,2026-01-02T03:04:05Z",
         "shop bob@example.com complaint 2026-01-02T03:04:05Z "},
        {"email,created,reason,status\nbob@example.com,1443651125,550 5.1.1 unknown,5.1.1\n",
         "shop bob@example.com   "},
        {"\xEF\xBB\xBF\"Email Address\";x,recipient\n1,bob@example.com\n",
         "shop bob@example.com   "},
        {"code,address\n550,bob@example.com\n", "shop bob@example.com   "},
        {"7,bob@example.com,complaint\n", "shop bob@example.com complaint  "},
        {"address,until\nbob@example.com,2001-01-01T00:00:00Z\n", "shop bob@example.com   "},
        {"address\nbob@b\xC3\xBC"
         "cher.example\n",
         "shop bob@xn--bcher-kva.example   "},
        {"address,app\nbob@example.com,blog\n", "shop bob@example.com   "},
    };
    for (const Row& row : rows) {
      CAPTURE(row.text);
      if (row.text.find(';') != std::string_view::npos) {
        CHECK(read(row.text, "shop").mistakes.size() == 1);
        continue;
      }
      CHECK(only(read(row.text, "shop")) == row.expected);
    }
  }

  TEST_CASE("every mistake is said, with its line") {
    const auto reading = read(
        "address,app,reason,since,until\n"
        "bob@example.com,shop,bounce,,\n"
        "nobody,shop,,,\n"
        "\"a\nb\",nowhere,,,\n"
        "bob@example.com,shop,spam,yesterday,tomorrow\n"
        "bob@example.com,,,,\n"
        "a\"b,shop\n");
    const std::vector<std::string> expected{
        "line 3: `nobody` is no mail address: write it like bob@example.com",
        "line 4: there is no app `nowhere`: `postern app list` names them",
        "line 4: `a\\nb` is no mail address: write it like bob@example.com",
        "line 6: the reason must be imported, bounce, by-hand or complaint, not `spam`",
        "line 6: `yesterday` is no time: write it like 2026-01-02T03:04:05Z",
        "line 6: `tomorrow` is no time: write it like 2026-01-02T03:04:05Z",
        "line 7: the app is missing: name it, or give --app",
        "line 8: a quotation mark stands within a cell: quote the whole cell, and double it",
    };
    CHECK(reading.mistakes == expected);
    CHECK(reading.addresses.size() == 1);
  }

  TEST_CASE("a list that says neither where its addresses are nor whose is refused at once") {
    for (const std::string_view text : {"a,b\nc,d\n", "Hello\n", "\"a\n"}) {
      CAPTURE(text);
      CHECK(read(text, "shop").mistakes.size() == 1);
    }
    CHECK(read("bob@example.com\nanna@example.com\n").mistakes.size() == 1);
    CHECK(read("", "shop").addresses.empty());
    CHECK(read("bob@example.com\n", "absent").mistakes.size() == 1);
  }

  TEST_CASE("an address whose time is over is counted and left out") {
    const auto reading = read(
        "address,app,until\n"
        "a@example.com,shop,2026-06-15T12:00:00Z\n"
        "b@example.com,shop,2026-06-15T12:00:00.001Z\n");
    CHECK(reading.over == 1);
    CHECK(only(reading).starts_with("shop b@example.com"));
  }

  TEST_CASE("a list has a million addresses at most") {
    std::string text;
    for (std::size_t i = 0; i < cli::most_listed_addresses; ++i) text += "a@b.example\n";
    CHECK(read(text, "shop").addresses.size() == cli::most_listed_addresses);
    const auto reading = read(text + "a@b.example\na@b.example\n", "shop");
    REQUIRE(reading.mistakes.size() == 1);
    CHECK(reading.mistakes[0] == "line 1000001: a list has 1000000 addresses at most");
  }
}
