#include "relay/spool/sqlite_store.hpp"
#include "tests/crash/shim_vfs.hpp"
#include "tests/unit/spool/asked.hpp"

#include <doctest/doctest.h>

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <future>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <sys/mount.h>

using namespace spool;
using asked::noon;
using policy::EventKind;

namespace {

/// A VFS that answers one chosen write, sync or truncate, or all from then on, with an error.
struct FailingDisk {
  explicit FailingDisk(std::string name)
      : vfs(std::move(name), [this](const crash::Op& op, const std::function<int()>& real) {
          return decide(op, real);
        }) {}

  int decide(const crash::Op& op, const std::function<int()>& real) {
    if (op.kind == crash::OpKind::remove || op.kind == crash::OpKind::create) return real();
    const int left = countdown.load();
    if (left < 0) return real();
    if (left > 0) {
      --countdown;
      return real();
    }
    if (once) countdown = -1;
    ++failures;
    switch (op.kind) {
      case crash::OpKind::write:
        return full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
      case crash::OpKind::sync:
        return SQLITE_IOERR_FSYNC;
      case crash::OpKind::truncate:
        return SQLITE_IOERR_TRUNCATE;
      case crash::OpKind::create:
      case crash::OpKind::remove:
        break;
    }
    return SQLITE_IOERR;
  }

  std::atomic<int> countdown{-1};  ///< operations until the failure; below 0: never
  std::atomic<bool> once{false};
  std::atomic<bool> full{false};
  std::atomic<int> failures{0};
  crash::ShimVfs vfs;
};

SqliteOptions options_on(const FailingDisk& disk, const std::filesystem::path& directory) {
  auto options = asked::options_in(directory);
  options.vfs = disk.vfs.name();
  return options;
}

std::set<std::int64_t> ids_of(const std::vector<Entry>& entries) {
  std::set<std::int64_t> ids;
  for (const auto& entry : entries) ids.insert(entry.id.value());
  return ids;
}

/// A VFS that takes its time over each flush of the spool's file, which only checkpoints ask for.
struct SlowDisk {
  explicit SlowDisk(std::string name)
      : vfs(std::move(name), [this](const crash::Op& op, const std::function<int()>& real) {
          if (op.kind == crash::OpKind::sync && !op.log) {
            const auto length = each_takes.load();
            ++flushes;
            std::this_thread::sleep_for(length);
          }
          return real();
        }) {}

