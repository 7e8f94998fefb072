#include "relay/app/account_watch.hpp"

#include "relay/proto/settlement.hpp"

#include <algorithm>
#include <utility>

namespace app {
namespace {

namespace asio = net::asio;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds interval = 5min;
constexpr milliseconds first_pause = 1min;  ///< after a failure
constexpr milliseconds longest_pause = 1h;
constexpr auto good_for = 1h;  ///< what was told last, when nothing is told any more

std::string note_of(const std::string& region) { return "account/" + region; }

}  // namespace

AccountWatch::AccountWatch(Parts parts, Notes notes)
    : parts_(std::move(parts)), notes_(std::move(notes)), wake_(parts_.executor) {}

void AccountWatch::watch(const std::set<std::string>& regions) {
  std::erase_if(regions_, [&](const auto& each) { return !regions.contains(each.first); });
  for (const std::string& name : regions) {
    const auto region = regions_.try_emplace(name, AccountNews(name, notes_[note_of(name)])).first;
    region->second.due = parts_.clock.monotonic();
  }
  wake_.cancel();
}

void AccountWatch::start() {
  net::spawn(
      parts_.executor, [this] { return run(); }, parts_.sink, [] {});
}

void AccountWatch::stop() {
  stopped_ = true;
  wake_.cancel();
}

asio::awaitable<void> AccountWatch::run() {
  while (!stopped_) {
    const auto next =
        std::ranges::min_element(regions_, {}, [](const auto& each) { return each.second.due; });
    const auto now = parts_.clock.monotonic();
    if (next != regions_.end() && next->second.due <= now) {
      next->second.due = now + smtp::spread(interval, parts_.clock.random());
      co_await ask(next->first);
    } else {
      wake_.expires_after(next == regions_.end() ? longest_pause : next->second.due - now);
      co_await wake_.async_wait(net::tup);
    }
  }
}

asio::awaitable<void> AccountWatch::ask(std::string name) {
  const auto answered = co_await parts_.ses.in(name).get_account();
  const auto region = regions_.find(name);
  if (stopped_ || region == regions_.end()) co_return;
  if (answered.answer.outcome == aws::Outcome::done) {
    learned(name, region->second, answered.account);
  } else {
    failed(name, region->second, answered.answer);
  }
}

void AccountWatch::learned(const std::string& name,
                           Region& region,
                           const aws::SesAccount& account) {
  if (region.pause > 0ms) parts_.log.info("SES tells of the account again", {{"region", name}});
  region.pause = 0ms;
  region.told = parts_.clock.monotonic();
  parts_.tell(name, figures_of(account, name));
  for (auto& [about, sentence] : region.news.learn(account))
    parts_.alert({.kind = notices::AlertKind::account,
                  .about = std::move(about),
                  .sentence = std::move(sentence)});
  notes_[note_of(name)] = region.news.kept();
  parts_.keep(note_of(name), region.news.kept());
}

/// Said once until it answers again.
void AccountWatch::failed(const std::string& name, Region& region, const aws::Answer& answer) {
  const auto now = parts_.clock.monotonic();
  if (region.pause == 0ms)
    parts_.log.warn("SES does not tell of the account: quota and rate are learned from its replies",
                    {{"region", name}, {"why", answer.sentence}});
  const bool for_long = answer.outcome == aws::Outcome::no_rights;
  region.pause =
      for_long ? longest_pause : std::clamp(region.pause * 2, first_pause, longest_pause);
  region.due = now + smtp::spread(region.pause, parts_.clock.random());
  if (!region.told || now - *region.told < good_for) return;
  region.told.reset();
  parts_.tell(name, std::nullopt);
}

}  // namespace app
