#pragma once

#include "relay/spool/store.hpp"
#include "tests/crash/disk.hpp"

#include <cstddef>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace crash {

inline constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

/// One step in the life of a message, or of the documents, and between which operations of the tape
/// it was asked for and answered.
struct Step {
  std::string event;  ///< its word in the timeline; empty: the entry was removed
  spool::State to{};
  std::size_t asked = 0;
  std::size_t answered = never;
};

/// What the store is to keep beside the mail, and what its trail is to say.
struct Kept {
  std::map<std::pair<std::string, std::string>, spool::Document> documents;
  std::vector<spool::AuditRecord> trail;  ///< newest first
};
[[nodiscard]] std::string kept_text(const std::vector<spool::Document>& documents,
                                    const std::vector<spool::AuditRecord>& trail);

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
  /// One that is held and the warning that says so, which is kept as a note under the latter's id.
  std::vector<std::pair<std::size_t, std::size_t>> warnings;
  std::deque<Step> notes;   ///< by their value
  std::deque<Step> writes;  ///< of documents, by what is told of all of them then
  Kept kept;                ///< after the last of them
};

/// Makes a spool in `directory` and lives through two runs of it: groups of messages accepted at
/// once, repeated, attempted, settled in each way, given up with a notice, held with a warning,
/// released and dropped by order, some left in doubt when the first run ends; notes, refusals,
/// documents made, changed, removed and refused for their version, checkpoints, removal of what is
/// past retention.
void live(Story& story, const std::filesystem::path& directory);

}  // namespace crash
