#include "relay/cli/suppression_commands.hpp"

#include "api_fixture.hpp"
#include "command_fixture.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace json = boost::json;

namespace {

struct Fixture : ApiFixture {
  Ran run(std::vector<std::string> arguments, const std::string& input = {}) {
    return run_at(socket, std::move(arguments), input);
  }
  Ran import_of(const std::string& list, std::vector<std::string> more = {}) {
    std::vector<std::string> line{"suppression", "import", "-"};
    line.insert(line.end(), more.begin(), more.end());
    return run(line, list);
  }
  std::string exported() { return run({"suppression", "export"}).out; }
};

std::string contents(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

const std::string two_apps =
    "address,app,reason,since,until\r\n"
    "'=1@example.net,files,complaint,2026-01-02T03:04:05.678Z,\r\n"
    "bob@example.net,files,bounce,2026-01-02T03:04:05.000Z,2098-04-02T03:04:05.001Z\r\n"
    "bob@example.net,shop,by-hand,2026-01-02T03:04:05.000Z,\r\n";

}  // namespace

TEST_SUITE("relay/cli/suppression_commands") {
  TEST_CASE_FIXTURE(Fixture, "what is imported is exported octet for octet, however often") {
    add_app("shop");
    for (int times = 0; times < 2; ++times) {
      const Ran ran = import_of(two_apps);
      CHECK(ran.out == "3 addresses are imported.\n");
      CHECK(ran.exit_code == 0);
      CHECK(exported() == two_apps);
    }
    CHECK(import_of(exported()).exit_code == 0);
    CHECK(exported() == two_apps);
    CHECK(lines_of(run({"suppression", "export", "--app", "shop"}).out).size() == 2);
  }

  TEST_CASE_FIXTURE(Fixture, "an export goes to a new file that only its owner reads") {
    REQUIRE(import_of("bob@example.net\n", {"--app", "files"}).exit_code == 0);
    const auto file = folder / "list.csv";
    CHECK(run({"suppression", "export", file.string()}).exit_code == 0);
    CHECK(contents(file) == exported());
    CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms::mask) ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    const Ran again = run({"suppression", "export", file.string()});
    CHECK(again.exit_code == 1);
    CHECK(again.err.find("name another file") != std::string::npos);
    const Ran nowhere = run({"suppression", "export", (folder / "no" / "list.csv").string()});
    CHECK(nowhere.exit_code == 1);
    CHECK(lines_of(nowhere.err).size() == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "an export that fails on the way leaves no file behind") {
    store.silent = true;
    const auto file = folder / "list.csv";
    CHECK(run({"suppression", "export", file.string()}).exit_code == 1);
    CHECK_FALSE(std::filesystem::exists(file));
  }

  TEST_CASE_FIXTURE(Fixture, "one mistake, and nothing is imported") {
    const Ran ran = import_of("a@example.net\nnobody@\nb@example.net\n", {"--app", "files"});
    CHECK(ran.exit_code == 1);
    CHECK(lines_of(ran.err).at(0) ==
          "-: line 2: `nobody@` is no mail address: write it like bob@example.com");
    CHECK(lines_of(ran.err).at(1) == "Nothing is imported: mend the list, and import it again.");
    CHECK(store.suppress_calls() == 0);
    std::string bad = "a@example.net\n";
    for (int i = 0; i < 150; ++i) bad += "nobody@\n";
    const auto lines = lines_of(import_of(bad, {"--app", "files"}).err);
    CHECK(lines.size() == 102);
    CHECK(lines.at(100) == "-: 50 more mistakes");
  }

  TEST_CASE_FIXTURE(Fixture, "a dry run reads the list, says the count and changes nothing") {
    add_app("shop");
    CHECK(import_of(two_apps, {"--dry-run"}).out == "3 addresses would be imported.\n");
    CHECK(store.suppress_calls() == 0);
    const Ran ran = import_of("address,app,until\na@example.net,shop,2001-01-01T00:00:00Z\n",
                              {"--dry-run", "--json"});
    CHECK(json::parse(ran.out) == json::parse(R"({"dry_run":true,"addresses":0,"over":1})"));
  }

  TEST_CASE_FIXTURE(Fixture, "a long list goes by as many at once as the relay takes") {
    std::string list;
    for (int i = 0; i < 2500; ++i) list += "user" + std::to_string(i) + "@example.net\n";
    CHECK(import_of(list, {"--app", "files"}).out == "2500 addresses are imported.\n");
    CHECK(store.suppress_calls() == 3);
    const std::string local(60, 'x');
    list.clear();
    for (int i = 0; i < 900; ++i)
      list += local + std::to_string(1000 + i) + "@" + local + "." + local + ".example\n";
    CHECK(import_of(list, {"--app", "files"}).out == "900 addresses are imported.\n");
    CHECK(store.suppress_calls() == 7);  // of 60 KiB at most
    CHECK(lines_of(exported()).size() == 1 + 2500 + 900);
  }

  TEST_CASE_FIXTURE(Fixture, "an import that stops on the way says how far it came") {
    store.takes = false;
    const Ran ran = import_of("a@example.net\n", {"--app", "files"});
    CHECK(ran.exit_code == 1);
    CHECK(ran.err.find("0 of 1 addresses are imported") != std::string::npos);
    const Ran absent = run({"suppression", "import", (folder / "none.csv").string()});
    CHECK(absent.exit_code == 1);
    CHECK(absent.err.find("cannot be read") != std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "suppression remove --also-ses says what SES keeps, with exit 1") {
    REQUIRE(run({"suppression", "add", "--app", "files", "a@example.net"}).exit_code == 0);
    const std::vector<std::string> line{
        "suppression", "remove", "--app", "files", "--also-ses", "a@example.net"};
    ses_refuses = "Allow ses:DeleteSuppressedDestination.";
    const Ran refused = run(line);
    CHECK(refused.exit_code == 1);
    CHECK(refused.out == "The app may again mail 1 addresses.\n");
    CHECK(refused.err ==
          "SES may still have a@example.net on its list: Allow "
          "ses:DeleteSuppressedDestination.\n");
    ses_refuses.clear();
    CHECK(run(line).exit_code == 0);
    CHECK(asked_of_ses.size() == 2);
  }
}
