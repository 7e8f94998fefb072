#include "tests/crash/survivors.hpp"

#include "tests/unit/spool/asked.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace crash {
namespace {

using spool::State;
using namespace std::chrono_literals;

constexpr auto afterwards = asked::noon + 48h;

/// Everything that can be seen of an entry.
struct Seen {
  State state{};
  std::string timeline;
  spool::Octets octets;
  bool operator==(const Seen& other) const {
    const bool same = octets && other.octets ? *octets == *other.octets : octets == other.octets;
    return same && state == other.state && timeline == other.timeline;
  }
};
using Sight = std::map<std::int64_t, Seen>;

Sight look(spool::Store& store) {
  Sight sight;
  spool::Filter all;
  all.limit = 1000;
  for (const auto& entry : asked::list(store, all))
    sight[entry.id.value()] = {
        entry.state, asked::timeline(store, entry.id), asked::octets(store, entry.id)};
  return sight;
}

/// What must be seen of a message after its first `steps` steps; nothing: no entry.
std::optional<Seen> expected(const Life& life, std::size_t steps) {
  if (steps == 0 || life.steps[steps - 1].event.empty()) return std::nullopt;
  Seen seen;
  for (std::size_t i = 0; i < steps; ++i)
    seen.timeline += (i == 0 ? "" : " ") + life.steps[i].event;
  seen.state = life.steps[steps - 1].to;
  if (seen.state != State::sent) seen.octets = life.job.octets;
  return seen;
}

/// How many steps may have been made at a cut: at least those answered before, at most those asked.
std::pair<std::size_t, std::size_t> made_by(const std::deque<Step>& steps, std::size_t cut) {
  std::size_t least = 0;
  std::size_t most = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].answered <= cut) least = i + 1;
    if (steps[i].asked <= cut) most = i + 1;
  }
  return {least, most};
}

/// Whether what is seen is what some such number of steps leaves.
bool fits(const Life& life, std::size_t cut, const std::optional<Seen>& seen) {
  const auto [least, most] = made_by(life.steps, cut);
  for (auto steps = least; steps <= most; ++steps)
    if (expected(life, steps) == seen) return true;
  return false;
}

std::string told(const std::optional<Seen>& seen) {
  if (!seen) return "gone";
  return std::string(spool::word(seen->state)) + " after `" + seen->timeline + "`, " +
         (seen->octets ? std::to_string(seen->octets->size()) + " octets" : "no octets");
}

std::string judge_lives(const Story& story, std::size_t cut, Sight sight) {
  for (const auto& life : story.lives) {
    const auto id = life->job.entry.id;
    const auto found = sight.find(id.value());
    const auto seen = found == sight.end() ? std::nullopt : std::optional(found->second);
    if (!fits(*life, cut, seen)) return id.text() + " is " + told(seen);
    sight.erase(id.value());
  }
  return sight.empty() ? "" : "an entry is there that was never sent in";
}

/// A message is given up exactly when its notice is there.
std::string judge_notices(const Story& story, const Sight& sight) {
  for (const auto& [given_up, notice] : story.notices) {
    const auto original = sight.find(story.lives[given_up]->job.entry.id.value());
    if (original == sight.end()) continue;
    const auto id = story.lives[notice]->job.entry.id;
    if ((original->second.state == State::failed) != sight.contains(id.value()))
      return id.text() + " is there without what it tells of, or the other way round";
  }
  return "";
}

/// A message is warned of exactly when the warning is there, and the note of it.
std::string judge_warnings(const Story& story,
                           const Sight& sight,
                           const spool::Recovery& recovery) {
  for (const auto& [held, warning] : story.warnings) {
    const auto original = sight.find(story.lives[held]->job.entry.id.value());
    if (original == sight.end()) continue;
    const bool warned = original->second.timeline.starts_with("accepted held held");
    const auto id = story.lives[warning]->job.entry.id;
    if (warned != sight.contains(id.value()) || warned != recovery.notes.contains(id.text()))
      return id.text() + " or its note is there without what it warns of, or the other way round";
  }
  return "";
}

std::string judge_notes(const Story& story, std::size_t cut, const spool::Recovery& recovery) {
  const auto found = recovery.notes.find("group");
  const auto value = found == recovery.notes.end() ? "" : found->second;
  const auto [least, most] = made_by(story.notes, cut);
  for (auto notes = least; notes <= most; ++notes)
    if (value == (notes == 0 ? "" : story.notes[notes - 1].event)) return "";
  return "the note is `" + value + "`";
}

std::string judge_documents(const Story& story,
                            std::size_t cut,
                            const std::vector<spool::Document>& documents,
                            const std::vector<spool::AuditRecord>& trail) {
  const auto seen = kept_text(documents, trail);
  const auto [least, most] = made_by(story.writes, cut);
  for (auto writes = least; writes <= most; ++writes)
    if (seen == (writes == 0 ? kept_text({}, {}) : story.writes[writes - 1].event)) return "";
  return std::to_string(documents.size()) + " documents and " + std::to_string(trail.size()) +
         " records are there as no write left them";
}

std::string judge_leases(const Story& story, spool::Store& store, const Sight& sight) {
  const auto waits = [](const auto& each) {
    const auto state = each.second.state;
    return state == State::queued || state == State::held || state == State::in_doubt;
  };
  const auto leased = asked::lease(store, afterwards, 1000);
  if (leased.size() != static_cast<std::size_t>(std::ranges::count_if(sight, waits)))
    return "not everything that waits is given out";
  for (const auto& job : leased) {
    const auto whole = [&](const auto& life) {
      return life->job.entry.id == job.entry.id && *life->job.octets == *job.octets &&
             life->job.entry.envelope.forward_paths == job.entry.envelope.forward_paths;
    };
    if (std::ranges::none_of(story.lives, whole))
      return job.entry.id.text() + " is given out though it is not whole";
  }
  return "";
}

}  // namespace

std::string judge(const Story& story, std::size_t cut, const std::filesystem::path& directory) {
  Sight sight;
  {
    const auto opened = asked::open(asked::options_in(directory), afterwards);
    sight = look(*opened.store);
    for (const auto& wrong :
         {judge_lives(story, cut, sight),
          judge_notices(story, sight),
          judge_warnings(story, sight, opened.recovery),
          judge_notes(story, cut, opened.recovery),
          judge_documents(story, cut, opened.recovery.documents, asked::audit(*opened.store))})
      if (!wrong.empty()) return wrong;
  }
  const auto opened = asked::open(asked::options_in(directory), afterwards);
  if (look(*opened.store) != sight) return "opening it once more changed it";
  return judge_leases(story, *opened.store, sight);
}

}  // namespace crash
