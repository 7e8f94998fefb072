#include "relay/config/config.hpp"
#include "tests/unit/config/folder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace {

std::vector<std::filesystem::path> fixtures() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(CONFIG_FIXTURES))
    if (entry.path().extension() == ".yml") files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

/// What check-config prints of a file, with the folder's path cut out.
std::string report(const test::Folder& folder, const std::filesystem::path& file) {
  const config::Reading reading = config::read(file);
  std::string text;
  for (const config::Mistake& mistake : reading.mistakes)
    text += config::describe(file, mistake) + "\n";
  for (const config::Mistake& warning : reading.warnings)
    text += "warning: " + config::describe(file, warning) + "\n";
  CHECK(reading.config.has_value() == reading.mistakes.empty());
  return folder.without_path(text);
}

}  // namespace

TEST_SUITE("relay/config/read") {
  TEST_CASE("each bad configuration is answered with the sentences beside it") {
    const test::Folder folder;
    test::write_fixture_files(folder);
    const auto files = fixtures();
    CHECK(files.size() > 50);
    for (const std::filesystem::path& fixture : files) {
      CAPTURE(fixture.filename().string());
      const auto file = folder.write(fixture.filename().string(), test::read_all(fixture));
      std::filesystem::path expected = fixture;
      CHECK(report(folder, file) == test::read_all(expected.replace_extension(".expected")));
    }
  }

  TEST_CASE("no sentence shows a secret") {
    const test::Folder folder;
    test::write_fixture_files(folder);
    for (const std::filesystem::path& fixture : fixtures()) {
      const auto file = folder.write(fixture.filename().string(), test::read_all(fixture));
      CAPTURE(fixture.filename().string());
      CHECK(report(folder, file).find("hunter2") == std::string::npos);
    }
  }

  TEST_CASE("the examples are good where their files exist") {
    const test::Folder folder;
    test::write_fixture_files(folder);
    for (const std::string name :
         {"postern.yml", "examples/sidecar.yml", "examples/shared.yml", "examples/sandbox.yml"}) {
      CAPTURE(name);
      const std::filesystem::path example = std::filesystem::path(CONF_FOLDER) / name;
      const auto file = folder.write(example.filename().string(), test::read_all(example));
      CHECK(report(folder, file).empty());
    }
  }
}
