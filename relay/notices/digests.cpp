#include "relay/notices/digests.hpp"

#include "relay/net/ask.hpp"
#include "relay/observe/addresses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <locale>
#include <sstream>
#include <utility>
#include <vector>

namespace notices {
namespace {

namespace asio = net::asio;
using namespace std::chrono_literals;

constexpr std::size_t page_size = 1000;
constexpr auto store_patience = 30s;
constexpr std::chrono::milliseconds longest_wait = 60s;  ///< the wall clock may be set meanwhile
constexpr const char* of_operator = "*";                 ///< no app has this name

std::int64_t milliseconds_of(spool::WallTime at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

}  // namespace

std::string DigestState::text() const {
  std::string text = fmt::format("{} {} {}\n", milliseconds_of(at), told_to, until);
  for (const std::string& name : done) text += name + "\n";
  return text;
}

std::optional<DigestState> DigestState::parse(std::string_view text) {
  std::istringstream stream{std::string(text)};
  stream.imbue(std::locale::classic());
  DigestState state;
  std::int64_t at = 0;
  if (!(stream >> at >> state.told_to >> state.until)) return std::nullopt;
  state.at = spool::WallTime(std::chrono::milliseconds(at));
  for (std::string name; stream >> name;) state.done.insert(name);
  return state;
}

/// Numbers begin anew when a start finds no refusal, because all were past their retention.
Digests::Digests(Parts parts, Settings settings, std::string_view kept, std::int64_t last_refusal)
    : parts_(std::move(parts)),
      settings_(settings),
      address_key_(fmt::format("{:08x}{:08x}{:08x}{:08x}",
                               parts_.clock.random(),
                               parts_.clock.random(),
                               parts_.clock.random(),
                               parts_.clock.random())),
      timer_(parts_.executor) {
  const auto recalled = DigestState::parse(kept);
  state_ = recalled.value_or(DigestState{.at = parts_.clock.now(), .told_to = last_refusal});
  state_.told_to = std::min(state_.told_to, last_refusal);
  if (!recalled) parts_.store.note(std::string(note), state_.text());
}

void Digests::start() {
  net::spawn(
      parts_.executor, [self = shared_from_this()] { return self->run(); }, parts_.sink, [] {});
}

void Digests::stop() {
  stopped_ = true;
  timer_.cancel();
}

void Digests::reload(Settings settings) {
  settings_ = settings;
  timer_.cancel();
}

asio::awaitable<void> Digests::run() {
  while (!stopped_) {
    auto wait = until_next();
    if (wait == 0ms && !co_await round()) {
      parts_.log.error("the digests of refusals could not be stored: they are made again");
      wait = longest_wait;
    }
    if (wait == 0ms || stopped_) continue;
    timer_.expires_after(std::min(wait, longest_wait));
    co_await timer_.async_wait(net::tup);
  }
}

std::chrono::milliseconds Digests::until_next() {
  if (settings_.every == 0s) return longest_wait;
  if (state_.until > 0) return 0ms;  // a stop cut it short
  const auto now = parts_.clock.now();
  state_.at = std::min(state_.at, now);  // the clock was set back
  return std::max(0ms,
                  std::chrono::ceil<std::chrono::milliseconds>(state_.at + settings_.every - now));
}

/// False: the store failed, and what is left of the round is to be made later.
asio::awaitable<bool> Digests::round() {
  policy::RefusalFold folded;
  const auto forgotten = co_await fold(folded);
  if (!forgotten) co_return false;
  const Audience audience = parts_.audience();
  for (const auto& [app, contact] : audience.contacts) {
    const bool own = audience.mails && !contact.empty() && contact != audience.operator_contact;
    if (own && !co_await tell(app, digest(folded, app, *forgotten, audience), contact))
      co_return false;
  }
  const policy::Digest all = digest(folded, "", *forgotten, audience);
  if (!all.empty() && !state_.done.contains(of_operator)) parts_.post(all);
  if (audience.mails && !co_await tell("", all, audience.operator_contact)) co_return false;
  state_ = DigestState{.at = parts_.clock.now(), .told_to = state_.until};
  parts_.store.note(std::string(note), state_.text());
  co_return true;
}

/// Reads as far as the round tells; how many refusals before that were not kept.
asio::awaitable<std::optional<std::uint64_t>> Digests::fold(policy::RefusalFold& fold) {
  constexpr auto no_end = std::numeric_limits<std::int64_t>::max();
  const std::int64_t until = state_.until > 0 ? state_.until : no_end;
  std::int64_t read = state_.told_to;
  std::uint64_t forgotten = 0;
  for (;;) {
    const auto question = [&](std::function<void(std::vector<spool::NumberedRefusal>)> done) {
      parts_.store.refusals(read, until, page_size, std::move(done));
    };
    auto page = co_await net::ask<std::vector<spool::NumberedRefusal>>(question, store_patience);
    if (!page) co_return std::nullopt;
    if (read == state_.told_to && !page->empty())
      forgotten = static_cast<std::uint64_t>(page->front().number - read - 1);
    for (spool::NumberedRefusal& each : *page) {
      read = each.number;
      take(fold, std::move(each.event));
    }
    if (page->size() < page_size) break;
  }
  if (state_.until == 0) state_.until = read;
  co_return forgotten;
}

void Digests::take(policy::RefusalFold& fold, policy::Event refusal) const {
  refusal.detail = observe::with_addresses(refusal.detail, settings_.addresses, address_key_);
  fold.take(refusal);
}

policy::Digest Digests::digest(const policy::RefusalFold& fold,
                               const std::string& app,
                               std::uint64_t forgotten,
                               const Audience& audience) const {
  policy::Digest digest = fold.digest(app);
  digest.since = state_.at;
  if (app.empty()) digest.forgotten = forgotten;
  for (const auto& [name, contact] : audience.contacts) {
    if (!app.empty() && name != app) continue;
    for (const policy::ReasonRow& reason : policy::reasons()) {
      if (!reason.holds || digest.held.size() >= policy::most_digest_lines) continue;
      if (const auto count = parts_.store.held(name, reason.reason); count > 0)
        digest.held.push_back({name, reason.reason, count});
    }
  }
  return digest;
}

/// That it was told is kept in the transaction that accepts the mail.
asio::awaitable<bool> Digests::tell(const std::string& app,
                                    const policy::Digest& digest,
                                    const std::string& to) {
  const std::string name = app.empty() ? of_operator : app;
  if (state_.done.contains(name) || digest.empty() || to.empty()) co_return true;
  state_.done.insert(name);
  const auto question = [&](std::function<void(bool)> done) {
    parts_.mail(app,
                policy::letter_of(digest, to),
                spool::Note{std::string(note), state_.text()},
                std::move(done));
  };
  const bool stored = (co_await net::ask<bool>(question, store_patience)).value_or(false);
  if (!stored) state_.done.erase(name);
  co_return stored;
}

}  // namespace notices
