#include "relay/cli/app_commands.hpp"

#include "api_fixture.hpp"
#include "command_fixture.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include <string>

namespace json = boost::json;

namespace {

struct Fixture : ApiFixture {
  Ran run(std::vector<std::string> arguments) { return run_at(socket, std::move(arguments)); }
};

}  // namespace

TEST_SUITE("relay/cli/app_commands") {
  TEST_CASE_FIXTURE(Fixture, "app add prints what to type into the site, the password once") {
    const Ran ran = run({"app", "add", "shop", "--contact", "web@example.com"});
    CHECK(ran.exit_code == 0);
    CHECK(ran.err.empty());
    const std::vector<std::string> lines = lines_of(ran.out);
    REQUIRE(lines.size() == 8);
    CHECK(lines[0] == "App shop is added.");
    CHECK(lines[2] == "  host          relay.example");
    CHECK(lines[3] == "  port          587");
    CHECK(lines[4] == "  encryption    STARTTLS");
    CHECK(lines[5] == "  user name     shop");
    CHECK(lines[6].starts_with("  password      "));
    CHECK(lines[6].size() == 16 + 43);
    CHECK(lines[7].find("postern app rotate-password shop") != std::string::npos);
    CHECK(run({"app", "show", "shop"}).out.find(lines[6].substr(16)) == std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "every setting of app add reaches the relay") {
    REQUIRE(run({"app", "add", "first", "--owner", "acme"}).exit_code == 0);
    add_domain("example.com", "first");
    add_domain("example.net", "first");
    const Ran ran = run({"app",
                         "add",
                         "shop",
                         "--domain",
                         "example.com",
                         "--domain",
                         "example.net",
                         "--owner",
                         "acme",
                         "--contact",
                         "web@example.com",
                         "--weight",
                         "9",
                         "--upstream",
                         "ses",
                         "--configuration-set",
                         "drupal",
                         "--recipients-per-message",
                         "5",
                         "--message-size",
                         "1MiB",
                         "--queued-messages",
                         "70",
                         "--queued-bytes",
                         "2MiB",
                         "--json"});
    REQUIRE(ran.exit_code == 0);
    const json::value made = json::parse(ran.out);
    CHECK(made.at("password").as_string().size() == 43);
    const json::value& app = made.at("app");
    CHECK(app.at("owner").as_string() == "acme");
    CHECK(app.at("contact").as_string() == "web@example.com");
    CHECK(app.at("weight").as_int64() == 9);
    CHECK(app.at("upstream").as_string() == "ses");
    CHECK(app.at("configuration_set").as_string() == "drupal");
    CHECK(app.at("domains").as_array().size() == 2);
    CHECK(json::serialize(app.at("limits")) ==
          R"({"recipients_per_message":5,"message_size":1048576,"queued_messages":70,)"
          R"("queued_bytes":2097152})");
  }

  TEST_CASE_FIXTURE(Fixture, "a limit whose feature has not landed is refused as such") {
    for (const char* option : {"--per-minute", "--per-hour", "--per-day"}) {
      const Ran ran = run({"app", "add", "shop", option, "60"});
      CHECK(ran.exit_code == 2);
      CHECK(ran.err.find(std::string(option) + ": the feature behind it has not landed yet") !=
            std::string::npos);
    }
  }

  TEST_CASE_FIXTURE(Fixture, "an upstream that there is not is refused with those that there are") {
    const Ran ran = run({"app", "add", "shop", "--upstream", "third"});
    CHECK(ran.exit_code == 1);
    CHECK(ran.err == "There is no upstream named third: the configuration has ses, second.\n");
  }

  TEST_CASE_FIXTURE(Fixture, "app list is a table, or one object a line") {
    add_app("shop");
    add_domain("example.com", "shop");
    store.loaded = {.messages = 4, .octets = 9};
    const std::vector<std::string> lines = lines_of(run({"app", "list"}).out);
    REQUIRE(lines.size() == 3);
    CHECK(lines[0] == "NAME   STATE  OWNER     QUEUED  SOURCE   DOMAINS");
    CHECK(lines[1] == "files  open   operator  4       file     example.org");
    CHECK(lines[2] == "shop   open   operator  4       managed  example.com");
    const std::vector<std::string> objects = lines_of(run({"app", "list", "--json"}).out);
    REQUIRE(objects.size() == 2);
    CHECK(json::parse(objects[1]).at("name").as_string() == "shop");
  }

  TEST_CASE_FIXTURE(Fixture, "app show tells a blocked app with the reason") {
    const Ran blocked = run({"app", "block", "files", "--why", "too many complaints"});
    CHECK(blocked.exit_code == 0);
    CHECK(blocked.out == "App files is blocked: its mail is refused, and what waits is held.\n");
    const std::vector<std::string> lines = lines_of(run({"app", "show", "files"}).out);
    REQUIRE(lines.size() > 5);
    CHECK(lines[0] == "files  blocked");
    CHECK(lines[1] == "  blocked why   too many complaints");
    CHECK(lines.back() == "  domain        example.org  verified");
    CHECK(run({"app", "unblock", "files"}).out == "App files may send again.\n");
    CHECK(lines_of(run({"app", "show", "files"}).out)[0] == "files  open");
    CHECK(json::parse(run({"app", "show", "files", "--json"}).out).at("name").as_string() ==
          "files");
  }

  TEST_CASE_FIXTURE(Fixture, "app override and release change how far an app may mail") {
    const auto impose = [&](std::vector<std::string> more) {
      std::vector<std::string> line{"app", "override", "files", "--reason", "a bought list"};
      line.insert(line.end(), more.begin(), more.end());
      return run(line);
    };
    CHECK(impose({"--state", "restricted", "--for", "12h"}).out ==
          "App files is restricted by hand, for 12h.\n");
    const std::vector<std::string> lines = lines_of(run({"app", "show", "files"}).out);
    REQUIRE(lines.size() > 5);
    CHECK(lines[0] == "files  restricted");
    CHECK(lines[1] == "  why           a bought list");
    CHECK(lines[2] == "  standing      restricted");
    CHECK(lines[4] == "  decided by    hand");
    CHECK(lines[5].starts_with("  until         "));
    CHECK(lines_of(run({"app", "list"}).out)[1].starts_with("files  restricted  "));
    CHECK(run({"app", "release", "files"}).out ==
          "App files is judged by its bounces and complaints again.\n");
    CHECK(lines_of(run({"app", "show", "files"}).out)[0] == "files  open");
    CHECK(impose({"--state", "normal"}).out ==
          "App files is normal by hand, until `postern app release files`.\n");
    CHECK(impose({"--state", "warned"}).exit_code == 2);
    CHECK(impose({"--state", "normal", "--for", "never"}).exit_code == 2);
    CHECK(impose({"--state", "normal", "--for", "366d"}).exit_code == 2);
  }

  TEST_CASE_FIXTURE(Fixture, "app rotate-password and remove do what they say") {
    add_app("shop");
    const Ran rotated = run({"app", "rotate-password", "shop"});
    CHECK(lines_of(rotated.out).at(0) ==
          "App shop has a new password; the old one is refused from now on.");
    CHECK(run({"app", "remove", "shop"}).out == "App shop is removed, with its tokens.\n");
    CHECK(json::parse(run({"app", "add", "shop", "--json"}).out).at("app").is_object());
    CHECK(run({"app", "remove", "shop", "--json"}).out == "{\"removed\":\"shop\"}\n");
  }

  TEST_CASE_FIXTURE(Fixture, "a refusal is one sentence and exit 1, a wrong usage exit 2") {
    for (const std::vector<std::string>& line : {std::vector<std::string>{"show", "absent"},
                                                 {"remove", "files"},
                                                 {"add", "files"},
                                                 {"add", "Shop"},
                                                 {"rotate-password", "absent"},
                                                 {"show", "a/b?c"},
                                                 {"unblock", "absent"}}) {
      std::vector<std::string> arguments{"app"};
      arguments.insert(arguments.end(), line.begin(), line.end());
      CAPTURE(line.back());
      const Ran ran = run(arguments);
      CHECK(ran.exit_code == 1);
      CHECK(ran.out.empty());
      CHECK(lines_of(ran.err).size() == 1);
    }
    for (const std::vector<std::string>& line : {std::vector<std::string>{"block", "files"},
                                                 {"add"},
                                                 {"add", "shop", "--weight", "0"},
                                                 {"add", "shop", "--weight", "1001"},
                                                 {"add", "shop", "--message-size", "big"},
                                                 {"add", "shop", "--recipients-per-message", "51"},
                                                 {"add", "shop", "--queued-messages", "0"},
                                                 {"frob"}}) {
      std::vector<std::string> arguments{"app"};
      arguments.insert(arguments.end(), line.begin(), line.end());
      CAPTURE(line.back());
      CHECK(run(arguments).exit_code == 2);
    }
  }
}
