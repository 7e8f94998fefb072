#include "relay/keystore/master_key_file.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "postern-keystore-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() {
    std::error_code left_behind;
    fs::remove_all(path, left_behind);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path path;
};

constexpr std::string_view counted = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fs::path written(const fs::path& file, std::string_view text, unsigned mode = 0600) {
  std::ofstream(file, std::ios::binary) << text;
  ::chmod(file.c_str(), mode);
  return file;
}
std::string octets_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}
std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

/// The sentence without the file's folder, or "read".
std::string refusal(const fs::path& file) {
  const auto key = keystore::read_master_key(file);
  if (key) return "read";
  std::string sentence = key.error().sentence();
  const std::string folder = file.parent_path().string() + "/";
  if (const auto at = sentence.find(folder); at != std::string::npos) {
    sentence.erase(at, folder.size());
  }
  return sentence;
}

}  // namespace

TEST_SUITE_BEGIN("keystore/master_key_file");

TEST_CASE("the first start makes a key that only its owner may read, and later starts find it") {
  const Folder folder;
  const auto made = keystore::read_or_make_master_key(folder.path, true).value();
  CHECK(made.made);
  struct stat status {};
  REQUIRE(::stat(keystore::default_file(folder.path).c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(octets_of(keystore::default_file(folder.path)) == made.key.text());
  CHECK(names_in(folder.path) == std::vector<std::string>{"master.key"});

  for (const bool durable : {true, false}) {
    CAPTURE(durable);
    const auto found = keystore::read_or_make_master_key(folder.path, durable).value();
    CHECK_FALSE(found.made);
    CHECK(found.key.octets() == made.key.octets());
  }
}

TEST_CASE("in a folder that is not durable no key is made") {
  const Folder folder;
  const auto key = keystore::read_or_make_master_key(folder.path, false);
  REQUIRE_FALSE(key.has_value());
  CHECK(key.error().sentence() == keystore::default_file(folder.path).string() +
                                      " is not there, and with data_dir_durable: false none is "
                                      "made: give master_key_file.");
  CHECK(names_in(folder.path).empty());
}

TEST_CASE("what a start that was cut short left behind does not matter") {
  const Folder folder;
  const auto part = folder.path / ("master.key." + std::to_string(::getpid()) + ".part");
  written(part, "AAEC", 0400);
  CHECK(keystore::read_or_make_master_key(folder.path, true).value().made);
  CHECK(names_in(folder.path) == std::vector<std::string>{"master.key"});
}

TEST_CASE("a key that cannot be used is never replaced by a new one") {
  const Folder folder;
  const auto file = keystore::default_file(folder.path);
  SUBCASE("damaged") { written(file, "AAEC"); }
  SUBCASE("empty") { written(file, ""); }
  SUBCASE("open to others") { written(file, counted, 0644); }
  SUBCASE("a link to nowhere") { fs::create_symlink(folder.path / "away", file); }
  const auto before = octets_of(file);
  CHECK_FALSE(keystore::read_or_make_master_key(folder.path, true).has_value());
  CHECK(octets_of(file) == before);
  CHECK(names_in(folder.path) == std::vector<std::string>{"master.key"});
}

TEST_CASE("a file that holds no usable key is refused, with the mend and without its text") {
  const Folder folder;
  const std::string whole(counted);
  constexpr std::string_view no_key =
      " is not a master key, 32 octets in base64: restore it from its backup, or with an empty "
      "store make one with openssl rand -base64 32.";
  struct Row {
    std::string name, text;
    unsigned mode;
    std::string refusal;
  };
  const Row rows[] = {
      {"good", whole + "\n", 0600, "read"},
      {"read-only", whole, 0400, "read"},
      {"group",
       whole,
       0640,
       "The master key file group is open to others (mode 0640): chmod 600 it."},
      {"short", "AAEC\n", 0600, "short" + std::string(no_key)},
      {"long", whole + whole, 0600, "long" + std::string(no_key)},
      {"empty", "", 0600, "empty" + std::string(no_key)},
      {"huge", std::string(100000, 'A'), 0600, "huge" + std::string(no_key)},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(refusal(written(folder.path / row.name, row.text, row.mode)) == row.refusal);
  }
  CHECK(refusal(folder.path / "none") ==
        "none cannot be read (No such file or directory): restore the master key from its backup, "
        "or change the path.");
  fs::create_directory(folder.path / "folder");
  CHECK(refusal(folder.path / "folder") == "folder is not a regular file: change the path.");
  REQUIRE(::mkfifo((folder.path / "pipe").c_str(), 0600) == 0);
  CHECK(refusal(folder.path / "pipe") == "pipe is not a regular file: change the path.");
}

TEST_CASE("a folder that cannot be written to is a failure that names it") {
  const auto key = keystore::read_or_make_master_key("/proc/self/fdinfo", true);
  REQUIRE_FALSE(key.has_value());
  CHECK(key.error().sentence().starts_with("/proc/self/fdinfo/master.key"));
  CHECK(key.error().sentence().ends_with(
      "make its folder writable for the relay, on a disk with room."));
}

TEST_SUITE_END();
