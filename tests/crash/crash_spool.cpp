// Cuts the spool at every write, flush, truncation, creation and removal of a run, in four ways,
// and looks at what is left. Usage: crash_spool [--every N] [--seed N]; exit 1 names the first cut
// that lost or changed something.
#include "tests/crash/disk.hpp"
#include "tests/crash/survivors.hpp"
#include "tests/crash/workload.hpp"
#include "tests/unit/spool/asked.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>

namespace {

struct Arguments {
  std::size_t every = 1;
  unsigned seed = 1;
};

Arguments read_arguments(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i + 1 < count; i += 2) {
    const auto number = std::strtoul(words[i + 1], nullptr, 10);
    if (std::string_view(words[i]) == "--every" && number > 0) arguments.every = number;
    if (std::string_view(words[i]) == "--seed") arguments.seed = static_cast<unsigned>(number);
  }
  return arguments;
}

/// In memory where that is possible: the images need no disk of their own.
std::filesystem::path folder_for_images() {
  const std::filesystem::path memory = "/dev/shm";
  return std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
}

bool survives(const crash::Story& story,
              std::size_t cut,
              crash::Loss loss,
              const crash::Files& files) {
  const asked::TempDir image(folder_for_images());
  crash::write_files(files, image.path());
  std::string wrong;
  try {
    wrong = crash::judge(story, cut, image.path());
  } catch (const std::exception& error) {
    wrong = error.what();
  }
  if (!wrong.empty())
    std::printf("cut after operation %zu, lost %s: %s\n", cut, crash::word(loss), wrong.c_str());
  return wrong.empty();
}

int run(const Arguments& arguments) {
  crash::Story story;
  {
    const asked::TempDir directory(folder_for_images());
    crash::live(story, directory.path());
  }
  const auto& operations = story.tape.operations();
  crash::Disk disk({{"spool.sqlite", ""}});
  std::mt19937 random(arguments.seed);
  std::size_t cuts = 0;
  std::size_t crashes = 0;
  for (std::size_t cut = 0; cut <= operations.size(); ++cut) {
    if (cut > 0) disk.apply(operations[cut - 1]);
    if (cut % arguments.every != 0 && cut != operations.size()) continue;
    ++cuts;
    for (const auto loss : crash::losses) {
      ++crashes;
      if (!survives(story, cut, loss, disk.after(loss, random))) return 1;
    }
  }
  std::printf("%zu operations, cut at %zu points, %zu crashes: nothing lost, nothing half\n",
              operations.size(),
              cuts,
              crashes);
  return 0;
}

}  // namespace

int main(int count, char** words) {
  try {
    return run(read_arguments(count, words));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "crash_spool: %s\n", error.what());
    return 2;
  }
}
