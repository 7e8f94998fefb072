#pragma once

#include "policy/domain_setup.hpp"
#include "policy/reputation.hpp"
#include "relay/doctor/finding.hpp"
#include "relay/domains/registry.hpp"
#include "relay/net/coro.hpp"
#include "relay/observe/metrics.hpp"
#include "relay/spool/store.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace http {

namespace asio = boost::asio;

/// What a site's mail settings need beside user name and password.
struct Submission {
  std::string host;
  std::uint16_t port = 0;
  std::string encryption;  ///< `none`, `starttls` or `tls`
};

/// What becomes of a post of SNS: 200, 400, 403, 413 or 503, and why in one sentence. SNS takes
/// what is answered below 500 for delivered, and posts again after a 503.
struct SnsAnswer {
  unsigned status = 200;
  std::string sentence;
};

/// One message of an app's, to be handed in as a client would.
struct TestMail {
  std::string app, from, to;
};

struct TestAnswer {
  std::string reply;     ///< the one that decided; empty: the session broke
  std::string queue_id;  ///< empty: the message was refused
  bool feed = false;     ///< this relay reads what SES tells of it later
};

/// What the answers are made of. Store and metrics outlive the server.
struct Sources {
  spool::Store& store;
  observe::Metrics& metrics;
  /// One sentence for each thing that keeps the relay from taking mail, the store left out: "SMTP
  /// listener … is closed."
  std::function<std::vector<std::string>()> troubles;
  /// Sets the gauges that are only known by asking (free octets of the disk); must not block long.
  std::function<void(observe::Metrics&)> refresh;
  std::chrono::milliseconds store_timeout{5'000};  ///< for an answer of the store
  /// How long an order or a backup is waited for; it goes on when nobody waits any more.
  std::chrono::milliseconds long_timeout{std::chrono::minutes(30)};

  // The queue's and the operator's: each is called on the server's executor, may call back on any
  // thread, and must not block long.
  /// queue.hold_expire, as it is now.
  std::function<std::chrono::seconds()> hold_expire;
  /// Carries out an order, on what delivery has in memory too.
  std::function<void(spool::Order, std::function<void(spool::Ordered)>)> order;
  /// Delivers what is queued at full rate while mail is still taken; calls back when nothing is
  /// ready or in delivery (true), or that will not be (false: the relay stops).
  std::function<void(std::function<void(bool)>)> drain;
  /// Reads configuration and secrets again, all or nothing; sentences of what is wrong, empty when
  /// done. Audited as of `who`.
  std::function<asio::awaitable<std::vector<std::string>>(std::string who)> reload;
  /// What the upstream says of a message after its reply; calls back whether that settled an entry.
  std::function<void(
      spool::QueueId, std::string upstream_id, std::string event, std::function<void(bool)>)>
      feedback;

  /// Changes the list of suppressed addresses, here and in the store.
  std::function<void(std::vector<spool::Suppressed>, spool::AuditRecord, std::function<void(bool)>)>
      suppress;
  std::function<policy::ReputationRules()> reputation;  ///< as they are now
  spool::WallTime started_at{};                         ///< when the relay did
  /// Takes an address off SES's list of the account; a Failure says why it may still be on it.
  std::function<asio::awaitable<mail::Result<void>>(std::string address)> forget_at_ses;
  std::function<spool::WallTime()> now;  ///< the wall clock

  /// Takes the body of a post to /feedback/sns, from anybody; on the server's executor.
  std::function<asio::awaitable<SnsAnswer>(std::string body)> sns;

  // The API's own, all on the server's executor. The registry outlives the server.
  domains::Registry* registry = nullptr;
  /// Whose token this is: the configuration's admin token, or one that was made.
  std::function<std::optional<domains::Caller>(std::string_view token)> authenticate;
  /// listen.hosts: the names by which TCP listeners may be asked, beside addresses and localhost.
  std::vector<std::string> hosts;
  /// Looks at a domain's records and SES's identity now; a Failure says why that cannot be done.
  std::function<asio::awaitable<mail::Result<void>>(std::string domain)> verify_now;
  /// What to publish for a domain, beside what the last look found there.
  std::function<std::vector<policy::WantedRecord>(const domains::Domain&)> records;
  /// What is left to do by hand in SES's console, where the relay does not look after identities.
  std::function<std::vector<std::string>(const domains::Domain&)> console_steps;
  /// Looks at everything that mail needs; within half a minute.
  std::function<asio::awaitable<doctor::Findings>()> examine;
  std::function<asio::awaitable<TestAnswer>(TestMail)> send_test;
  /// Where sites hand in their mail, as it is now; nothing if every listener is bound to an app.
  std::function<std::optional<Submission>()> submission;
};

}  // namespace http
