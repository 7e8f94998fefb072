#include "relay/delivery/scheduler.hpp"
#include "relay/net/limits.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

// Mail of a restricted app that was accepted before it was: what goes to recipients that the app
// reached lately leaves, all else is held until the app may mail everybody again.

namespace delivery {

namespace asio = net::asio;

/// Into the queue.
void Scheduler::push(spool::Job job) {
  go_if_reached(std::move(job), [this](spool::Job ready) { queue_.push(std::move(ready)); });
}

/// `go` is called at once, but for a restricted app: then when the store has looked each recipient
/// up, and not at all for a message that has to wait.
void Scheduler::go_if_reached(spool::Job job, Go go) {
  if (job.entry.notice || !services_.keyring.get()->restricted.contains(job.entry.app))
    return go(std::move(job));
  ++weighing_;
  const std::string app = job.entry.app;
  const auto paths = job.entry.envelope.forward_paths;
  const auto since = services_.clock.now() - net::limits::reached_lately;
  auto found = [this, job = std::move(job), go = std::move(go)](std::vector<bool> reached) {
    asio::post(context_,
               [this, job, go, reached = std::move(reached)] { weighed(job, reached, go); });
  };
  services_.store.reached(app, paths, since, std::move(found));
}

/// A store that could not answer is asked again in a minute.
void Scheduler::weighed(spool::Job job, const std::vector<bool>& reached, const Go& go) {
  --weighing_;
  const bool answered = reached.size() == job.entry.envelope.forward_paths.size();
  if (answered && std::ranges::find(reached, false) == reached.end()) {
    go(std::move(job));
  } else {
    const auto look =
        answered ? standard_look(job.entry) : services_.clock.now() + std::chrono::minutes(1);
    auto change = hold_of(job.entry, policy::Reason::blocked, look);
    if (answered) change.event.detail = "a recipient was not reached in the last 90 days";
    change.quiet = job.entry.reason == policy::Reason::blocked;
    probe_told(job.entry.id);
    put_away(job, std::move(change));
  }
  pump();
  check_drained();
}

/// What is ready to go was taken in before its app was restricted.
void Scheduler::weigh_anew() {
  const auto keyring = services_.keyring.get();
  const auto concerned = queue_.take_if([&](const spool::Entry& entry) {
    return keyring->restricted.contains(entry.app) && !restricted_.contains(entry.app);
  });
  restricted_ = keyring->restricted;
  for (const spool::Job& job : concerned) push(job);
}

}  // namespace delivery