  std::atomic<std::chrono::milliseconds> each_takes{std::chrono::milliseconds(0)};
  std::atomic<int> flushes{0};
  crash::ShimVfs vfs;
};

/// A file system of its own of one size, if this test may mount one.
class SmallDisk {
 public:
  SmallDisk()
      : mounted_(::mount("none", temp_.path().c_str(), "tmpfs", 0, "size=2m,mode=0700") == 0) {}
  ~SmallDisk() {
    if (mounted_) ::umount2(temp_.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  [[nodiscard]] bool mounted() const noexcept { return mounted_; }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return temp_.path(); }

 private:
  asked::TempDir temp_;
  bool mounted_;
};

/// Takes all room that is left on the disk.
void fill(const std::filesystem::path& file) {
  std::ofstream stream(file, std::ios::binary);
  const std::string page(4096, 'f');
  while (stream.write(page.data(), 4096).flush()) {
  }
}

}  // namespace

TEST_SUITE("relay/spool/sqlite_disk") {
  TEST_CASE(
      "whichever write, sync or truncation fails, what was answered stored is there and nothing "
      "else") {
    int answered_failed = 0;
    for (int at = 0; at < 30; ++at) {
      CAPTURE(at);
      const asked::TempDir temp;
      FailingDisk disk("failing");
      std::set<std::int64_t> stored;
      {
        auto [store, recovery] = asked::open(options_on(disk, temp.path()));
        disk.once = true;
        disk.full = at % 2 == 0;
        disk.countdown = at;
        for (std::uint32_t i = 0; i < 4; ++i) {
          const auto job = asked::message(i);
          if (asked::accept(*store, job) == Accepted::stored)
            stored.insert(job.entry.id.value());
          else
            ++answered_failed;
        }
        CHECK(asked::becomes([&] { return store->writable(); }));
        CHECK(ids_of(asked::list(*store)) == stored);
        CHECK(asked::counts(*store).by_state[0] == stored.size());
      }
      disk.countdown = -1;
      auto [store, recovery] = asked::open(options_on(disk, temp.path()));
      CHECK(ids_of(asked::list(*store)) == stored);
      CHECK(asked::lease(*store).size() == stored.size());
    }
    CHECK(answered_failed > 0);
  }

  TEST_CASE(
      "a change whose commit fails is kept, tried again and then answered; accepts fail "
      "meanwhile") {
    const asked::TempDir temp;
    FailingDisk disk("keeping");
    auto options = options_on(disk, temp.path());
    std::atomic<int> troubles{0};
    std::atomic<int> mended{0};
    std::atomic<int> commits_failed{0};
    options.sinks.trouble = [&](const std::string&) { ++troubles; };
    options.sinks.mended = [&](const std::string&) { ++mended; };
    options.sinks.commit_failed = [&] { ++commits_failed; };
    auto [store, recovery] = asked::open(std::move(options));
    const auto id = asked::message(1).entry.id;
    REQUIRE(asked::accept(*store, asked::message(1), true) == Accepted::stored);
    disk.countdown = 0;
    std::promise<bool> sent;
    store->change(asked::change(id, State::sent, EventKind::sent),
                  [&](bool done) { sent.set_value(done); });
    REQUIRE(asked::becomes([&] { return !store->writable(); }));
    CHECK(asked::accept(*store, asked::message(2)) == Accepted::failed);
    CHECK(asked::entry(*store, id)->state == State::in_delivery);
    CHECK(asked::lease(*store).empty());
    CHECK(commits_failed >= 1);
    disk.countdown = -1;
    CHECK(sent.get_future().get());
    CHECK(asked::becomes([&] { return store->writable(); }));
    CHECK(asked::timeline(*store, id) == "accepted sent");
    CHECK(asked::accept(*store, asked::message(2)) == Accepted::stored);
    CHECK(troubles >= 1);
    CHECK(mended == 1);
  }

  TEST_CASE("whichever write or sync fails, documents that were answered stored are there, whole") {
    int answered_failed = 0;
    for (int at = 0; at < 30; ++at) {
      CAPTURE(at);
      const asked::TempDir temp;
      FailingDisk disk("failing-documents");
      std::vector<Document> stored;
      std::size_t records = 0;
      {
        auto [store, recovery] = asked::open(options_on(disk, temp.path()));
        disk.once = true;
        disk.countdown = at;
        for (const auto* name : {"a", "b", "c", "d"}) {
          const std::string large(20'000, name[0]);
          if (asked::write(*store,
                           {{"app", name, "{}", 0}, {"domain", name, large, 0}},
                           asked::done_to(name)) == Written::failed) {
            ++answered_failed;
            continue;
          }
          ++records;
          stored.push_back({"app", name, 1, "{}"});
          stored.push_back({"domain", name, 1, large});
        }
        CHECK(asked::becomes([&] { return store->writable(); }));
        CHECK(asked::audit(*store).size() == records);
      }
      disk.countdown = -1;
      std::ranges::sort(stored, {}, [](const auto& each) { return each.kind + each.name; });
      auto [store, recovery] = asked::open(options_on(disk, temp.path()));
      CHECK(asked::told(recovery.documents) == asked::told(stored));
      CHECK(asked::audit(*store).size() == records);
    }
    CHECK(answered_failed > 0);
  }

  TEST_CASE("documents are answered failed while the disk fails, and stored when it works again") {
    const asked::TempDir temp;
    FailingDisk disk("refusing-documents");
    auto [store, recovery] = asked::open(options_on(disk, temp.path()));
    disk.countdown = 0;
    for (int i = 0; i < 3; ++i)
      CHECK(asked::write(*store, {{"app", "shop", "{}", 0}}) == Written::failed);
    CHECK_FALSE(store->writable());
    disk.countdown = -1;
    REQUIRE(asked::becomes([&] { return store->writable(); }));
    CHECK(asked::write(*store, {{"app", "shop", "{}", 0}}) == Written::stored);
  }

  TEST_CASE("documents whose commit failed do not count against the bound") {
    const asked::TempDir temp;
    FailingDisk disk("uncounted-documents");
    auto [store, recovery] = asked::open(options_on(disk, temp.path()));
    std::vector<DocumentWrite> writes;
    for (std::size_t i = 0; i < most_writes; ++i)
      writes.push_back({"app", std::to_string(i), "{}", 0});
    disk.once = true;
    for (std::size_t i = 0; i < most_documents; i += most_writes) {
      disk.countdown = 0;
      CHECK(asked::write(*store, writes) == Written::failed);
      REQUIRE(asked::becomes([&] { return store->writable(); }));
    }
    CHECK(asked::write(*store, writes) == Written::stored);
  }

  TEST_CASE(
      "closing on a failing disk answers every change, and the entry stands as it last stood") {
    const asked::TempDir temp;
    FailingDisk disk("closing");
    const auto id = asked::message(1).entry.id;
    std::atomic<int> refused{0};
    {
      auto [store, recovery] = asked::open(options_on(disk, temp.path()));
      REQUIRE(asked::accept(*store, asked::message(1), true) == Accepted::stored);
      REQUIRE(asked::change(*store, asked::mark(id)));
      disk.countdown = 0;
      for (int i = 0; i < 3; ++i)
        store->change(asked::change(id, State::sent, EventKind::sent),
                      [&](bool done) { refused += done ? 0 : 1; });
      store->close();
    }
    CHECK(refused == 3);
    disk.countdown = -1;
    auto [store, recovery] = asked::open(options_on(disk, temp.path()));
    CHECK(recovery.in_doubt == 1);
    CHECK(asked::lease(*store).size() == 1);
  }

  TEST_CASE("an accept waits for a log that starts anew, however slow the disk is") {
    const asked::TempDir temp;
    SlowDisk disk("slow");
    auto options = asked::options_in(temp.path());
    options.vfs = disk.vfs.name();
    options.log = {.moved = 4096, .restarted = 4096};
    std::atomic<int> troubles{0};
    options.sinks.trouble = [&](const std::string&) { ++troubles; };
    auto [store, recovery] = asked::open(std::move(options));
    disk.each_takes = std::chrono::milliseconds(500);
    disk.flushes = 0;
    REQUIRE(asked::accept(*store, asked::message(1)) == Accepted::stored);
    REQUIRE(asked::becomes([&] { return disk.flushes == 1; }));
    disk.each_takes = std::chrono::milliseconds(6500);  // longer than a statement waits for a lock
    REQUIRE(asked::accept(*store, asked::message(2)) == Accepted::stored);  // left to the restart
    REQUIRE(asked::becomes([&] { return disk.flushes == 2; }));
    disk.each_takes = std::chrono::milliseconds(0);
    CHECK(asked::accept(*store, asked::message(3)) == Accepted::stored);
    CHECK(store->writable());
    CHECK(troubles == 0);
  }

  TEST_CASE("a spool that cannot be written at the start is refused in one sentence") {
    const asked::TempDir temp;
    FailingDisk disk("starting");
    disk.countdown = 0;
    const auto refused = open_sqlite(options_on(disk, temp.path()), noon);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().sentence().ends_with("."));
  }

  TEST_CASE("a full disk answers failed, loses nothing, and is used again when there is room") {
    const SmallDisk small;
    if (!small.mounted()) {
      std::puts("left out: no file system of its own may be mounted here");
      return;
    }
    std::set<std::int64_t> stored;
    auto [store, recovery] = asked::open(asked::options_in(small.path()));
    REQUIRE(asked::accept(*store, asked::message(0), true) == Accepted::stored);
    stored.insert(asked::message(0).entry.id.value());
    fill(small.path() / "filler");
    std::uint32_t number = 1;
    const auto accept = [&] {
      const auto job = asked::message(number++, 20'000);
      const auto accepted = asked::accept(*store, job);
      if (accepted == Accepted::stored) stored.insert(job.entry.id.value());
      return accepted;
    };
    REQUIRE(asked::becomes([&] { return accept() == Accepted::failed; }));
    const std::vector<DocumentWrite> large{{"app", "shop", std::string(100'000, 'x'), 0}};
    CHECK(asked::write(*store, large, asked::done_to("shop")) == Written::failed);
    std::promise<bool> sent;
    store->change(asked::change(asked::message(0).entry.id, State::sent, EventKind::sent),
                  [&](bool done) { sent.set_value(done); });
    std::filesystem::remove(small.path() / "filler");
    CHECK(asked::becomes([&] { return store->writable() && accept() == Accepted::stored; }));
    CHECK(sent.get_future().get());
    CHECK(asked::audit(*store).empty());
    CHECK(asked::write(*store, large, asked::done_to("shop")) == Written::stored);
    store->close();
    auto [again, recovered] = asked::open(asked::options_in(small.path()));
    CHECK(recovered.documents.size() == 1);
    CHECK(ids_of(asked::list(*again)) == stored);
    CHECK(asked::lease(*again).size() == stored.size() - 1);
  }

  TEST_CASE(
      "below the reserve the store says that it is not writable, changes and documents go in") {
    const SmallDisk small;
    if (!small.mounted()) {
      std::puts("left out: no file system of its own may be mounted here");
      return;
    }
    auto options = asked::options_in(small.path());
    options.reserve = 512 << 10;
    auto [store, recovery] = asked::open(std::move(options));
    CHECK(store->writable());
    REQUIRE(asked::accept(*store, asked::message(1)) == Accepted::stored);
    std::ofstream(small.path() / "filler") << std::string(1700 << 10, 'f') << std::flush;
    const auto id = asked::message(1).entry.id;
    REQUIRE(asked::change(*store, asked::change(id, State::queued, EventKind::deferred)));
    CHECK(asked::becomes([&] { return !store->writable(); }));
    CHECK(asked::accept(*store, asked::message(2)) == Accepted::failed);
    CHECK(asked::write(*store, {{"app", "shop", "{}", 0}}) == Written::stored);
    CHECK(asked::change(*store, asked::change(id, State::sent, EventKind::sent)));
    std::filesystem::remove(small.path() / "filler");
    CHECK(asked::becomes([&] { return store->writable(); }));
    CHECK(asked::accept(*store, asked::message(2)) == Accepted::stored);
  }
}
