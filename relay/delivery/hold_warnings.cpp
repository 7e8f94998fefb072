#include "relay/delivery/hold_warnings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <locale>
#include <sstream>
#include <utility>

namespace delivery {
namespace {

constexpr std::array<std::pair<std::string_view, WarningStage>, 2> stages{
    {{"half", WarningStage::half}, {"last-day", WarningStage::last_day}}};

std::string_view word(WarningStage stage) noexcept {
  return stages[static_cast<std::size_t>(stage)].first;
}

std::optional<WarningStage> stage_of(std::string_view word) noexcept {
  const auto* found = std::ranges::find(stages, word, &decltype(stages)::value_type::first);
  return found == stages.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

HoldTimes::HoldTimes(spool::WallTime since, std::chrono::seconds hold_expire)
    : half(since + hold_expire / 2),
      last_day(since + hold_expire - std::chrono::hours(24)),
      end(since + hold_expire) {
  if (last_day <= half) last_day = end;
}

spool::WallTime HoldTimes::next(spool::WallTime now) const noexcept {
  if (now < half) return half;
  return now < last_day ? last_day : end;
}

std::optional<WarningStage> HoldWarnings::due(std::string_view app,
                                              policy::Reason reason,
                                              const HoldTimes& times,
                                              spool::WallTime now) const {
  if (now < times.half) return std::nullopt;
  const bool late = now >= times.last_day;
  const auto stage = late ? WarningStage::last_day : WarningStage::half;
  const auto told = told_until_.find(Topic{std::string(app), reason, stage});
  const auto since = late ? times.last_day : times.half;
  // A time as far ahead as no warning made about now has it is one of a clock that was wrong.
  if (told != told_until_.end() && since < told->second && told->second <= now + 2 * speaks_for)
    return std::nullopt;
  return stage;
}

void HoldWarnings::told(std::string_view app,
                        policy::Reason reason,
                        WarningStage stage,
                        spool::WallTime now) {
  set({std::string(app), reason, WarningStage::half}, now + speaks_for);
  if (stage == WarningStage::last_day)
    set({std::string(app), reason, WarningStage::last_day}, now + speaks_for);
}

void HoldWarnings::set(Topic topic, spool::WallTime until) {
  told_until_.insert_or_assign(std::move(topic), until);
  if (told_until_.size() <= most) return;
  told_until_.erase(
      std::ranges::min_element(told_until_, {}, [](const auto& each) { return each.second; }));
}

std::string HoldWarnings::kept() const {
  std::string text;
  for (const auto& [topic, until] : told_until_)
    text += fmt::format(
        "{} {} {} {}\n",
        std::chrono::duration_cast<std::chrono::milliseconds>(until.time_since_epoch()).count(),
        word(topic.stage),
        policy::word(topic.reason),
        topic.app);
  return text;
}

void HoldWarnings::recall(std::string_view kept) {
  std::istringstream text{std::string(kept)};
  text.imbue(std::locale::classic());
  std::int64_t until = 0;
  std::string stage_word, reason_word, app;
  while (text >> until >> stage_word >> reason_word >> app) {
    const auto stage = stage_of(stage_word);
    const auto reason = policy::reason_of(reason_word);
    if (stage && reason)
      set({app, *reason, *stage}, spool::WallTime(std::chrono::milliseconds(until)));
  }
}

}  // namespace delivery
