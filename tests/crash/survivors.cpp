#include "tests/crash/survivors.hpp"

#include "tests/unit/spool/asked.hpp"

#include <algorithm>
#include <map>
#include <optional>
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

/// What must be seen of a message after its first `steps` steps and a recovery; nothing: no entry.
std::optional<Seen> expected(const Life& life, std::size_t steps) {
  if (steps == 0 || life.steps[steps - 1].event.empty()) return std::nullopt;
  Seen seen;
  for (std::size_t i = 0; i < steps; ++i)
    seen.timeline += (i == 0 ? "" : " ") + life.steps[i].event;
  seen.state = life.steps[steps - 1].to;
  if (seen.state == State::in_doubt) {
    seen.timeline += " resent";
    seen.state = State::queued;
  }
  if (seen.state != State::sent) seen.octets = life.job.octets;
  return seen;
}

/// Whether what is seen is what some number of steps leaves: at least those answered before the
/// cut, at most those asked.
bool fits(const Life& life, std::size_t cut, const std::optional<Seen>& seen) {
  std::size_t least = 0;
  std::size_t most = 0;
  for (std::size_t i = 0; i < life.steps.size(); ++i) {
    if (life.steps[i].answered <= cut) least = i + 1;
    if (life.steps[i].asked <= cut) most = i + 1;
  }
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

std::string judge_leases(const Story& story, spool::Store& store, const Sight& sight) {
  const auto waits = [](const auto& each) {
    return each.second.state == State::queued || each.second.state == State::held;
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
    if (opened.recovery.quarantined != 0) return "an entry was quarantined";
    sight = look(*opened.store);
    if (auto wrong = judge_lives(story, cut, sight); !wrong.empty()) return wrong;
  }
  const auto opened = asked::open(asked::options_in(directory), afterwards);
  if (opened.recovery.in_doubt != 0 || look(*opened.store) != sight)
    return "opening it once more changed it";
  return judge_leases(story, *opened.store, sight);
}

}  // namespace crash
