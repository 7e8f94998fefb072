#include "tests/crash/workload.hpp"

#include "tests/unit/spool/asked.hpp"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace crash {
namespace {

using policy::EventKind;
using spool::State;
using namespace std::chrono_literals;

constexpr std::uint32_t group_size = 8;
constexpr auto second_run = asked::noon + 1h;

/// One run of the store over the story's tape.
class Run {
 public:
  Run(Story& story,
      const std::filesystem::path& directory,
      const std::string& vfs,
      spool::WallTime now)
      : story_(story) {
    auto options = asked::options_in(directory);
    options.vfs = vfs;
    options.log = {64 << 10, 128 << 10};
    const auto asked = story_.tape.length();
    store_ = asked::open(std::move(options), now).store;
    const auto answered = story_.tape.length();
    for (const auto& life : story_.lives)
      if (life->steps.back().to == State::in_doubt)
        life->steps.push_back({"resent", State::queued, asked, answered});
  }

  void group(std::uint32_t first) {
    for (std::uint32_t i = 0; i < group_size; ++i)
      accept(asked::message(first + i, i == 3 ? 300'000 : 200 + 900 * i), i % 2 == 0);
    settle();
    const auto begin = story_.lives.size() - group_size;
    change(begin + 0, State::in_doubt, EventKind::in_doubt);
    change(begin + 1, State::in_doubt, EventKind::in_doubt);
    change(begin + 2, State::queued, EventKind::deferred);
    change(begin + 3, State::held, EventKind::held);
    change(begin + 4, State::failed, EventKind::failed);
    change(begin + 5, State::in_doubt, EventKind::in_doubt);
    settle();
    store_->record(refusal(first));
    change(begin + 0, State::sent, EventKind::sent);
    change(begin + 5, State::queued, EventKind::deferred);
    change(begin + 3, State::queued, EventKind::released);
    change(begin + 7, State::in_doubt, EventKind::in_doubt);
    change(begin + 7, State::sent, EventKind::sent);
    settle();
  }

  /// Removes what is sent or failed.
  void tidy() {
    const auto asked = story_.tape.length();
    for (const auto& life : story_.lives) {
      const auto state = life->steps.back().to;
      if (state == State::sent || state == State::failed)
        life->steps.push_back({"", state, asked, never});
    }
    store_->tidy(asked::noon + std::chrono::hours(2400), 24h, 24h, 24h);
    const auto gone = [&] {
      const auto counts = asked::counts(*store_);
      return counts.by_state[static_cast<std::size_t>(State::sent)] == 0;
    };
    if (!asked::becomes(gone)) throw std::runtime_error("nothing was removed");
  }

 private:
  static policy::Event refusal(std::uint32_t number) {
    policy::Event event;
    event.reference = std::to_string(number);
    event.at = asked::noon;
    return event;
  }

  void accept(spool::Job job, bool lease) {
    auto& life = *story_.lives.emplace_back(std::make_unique<Life>());
    life.job = job;
    life.steps.reserve(10);  // callbacks keep the addresses of steps
    auto& step = life.steps.emplace_back(Step{"accepted", State::queued, story_.tape.length()});
    ++open_;
    store_->accept(std::move(job), lease, [this, &step](spool::Accepted accepted) {
      answer(step, accepted == spool::Accepted::stored);
    });
  }

  void change(std::size_t index, State to, EventKind kind) {
    auto& life = *story_.lives[index];
    auto& step =
        life.steps.emplace_back(Step{std::string(policy::word(kind)), to, story_.tape.length()});
    auto change = asked::change(life.job.entry.id, to, kind);
    if (to == State::held) change.reason = policy::Reason::paced;
    ++open_;
    store_->change(std::move(change), [this, &step](bool done) { answer(step, done); });
  }

  void answer(Step& step, bool done) {
    failed_ = failed_ || !done;
    step.answered = story_.tape.length();
    --open_;
  }

  void settle() {
    if (!asked::becomes([this] { return open_ == 0; }) || failed_)
      throw std::runtime_error("the workload was not carried out");
  }

  Story& story_;
  std::atomic<int> open_{0};
  std::atomic<bool> failed_{false};
  std::unique_ptr<spool::Store> store_;
};

}  // namespace

void live(Story& story, const std::filesystem::path& directory) {
  const ShimVfs vfs("tape", [&story](const Op& op, const std::function<int()>& real) {
    return story.tape.record(op, real);
  });
  {
    Run first(story, directory, vfs.name(), asked::noon);
    first.group(0);
    first.group(100);
  }
  Run second(story, directory, vfs.name(), second_run);
  second.group(200);
  second.tidy();
}

}  // namespace crash
