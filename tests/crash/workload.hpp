#pragma once

#include "relay/spool/store.hpp"
#include "tests/crash/disk.hpp"

#include <cstddef>
#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <utility>
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

/// A message and all that was done with it, in order. Its steps are written from the store's
/// threads: they keep their addresses.
struct Life {
  spool::Job job;
  std::deque<Step> steps;
  bool leased = false;  ///< as things stand when nothing is under way
};

struct Story {
  Tape tape;
  std::vector<std::unique_ptr<Life>> lives;
  /// A message that was given up and the notice that says so, as places in `lives`.
  std::vector<std::pair<std::size_t, std::size_t>> notices;
  std::deque<Step> notes;  ///< by their value
};

/// Makes a spool in `directory` and lives through two runs of it: groups of messages accepted at
/// once, repeated, attempted, settled in each way, given up with a notice, held, released and
/// dropped by order, some left in doubt when the first run ends; notes, refusals, checkpoints,
/// removal of what is past retention.
void live(Story& story, const std::filesystem::path& directory);

}  // namespace crash
