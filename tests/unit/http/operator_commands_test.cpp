#include "relay/cli/operator_commands.hpp"

#include "command_fixture.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

TEST_SUITE("relay/cli/operator_commands") {
  TEST_CASE_FIXTURE(CommandFixture, "drain exits 0 once nothing is ready or in delivery") {
    store.counted.by_state = {5, 0, 0, 2, 0, 0};
    draining = [](const std::function<void(bool)>& done) { done(true); };
    const Ran ran = run({"drain"});
    CHECK(ran.exit_code == 0);
    CHECK(ran.out == "Drained: nothing is ready or in delivery (for later: 5, held: 2).\n");
    CHECK(ran.err.empty());
    const Ran json = run({"drain", "--json", "--timeout", "1h"});
    CHECK(boost::json::parse(json.out).at("drained").as_bool());
  }

  TEST_CASE_FIXTURE(CommandFixture, "drain exits 1 at its timeout and says how many are left") {
    store.counted.by_state = {5, 2, 1, 9, 0, 0};
    std::vector<std::function<void(bool)>> kept;
    draining = [&](std::function<void(bool)> done) { kept.push_back(std::move(done)); };
    const Ran ran = run({"drain", "--timeout", "1s"});
    CHECK(ran.exit_code == 1);
    CHECK(ran.out.empty());
    CHECK(ran.err == "Not drained within 1s: 8 left (queued: 5, in delivery or in doubt: 3).\n");
    server.on_thread([&] { kept.clear(); });
  }

  TEST_CASE_FIXTURE(CommandFixture, "reload says that it is done, or every mistake and exit 1") {
    const Ran good = run({"reload"});
    CHECK(good.exit_code == 0);
    CHECK(good.out == "The configuration is reloaded.\n");
    CHECK(run({"reload", "--json"}).out == "{\"reloaded\":true,\"mistakes\":[]}\n");
    server.on_thread([this] {
      mistakes = {"postern.yml:1:1: unknown key `drian`: write `drain`", "postern.yml:2:1: \x1b"};
    });
    const Ran bad = run({"reload"});
    CHECK(bad.exit_code == 1);
    CHECK(bad.out.empty());
    CHECK(bad.err ==
          "postern.yml:1:1: unknown key `drian`: write `drain`\npostern.yml:2:1: \\x1b\n");
  }

  TEST_CASE_FIXTURE(CommandFixture, "backup hands the relay an absolute path") {
    const auto here = std::filesystem::current_path();
    const Ran ran = run({"backup", "some/../copy"});
    CHECK(ran.exit_code == 0);
    CHECK(ran.out == "The spool is copied to " + (here / "copy").string() + ".\n");
    CHECK(run({"backup", "/var/copy", "--json"}).out == "{\"file\":\"/var/copy\"}\n");
    CHECK(store.backups() == std::vector<std::filesystem::path>{here / "copy", "/var/copy"});
  }

  TEST_CASE_FIXTURE(CommandFixture, "a backup that cannot be written says why and exits 1") {
    store.backup_fails = "There is a file /var/copy already: choose another name.";
    const Ran ran = run({"backup", "/var/copy"});
    CHECK(ran.exit_code == 1);
    CHECK(ran.err == store.backup_fails + "\n");
    store.backup_fails.clear();
    CHECK(run({"backup", "/var/\xff"}).exit_code == 1);
    CHECK(run({"backup"}).exit_code == 2);
    CHECK(store.backups().size() == 1);
  }

  TEST_CASE_FIXTURE(CommandFixture,
                    "a timeout that is no duration from 1s to 1h is a wrong usage") {
    for (const char* wrong : {"0s", "25", "3601s", "soon"})
      CHECK(run({"drain", "--timeout", wrong}).exit_code == 2);
  }
}
