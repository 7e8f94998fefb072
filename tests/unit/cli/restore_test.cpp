#include "relay/spool/sqlite_store.hpp"
#include "tests/unit/cli/command_line.hpp"
#include "tests/unit/config/folder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <future>
#include <memory>

using test::run;

namespace {

// A configuration whose data_dir is below its own folder.
std::filesystem::path write_config(const test::Folder& folder) {
  return folder.write("postern.yml",
                      "data_dir: data\n"
                      "listen: { smtp: [{ address: 127.0.0.1:2525, app: shop }] }\n"
                      "upstream: { kind: capture, directory: out }\n"
                      "domains: [{ name: example.com, verify: trusted }]\n"
                      "apps: [{ name: shop, domains: [example.com] }]\n");
}

spool::OpenedStore open(const std::filesystem::path& directory) {
  spool::SqliteOptions options;
  options.directory = directory;
  options.reserve = 0;
  auto opened = spool::open_sqlite(std::move(options), std::chrono::system_clock::now());
  return std::move(opened.value());
}

spool::Job message() {
  spool::Job job;
  job.entry.id = spool::QueueId(7);
  job.entry.app = "shop";
  job.entry.domain = "example.com";
  job.entry.envelope = {"anna@example.com", {"bob@example.org"}};
  job.entry.accepted_at = job.entry.next_attempt = std::chrono::system_clock::now();
  job.octets = std::make_shared<const std::string>("Subject: x\r\n\r\nhello\r\n");
  job.entry.size = job.octets->size();
  return job;
}

// A backup of a spool with one message.
std::filesystem::path write_backup(const test::Folder& folder) {
  const auto directory = folder.path() / "source";
  const auto file = folder.path() / "backup";
  std::filesystem::create_directory(directory);
  const auto store = open(directory).store;
  std::promise<spool::Accepted> accepted;
  (void)store->accept(message(), false, [&](const spool::Acceptance& acceptance) {
    accepted.set_value(acceptance.outcome);
  });
  REQUIRE(accepted.get_future().get() == spool::Accepted::stored);
  std::promise<bool> written;
  store->backup(file, [&](const mail::Result<void>& done) { written.set_value(done.has_value()); });
  REQUIRE(written.get_future().get());
  store->close();
  return file;
}

}  // namespace

TEST_SUITE("relay/cli/restore") {
  TEST_CASE(
      "a backup is restored with its mail held, to be looked at after half of queue.hold_expire, "
      "and "
      "it says how to send it") {
    const test::Folder folder;
    const auto config = write_config(folder).string();
    const auto restored = run({"restore", "--config", config, write_backup(folder).string()});
    CHECK(restored.err.empty());
    CHECK(restored.exit_code == 0);
    CHECK(restored.out.starts_with("Restored: 1 message is held `restored`.\n"));
    CHECK(restored.out.find("`postern queue release --reason restored`") != std::string::npos);

    const auto opened = open(folder.path() / "data");
    CHECK(opened.recovery.held == 1);
    std::promise<std::vector<spool::Entry>> listed;
    opened.store->list(
        {}, [&](std::vector<spool::Entry> entries) { listed.set_value(std::move(entries)); });
    const auto entries = listed.get_future().get();
    REQUIRE(entries.size() == 1);
    CHECK(entries.front().reason == policy::Reason::restored);
    REQUIRE(entries.front().held_since);
    CHECK(entries.front().next_attempt - *entries.front().held_since == std::chrono::hours(7 * 24));
    opened.store->close();
  }

  TEST_CASE("--json prints how many are held") {
    const test::Folder folder;
    const auto config = write_config(folder).string();
    CHECK(run({"restore", "--json", "--config", config, write_backup(folder).string()}).out ==
          "{\"held\":1}\n");
  }

  TEST_CASE("what cannot be restored is one sentence with exit 1") {
    const test::Folder folder;
    const auto config = write_config(folder).string();
    const auto absent = run({"restore", "--config", config, (folder.path() / "absent").string()});
    CHECK(absent.exit_code == 1);
    CHECK(absent.out.empty());
    CHECK(std::ranges::count(absent.err, '\n') == 1);
    CHECK(run({"restore", "--config", (folder.path() / "none.yml").string(), "x"}).exit_code == 1);
    CHECK(run({"restore", "--config", config}).exit_code == 2);
  }
}
