#include "relay/cli/token_commands.hpp"

#include "api_fixture.hpp"
#include "command_fixture.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include <string>

#include <unistd.h>

namespace json = boost::json;

namespace {

struct Fixture : ApiFixture {
  Ran run(std::vector<std::string> arguments) { return run_at(socket, std::move(arguments)); }
};

}  // namespace

TEST_SUITE("relay/cli/token_commands") {
  TEST_CASE_FIXTURE(Fixture, "token add prints a token that works, once") {
    const Ran ran = run({"token", "add", "--role", "app", "--app", "files"});
    CHECK(ran.exit_code == 0);
    const std::vector<std::string> lines = lines_of(ran.out);
    REQUIRE(lines.size() == 2);
    CHECK(registry->authenticate(lines[0])->app == "files");
    const std::string id = lines[0].substr(0, lines[0].find('.'));
    CHECK(lines[1].find("postern token remove " + id) != std::string::npos);
    const std::vector<std::string> listed = lines_of(run({"token", "list"}).out);
    REQUIRE(listed.size() == 2);
    CHECK(listed[0].starts_with("ID        ROLE  APP    MADE (UTC)"));
    CHECK(listed[1].starts_with(id + "  app   files  20"));
    CHECK(run({"token", "remove", id}).out == "Token " + id + " is taken back.\n");
    CHECK(!registry->authenticate(lines[0]));
    CHECK(run({"token", "remove", id}).exit_code == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "tokens as JSON, one object a line") {
    const json::value made = json::parse(run({"token", "add", "--role", "read", "--json"}).out);
    CHECK(registry->authenticate(made.at("secret").as_string())->role ==
          domains::Caller::Role::read);
    CHECK(json::parse(run({"token", "list", "--json"}).out) == made.at("token"));
    CHECK(run({"token", "list"}).out.find(std::string(made.at("secret").as_string())) ==
          std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "a role that does not fit is a wrong usage") {
    for (const std::vector<std::string>& line : {std::vector<std::string>{},
                                                 {"--role", "root"},
                                                 {"--role", "app"},
                                                 {"--role", "read", "--app", "files"}}) {
      std::vector<std::string> arguments{"token", "add"};
      arguments.insert(arguments.end(), line.begin(), line.end());
      CAPTURE(line.size());
      CHECK(run(arguments).exit_code == 2);
    }
    CHECK(run({"token", "add", "--role", "app", "--app", "absent"}).exit_code == 1);
    CHECK(run({"token", "list"}).out ==
          "No token was made yet: `postern token add --role read` makes one.\n");
  }

  TEST_CASE_FIXTURE(Fixture, "audit says who did it at the socket, newest first") {
    REQUIRE(run({"app", "add", "shop"}).exit_code == 0);
    REQUIRE(run({"app", "block", "shop", "--why", "spam"}).exit_code == 0);
    const std::vector<std::string> lines = lines_of(run({"audit", "--target", "shop"}).out);
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].starts_with("WHEN (UTC)           WHO"));
    CHECK(lines[1].find("admin socket, uid " + std::to_string(::getuid()) + "  app block  shop") !=
          std::string::npos);
    CHECK(lines[1].ends_with("  spam"));
    CHECK(lines_of(run({"audit", "--target", "shop", "--limit", "1"}).out).size() == 2);
    const std::vector<std::string> objects =
        lines_of(run({"audit", "--target", "shop", "--json"}).out);
    REQUIRE(objects.size() == 2);
    CHECK(json::parse(objects[0]).at("what").as_string() == "app block");
    CHECK(run({"audit", "--target", "absent"}).out == "No change is recorded.\n");
    CHECK(run({"audit", "--limit", "0"}).exit_code == 2);
  }

  TEST_CASE_FIXTURE(Fixture, "a trail that is longer than a page is asked for to its end") {
    for (int i = 0; i < 205; ++i)
      REQUIRE(told("apps/files/block", R"({"why":"spam"})").status == 200);
    CHECK(lines_of(run({"audit", "--target", "files", "--limit", "204", "--json"}).out).size() ==
          204);
    CHECK(lines_of(run({"audit", "--target", "files", "--limit", "999", "--json"}).out).size() ==
          205);
  }
}
