#include "relay/cli/awaited.hpp"
#include "tests/unit/cli/command_line.hpp"
#include "tests/unit/config/folder.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using test::run;

namespace {

const std::string good_config =
    "listen: { smtp: [{ address: 127.0.0.1:2525, app: shop }] }\n"
    "upstream: { kind: capture, directory: out }\n"
    "domains: [{ name: example.com, verify: trusted }]\n"
    "apps: [{ name: shop, domains: [example.com] }]\n";

std::vector<std::string> words(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<std::string> found;
  for (std::string word; stream >> word;) found.push_back(word);
  return found;
}

}  // namespace

TEST_SUITE("relay/cli/run") {
  TEST_CASE("--version and --help answer on standard output and exit 0") {
    for (const std::string option : {"--version", "--help"}) {
      CAPTURE(option);
      const auto outcome = run({option});
      CHECK(outcome.exit_code == 0);
      CHECK(outcome.out.starts_with(option == std::string_view("--version") ? "postern "
                                                                            : "Postern"));
      CHECK(outcome.err.empty());
    }
  }

  TEST_CASE("wrong usage exits 2 and says so on standard error alone") {
    const std::vector<std::string> lines[] = {
        {},
        {"frobnicate"},
        {"serve", "--colour"},
        {"inspect"},
        {"smtp-password"},
        {"smtp-password", "--region", "Frankfurt"},
        {"inspect", "--app", "shop", "--domain", "example.com", "-"}};
    for (const auto& line : lines) {
      CAPTURE(line.size());
      const auto outcome = run(line);
      CHECK(outcome.exit_code == 2);
      CHECK(outcome.out.empty());
      CHECK(std::ranges::count(outcome.err, '\n') == 1);
    }
  }

  TEST_CASE("a command that does not exist is answered with the nearest one, in one line") {
    CHECK(run({"check-confg", "f"}).err ==
          "There is no such command: write `postern check-config`.\n");
    CHECK(run({"xyz"}).err == "There is no such command: `postern --help` shows all.\n");
    CHECK(run({"queue", "lst"}).exit_code == 2);
  }

  TEST_CASE("a command that has not landed yet is refused with one sentence and is not offered") {
    const std::string help = run({"--help"}).out + run({"queue", "--help"}).out;
    for (const cli::Awaited& awaited : cli::awaited_commands()) {
      CAPTURE(awaited.command);
      std::vector<std::string> line = words(awaited.command);
      const std::string last = line.back();
      line.push_back("--whatever");
      const auto outcome = run(line);
      CHECK(outcome.exit_code == 2);
      CHECK(outcome.err.find("has not landed yet") != std::string::npos);
      CHECK(std::ranges::count(outcome.err, '\n') == 1);
      CHECK(help.find("\n  " + last + " ") == std::string::npos);
    }
  }

  TEST_CASE("what follows `sendmail` is left to it, and its exit code is the program's") {
    const auto outcome = run({"sendmail", "-t", "--config=x", "-oi"});
    CHECK(outcome.exit_code == 75);
    CHECK(outcome.handed_to_sendmail == std::vector<std::string>{"-t", "--config=x", "-oi"});
    CHECK(run({"sendmail"}).exit_code == 75);
    const auto help = run({"sendmail", "--help"});
    CHECK(help.exit_code == 0);
    CHECK(help.out.find("take recipients from To, Cc and Bcc") != std::string::npos);
  }

  TEST_CASE("a manual has the words of --help, and an unknown kind of it is refused") {
    const std::string page = run({"manual"}).out;
    CHECK(page.starts_with(".TH POSTERN 1 "));
    CHECK(page.find("Read the configuration as serve would, and say every mistake") !=
          std::string::npos);
    CHECK(run({"manual", "--format", "man-config"}).out.find("\\fBqueue.retry_first\\fR") !=
          std::string::npos);
    CHECK(run({"manual", "--format", "html"}).exit_code == 2);
  }

  TEST_CASE("serve runs with the configuration that it is given") {
    const auto outcome = run({"serve", "--config", "/etc/elsewhere.yml"});
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.served == "/etc/elsewhere.yml");
  }

  TEST_CASE("check-config exits 0 on a good file and 1 on any mistake") {
    const test::Folder folder;
    const auto file = folder.write("postern.yml", good_config);
    const auto good = run({"check-config", file.string()});
    CHECK(good.exit_code == 0);
    CHECK(folder.without_path(good.out) ==
          "postern.yml: good (SMTP listeners: 1, apps: 1, domains: 1)\n");
    CHECK(good.err.empty());

    folder.write("postern.yml", "drian: 5s\nthreads: many\n" + good_config);
    const auto bad = run({"check-config", file.string()});
    CHECK(bad.exit_code == 1);
    CHECK(bad.out.empty());
    CHECK(folder.without_path(bad.err) ==
          "postern.yml:1:1: unknown key `drian`: write `drain`\n"
          "postern.yml:2:10: `threads` must be a number from 0 to 64, not `many`\n");
    CHECK(run({"check-config", (folder.path() / "none.yml").string()}).exit_code == 1);
  }

  TEST_CASE("a warning does not make a file bad") {
    const test::Folder folder;
    std::string text = good_config;
    text.replace(text.find("app: shop"), 9, "app: shop, allow: [0.0.0.0/0]");
    const auto outcome = run({"check-config", folder.write("postern.yml", text).string()});
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.err.find("warning: ") != std::string::npos);
  }

  TEST_CASE("smtp-password reads the secret from standard input") {
    const auto outcome = run({"smtp-password", "--region", "eu-central-1"}, "some+secret+key\n");
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.out == "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2\n");
    const auto empty = run({"smtp-password", "--region", "eu-central-1"}, "");
    CHECK(empty.exit_code == 1);
    CHECK(empty.out.empty());
  }

  TEST_CASE(
      "a command that asks the relay takes its socket from the configuration or from --socket") {
    const test::Folder folder;
    const auto file = folder.write("postern.yml", "data_dir: here\n" + good_config);
    const auto configured = run({"healthcheck", "--config", file.string()});
    CHECK(configured.exit_code == 1);
    CHECK_FALSE(configured.err.empty());
    const auto given = run({"queue", "list", "--socket", (folder.path() / "none.sock").string()});
    CHECK(given.exit_code == 1);
    CHECK_FALSE(given.err.empty());
    const auto unreadable =
        run({"trace", "word", "--config", (folder.path() / "none.yml").string()});
    CHECK(unreadable.exit_code == 1);
    CHECK(unreadable.err.find("check-config") != std::string::npos);
  }
}
