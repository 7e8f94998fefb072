#pragma once

#include "dkim/library.hpp"
#include "relay/delivery/courier.hpp"
#include "relay/net/threads.hpp"
#include "tests/unit/delivery/parts.hpp"
#include "tests/unit/dkim/rfc_keys.hpp"

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace delivery::test {

inline Attempt replied(int code, std::string text, smtp::Phase phase = smtp::Phase::end_of_data) {
  Attempt attempt;
  attempt.phase = phase;
  attempt.reply = smtp::UpstreamReply{code, std::move(text)};
  return attempt;
}

inline Attempt broke(smtp::Phase phase, bool ambiguous = false) {
  Attempt attempt;
  attempt.phase = phase;
  attempt.ambiguous = ambiguous;
  attempt.closing = true;
  attempt.trouble = "connection lost";
  return attempt;
}

/// How the upstream behaves, shared by its connections: first the outcomes of the script, then 250
/// for ever.
struct Script {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Attempt> outcomes;
  std::vector<std::string> dots;  ///< queue ids whose final dot went out, in order
  std::atomic<int> opened{0};
  std::atomic<int> refuse_opening{0};                ///< so many times
  Attempt at_opening = broke(smtp::Phase::connect);  ///< what is then said
  std::atomic<bool> hang{false};  ///< no reply after the dot, until the connection is aborted
  std::atomic<bool> throws{false};

  bool await_dots(std::size_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(20), [&] { return dots.size() >= count; });
  }
  std::vector<std::string> taken() {
    const std::lock_guard lock(mutex);
    return dots;
  }
  Attempt next() {
    const std::lock_guard lock(mutex);
    if (outcomes.empty()) return replied(250, "Ok 0100");
    Attempt first = std::move(outcomes.front());
    outcomes.pop_front();
    return first;
  }
};

class ScriptedUpstream final : public UpstreamConnection {
 public:
  ScriptedUpstream(net::asio::any_io_executor executor, Script& script)
      : never_(executor), script_(script) {
    never_.expires_at(net::asio::steady_timer::time_point::max());
  }

  net::asio::awaitable<std::optional<Attempt>> open() override {
    ++script_.opened;
    if (script_.refuse_opening > 0) {
      --script_.refuse_opening;
      co_return script_.at_opening;
    }
    co_return std::nullopt;
  }

  net::asio::awaitable<Attempt> deliver(const spool::Job& job, Hooks& hooks) override {
    if (script_.throws.exchange(false)) throw std::runtime_error("planted");
    std::string why;
    const std::string content = hooks.content(why);
    if (content.empty()) {
      Attempt attempt = broke(smtp::Phase::mail);
      attempt.unsignable = why;
      co_return attempt;
    }
    if (!co_await hooks.marked()) co_return broke(smtp::Phase::data);
    {
      const std::lock_guard lock(script_.mutex);
      script_.dots.push_back(job.entry.id.text());
      script_.changed.notify_all();
    }
    if (script_.hang) {
      co_await never_.async_wait(net::tup);
      co_return broke(smtp::Phase::end_of_data, true);
    }
    co_return script_.next();
  }

  [[nodiscard]] bool stale() override { return false; }
  net::asio::awaitable<void> close() override { co_return; }
  void abort() override { never_.cancel(); }

 private:
  net::asio::steady_timer never_;
  Script& script_;
};

inline dkim::Signer signer(dkim::Library& library) {
  auto key = dkim::read_key(dkim::test::rfc8463_key);
  return dkim::make_signer(library, key.value(), "example.com", "s1").value();
}

inline spool::Job job(std::int64_t id, std::string domain = "example.com") {
  spool::Job job;
  job.entry.id = spool::QueueId(id);
  job.entry.app = "shop";
  job.entry.domain = std::move(domain);
  job.entry.envelope = {"anna@example.com", {"bob@example.org"}};
  job.entry.accepted_at = job.entry.next_attempt = std::chrono::system_clock::now();
  job.octets = std::make_shared<const std::string>(
      "From: anna@example.com\r\nTo: bob@example.org\r\nSubject: Hello\r\nBcc: "
      "secret@example.org\r\n\r\n"
      "Good day\r\n.hidden\r\n");
  job.entry.size = job.octets->size();
  return job;
}

/// A store, an upstream and threads: what couriers and the scheduler work on. Threads stop first.
struct Yard {
  explicit Yard(unsigned connections = 4, std::optional<double> max_rate = std::nullopt) {
    auto ring = std::make_shared<Keyring>();
    ring->domains["example.com"].signer = std::make_shared<const dkim::Signer>(signer(library));
    keyring.set(std::move(ring));
    auto settings = std::make_shared<config::Upstream>();
    settings->max_connections = connections;
    settings->kind = config::UpstreamKind::smtp;  // no rate of its own, as the clock stands still
    settings->max_rate = max_rate;
    upstream.set(std::move(settings));
  }
  ~Yard() {
    threads.stop_and_join();
    parts.store.close();
  }

  /// Reports go to the contact from here on.
  void report_to(std::string contact) {
    ReportAddresses addresses;
    addresses.from = "postern@example.com";
    addresses.domain = "example.com";
    addresses.hostname = "relay.example.com";
    addresses.operator_contact = std::move(contact);
    report_addresses.set(std::make_shared<const ReportAddresses>(std::move(addresses)));
  }
  void rule(const std::function<void(smtp::RetryRules&)>& change) {
    auto changed = std::make_shared<smtp::RetryRules>(*rules.get());
    change(*changed);
    rules.set(std::move(changed));
  }

  dkim::Library library;
  Script script;
  Parts parts;
  net::Published<Keyring> keyring{nullptr};
  net::Published<config::Upstream> upstream{nullptr};
  net::Published<smtp::RetryRules> rules{std::make_shared<const smtp::RetryRules>()};
  net::Published<ReportAddresses> report_addresses{std::make_shared<const ReportAddresses>()};
  Reporter reporter{report_addresses, parts.clock};
  Doubts doubts;
  net::Threads threads{2};
  CourierServices services{parts.store,
                           parts.recorder,
                           parts.metrics,
                           parts.log,
                           parts.clock,
                           keyring,
                           rules,
                           reporter,
                           doubts};
  Route route{upstream, [this](const net::asio::any_io_executor& executor) {
                return std::make_unique<ScriptedUpstream>(executor, script);
              }};
};

}  // namespace delivery::test
