#pragma once

#include "relay/spool/store.hpp"
#include "tests/crash/disk.hpp"

#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace crash {

inline constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

/// One step in the life of a message, and between which operations of the tape it was asked for and
/// answered.
struct Step {
  std::string event;  ///< its word in the timeline; empty: the entry was removed
  spool::State to{};
  std::size_t asked = 0;
  std::size_t answered = never;
};

/// A message and all that was done with it, in order.
struct Life {
  spool::Job job;
  std::vector<Step> steps;
};

struct Story {
  Tape tape;
  std::vector<std::unique_ptr<Life>>
      lives;  ///< steps are written from the store's threads: stable addresses
};

/// Makes a spool in `directory` and lives through two runs of it: groups of messages accepted at
/// once, settled in each way, some left in doubt when the first run ends; refusals, checkpoints,
/// recovery, removal of what is past retention.
void live(Story& story, const std::filesystem::path& directory);

}  // namespace crash
