#include "tests/crash/workload.hpp"

#include "tests/unit/spool/asked.hpp"

#include <atomic>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

namespace crash {
namespace {

using policy::EventKind;
using spool::State;
using namespace std::chrono_literals;

constexpr std::uint32_t group_size = 8;
constexpr auto second_run = asked::noon + 1h;
constexpr auto orders_at = asked::noon + 2h;

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
    store_ = asked::open(std::move(options), now).store;
    for (const auto& life : story_.lives) life->leased = false;
  }

  void group(std::uint32_t first) {
    const auto begin = story_.lives.size();
    note(first);
    make_documents(std::to_string(first));
    for (std::uint32_t i = 0; i < group_size; ++i)
      accept(keyed(asked::message(first + i, i == 3 ? 300'000 : 200 + 900 * i)), i % 2 == 0);
    settle();
    story_.notes.back().answered = story_.tape.length();
    attempt(begin, first);
    change_documents(std::to_string(first));
    settle();
    store_->record(refusal(first));
    conclude(begin);
    repeat(begin + 6, first + 50);
    settle();
    order(spool::Operation::hold, State::queued, State::held, EventKind::held);
    order(spool::Operation::release, State::held, State::queued, EventKind::released);
    order(spool::Operation::drop, State::queued, State::failed, EventKind::dropped);
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
      return counts.by_state[static_cast<std::size_t>(State::sent)] == 0 &&
             counts.by_state[static_cast<std::size_t>(State::failed)] == 0;
    };
    if (!asked::becomes(gone)) throw std::runtime_error("nothing was removed");
  }

 private:
  /// With a key of its own, by which it can be repeated.
  static spool::Job keyed(spool::Job job) {
    const auto id = job.entry.id.value();
    job.repeat.emplace();
    std::memcpy(job.repeat->key.data(), &id, sizeof id);
    job.repeat->since = asked::noon;
    return job;
  }

  /// The first changes of a group: marks, a retry, a hold, a notice, a lost reply.
  void attempt(std::size_t begin, std::uint32_t first) {
    mark(begin + 0);
    mark(begin + 1);
    change(begin + 2, State::queued, EventKind::deferred);
    change(begin + 3, State::held, EventKind::held);
    warn(begin + 3, asked::message(first + 70, 900));
    give_up(begin + 4, asked::message(first + 60, 900));
    change(begin + 5, State::in_doubt, EventKind::in_doubt);
  }

  /// The changes that follow them: sent, settled by an event, released.
  void conclude(std::size_t begin) {
    change(begin + 0, State::sent, EventKind::sent);
    auto settled = change_of(begin + 5, State::sent, EventKind::settled);
    settled.only_from = 1U << static_cast<unsigned>(State::in_doubt);
    carry_out(begin + 5, std::move(settled));
    change(begin + 3, State::queued, EventKind::released);
    mark(begin + 7);
    change(begin + 7, State::sent, EventKind::sent);
  }

  void make_documents(const std::string& name) {
    write({{"app", name, "{}", 0},
           {"domain", name, std::string(10'000, 'a'), 0},
           {"token", name, std::string(500, 'a'), 0}},
          spool::Written::stored);
  }

  void change_documents(const std::string& name) {
    write({{"domain", name, std::string(20'000, 'b'), 1}, {"app", name, {}, 1}},
          spool::Written::stored);
    write({{"token", name, "late", 1}, {"domain", name, "late", 1}}, spool::Written::conflict);
    write({{"token", name, std::string(5'000, 'b'), 1}}, spool::Written::stored);
  }

  static policy::Event refusal(std::uint32_t number) {
    policy::Event event;
    event.reference = std::to_string(number);
    event.at = asked::noon;
    return event;
  }

  Life& new_life(const spool::Job& job) {
    auto& life = *story_.lives.emplace_back(std::make_unique<Life>());
    life.job = job;
    return life;
  }

  Step& new_step(Life& life, EventKind kind, State to) {
    return life.steps.emplace_back(Step{std::string(policy::word(kind)), to, story_.tape.length()});
  }

  void accept(spool::Job job, bool lease) {
    auto& life = new_life(job);
    life.leased = lease;
    auto& step = new_step(life, EventKind::accepted, State::queued);
    ++open_;
    store_->accept(std::move(job), lease, [this, &step](spool::Acceptance acceptance) {
      answer(step, acceptance.outcome == spool::Accepted::stored);
    });
  }

  /// The same message once more, under an id that is never stored.
  void repeat(std::size_t index, std::uint32_t number) {
    auto& life = *story_.lives[index];
    auto& step = new_step(life, EventKind::repeated, life.steps.back().to);
    auto again = asked::message(number);
    again.repeat = life.job.repeat;
    ++open_;
    const auto first = life.job.entry.id;
    store_->accept(std::move(again), true, [this, &step, first](spool::Acceptance acceptance) {
      answer(step, acceptance.outcome == spool::Accepted::repeated && acceptance.id == first);
    });
  }

  spool::Change change_of(std::size_t index, State to, EventKind kind) const {
    auto change = asked::change(story_.lives[index]->job.entry.id, to, kind);
    if (to == State::held) change.reason = policy::Reason::paced;
    return change;
  }

  void mark(std::size_t index) {
    auto mark = change_of(index, State::in_doubt, EventKind::in_doubt);
    mark.keeps_lease = true;
    carry_out(index, std::move(mark));
  }

  void change(std::size_t index, State to, EventKind kind) {
    carry_out(index, change_of(index, to, kind));
  }

  void carry_out(std::size_t index, spool::Change change) {
    auto& life = *story_.lives[index];
    life.leased = life.leased && change.keeps_lease;
    auto& step = new_step(life, change.event.kind, change.to);
    ++open_;
    store_->change(std::move(change), [this, &step](bool done) { answer(step, done); });
  }

  void give_up(std::size_t index, spool::Job notice) {
    story_.notices.emplace_back(index, story_.lives.size());
    report(change_of(index, State::failed, EventKind::expired), index, std::move(notice));
  }

  void warn(std::size_t index, spool::Job notice) {
    story_.warnings.emplace_back(index, story_.lives.size());
    auto change = change_of(index, State::held, EventKind::held);
    change.note = spool::Note{notice.entry.id.text(), "told"};
    report(std::move(change), index, std::move(notice));
  }

  /// A change of that message, with a notice about it.
  void report(spool::Change change, std::size_t index, spool::Job notice) {
    notice.entry.notice = true;
    auto& told = new_step(new_life(notice), EventKind::accepted, State::queued);
    auto& life = *story_.lives[index];
    life.leased = false;
    auto& step = new_step(life, change.event.kind, change.to);
    change.notice = std::make_shared<const spool::Job>(std::move(notice));
    ++open_;
    store_->change(std::move(change), [this, &step, &told](bool done) {
      told.answered = story_.tape.length();
      answer(step, done);
    });
  }

  /// Everything that is free and stands so.
  void order(spool::Operation operation, State from, State to, EventKind kind) {
    spool::Order order;
    order.operation = operation;
    order.now = orders_at;
    order.until = orders_at;
    auto steps = std::make_shared<std::vector<Step*>>();
    for (const auto& life : story_.lives)
      if (!life->leased && life->steps.back().to == from && !life->steps.back().event.empty())
        steps->push_back(&new_step(*life, kind, to));
    order.which.state = from;
    ++open_;
    store_->order(std::move(order), [this, steps](spool::Ordered ordered) {
      const bool all = ordered.complete && ordered.matched == steps->size();
      for (auto* step : *steps) step->answered = story_.tape.length();
      failed_ = failed_ || !all;
      --open_;
    });
    settle();
  }

  /// Rides in the commit of what is asked for next, if it is not there already.
  void note(std::uint32_t value) {
    auto& step =
        story_.notes.emplace_back(Step{std::to_string(value), State::queued, story_.tape.length()});
    store_->note("group", step.event);
  }

  /// With a record of it.
  void write(std::vector<spool::DocumentWrite> writes, spool::Written outcome) {
    auto& [documents, trail] = story_.kept;
    auto record = asked::done_to("all", std::to_string(story_.writes.size()));
    if (outcome == spool::Written::stored) {
      for (const auto& write : writes) apply(write, documents);
      record.number = trail.size() + 1;
      trail.insert(trail.begin(), record);
    }
    std::vector<spool::Document> all;
    all.reserve(documents.size());
    for (const auto& [key, document] : documents) all.push_back(document);
    auto& step = story_.writes.emplace_back(
        Step{kept_text(all, trail), State::queued, story_.tape.length()});
    ++open_;
    store_->write(std::move(writes), std::move(record), [this, &step, outcome](auto written) {
      answer(step, written == outcome);
    });
  }

  static void apply(const spool::DocumentWrite& write, decltype(Kept::documents)& documents) {
    const auto& [kind, name, body, expected] = write;
    auto& document = documents[{kind, name}];
    document = {kind, name, document.version + 1, body.value_or("")};
    if (!body) documents.erase({kind, name});
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

std::string kept_text(const std::vector<spool::Document>& documents,
                      const std::vector<spool::AuditRecord>& trail) {
  return asked::told(documents) + "\n" + asked::told(trail);
}

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
