#include "relay/spool/data_dir.hpp"

#include "tests/unit/spool/asked.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <string>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using spool::DataDir;
using spool::FileSystemKind;

namespace {

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("relay/spool/data_dir") {
  TEST_CASE("a missing directory is made for its owner alone, with what is missing above it") {
    const asked::TempDir temp;
    const auto directory = temp.path() / "var" / "postern";
    const auto opened = DataDir::open(directory);
    REQUIRE(opened.has_value());
    CHECK(mode_of(directory) == 0700);
    CHECK(opened->path() == directory);
    CHECK(mode_of(directory / "lock") == 0600);
  }

  TEST_CASE("while one holds it a second is refused, naming the holder, and afterwards let in") {
    const asked::TempDir temp;
    const auto directory = temp.path() / "d";
    {
      const auto first = DataDir::open(directory);
      REQUIRE(first.has_value());
      const auto second = DataDir::open(directory);
      REQUIRE_FALSE(second.has_value());
      CHECK(contains(second.error().sentence(), "process " + std::to_string(::getpid()) + " on "));
    }
    CHECK(DataDir::open(directory).has_value());
  }

  TEST_CASE("the lock ends with the process that held it, whatever its note says") {
    const asked::TempDir temp;
    const auto directory = temp.path() / "d";
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const auto held = DataDir::open(directory);
      ::_exit(held ? 0 : 1);  // no destructor runs
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) == 0);
    CHECK(DataDir::open(directory).has_value());
  }

  TEST_CASE("a moved lock is released once, by the last owner") {
    const asked::TempDir temp;
    const auto directory = temp.path() / "d";
    auto opened = DataDir::open(directory);
    REQUIRE(opened.has_value());
    {
      const DataDir owner = std::move(*opened);
      CHECK_FALSE(DataDir::open(directory).has_value());
    }
    CHECK(DataDir::open(directory).has_value());
  }

  TEST_CASE("a directory open to every user is refused with the mend; its group may have it") {
    const asked::TempDir temp;
    REQUIRE(::chmod(temp.path().c_str(), 0755) == 0);
    const auto refused = DataDir::open(temp.path());
    REQUIRE_FALSE(refused.has_value());
    CHECK(contains(refused.error().sentence(), "chmod 700"));
    REQUIRE(::chmod(temp.path().c_str(), 02770) == 0);
    CHECK(DataDir::open(temp.path()).has_value());
  }

  TEST_CASE("a file in the place of the directory is refused in one sentence") {
    const asked::TempDir temp;
    const auto file = temp.path() / "file";
    std::ofstream(file) << "x";
    const auto refused = DataDir::open(file);
    REQUIRE_FALSE(refused.has_value());
    CHECK(contains(refused.error().sentence(), "is not a directory"));
    CHECK_FALSE(DataDir::open(file / "below").has_value());
  }

  TEST_CASE("a lock that is a link is not followed") {
    const asked::TempDir temp;
    const auto target = temp.path() / "target";
    std::ofstream(target) << "precious";
    std::filesystem::create_symlink(target, temp.path() / "lock");
    CHECK_FALSE(DataDir::open(temp.path()).has_value());
    CHECK(std::filesystem::file_size(target) == 8);
  }

  TEST_CASE("network file systems are told from local ones and FUSE") {
    const std::pair<std::int64_t, FileSystemKind> rows[] = {
        {0x6969, FileSystemKind::network},
        {0xFF534D42, FileSystemKind::network},
        {static_cast<std::int32_t>(0xFF534D42), FileSystemKind::network},
        {0x01021997, FileSystemKind::network},
        {0x65735546, FileSystemKind::fuse},
        {0xEF53, FileSystemKind::local},
        {0x01021994, FileSystemKind::local}};
    for (const auto& [magic, kind] : rows) {
      CAPTURE(magic);
      CHECK(spool::file_system_kind(magic) == kind);
    }
  }

  TEST_CASE("free octets are known for a directory, and none for what is not there") {
    const asked::TempDir temp;
    CHECK(spool::free_octets(temp.path()) > 0);
    CHECK(spool::free_octets(temp.path() / "missing") == 0);
  }
}
