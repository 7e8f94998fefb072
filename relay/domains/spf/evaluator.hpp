#pragma once

#include "policy/spf_verdict.hpp"
#include "relay/domains/resolver.hpp"
#include "relay/domains/spf/child_process.hpp"
#include "relay/domains/spf/messages.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace domains {

/// How a check by a child came out.
enum class SpfCheckEnd : std::uint8_t {
  verdict,       ///< the child evaluated
  dns_too_slow,  ///< the time was up while DNS was asked: a temporary error
  unconfined,    ///< the child could not be confined (no seccomp), and was not asked
  not_started,   ///< no child, no room, or a question that is none
  stuck,         ///< the time was up while the child worked: killed
  died,          ///< the child ended without a verdict: crash, CPU or memory limit, forbidden call
  garbled,       ///< the child said what it may not say: killed
  cancelled,     ///< by the caller, after the child was started
};

/// "verdict", "dns_too_slow" ...: as a metric's label.
[[nodiscard]] std::string_view name_of(SpfCheckEnd end) noexcept;

struct SpfLimits {
  std::size_t children = 2;   ///< at once; further checks wait
  std::size_t waiting = 100;  ///< further ones are `unknown`
  /// Of one check, its DNS included; RFC 7208 section 4.6.4 asks for 20 s at least. What the
  /// resolver takes for one answer may come on top.
  std::chrono::milliseconds time = std::chrono::seconds(20);
  std::size_t lookups = 128;  ///< 1 + 10 terms of 11 lookups + a PTR with 10 names are 122
};

/// Evaluates SPF by libspf2, in a confined child for each check; the lookups are done by the
/// resolver. A child that crashes, hangs, eats memory or lies costs its own check, nothing else.
/// Runs on one executor, the resolver's; the checks end before it is destroyed.
class SpfEvaluator {
 public:
  using CountEnd = std::function<void(SpfCheckEnd)>;

  /// `resolver` outlives it; `count` is told how each check came out.
  SpfEvaluator(boost::asio::any_io_executor executor,
               Resolver& resolver,
               CountEnd count,
               SpfLimits limits = {},
               SpfChildCommand command = {});

  /// check_host() of RFC 7208. May be cancelled; the child is collected all the same. `unknown`
  /// says nothing about the domain: the check could not be made safely, and `why` says what
  /// happened.
  boost::asio::awaitable<policy::SpfVerdict> evaluate(SpfQuestion question);

  /// May SES send for `domain`? SES has no fixed address: its ranges stand behind
  /// `include:amazonses.com` and change, and a domain that names them otherwise is as right. So one
  /// address that amazonses.com publishes at this moment is taken for the sending host (a
  /// well-known one of SES where none can be had), and postmaster@domain for the sender.
  boost::asio::awaitable<policy::SpfVerdict> ses_authorised(std::string domain);

 private:
  struct Outcome;
  class Room;
  static Outcome failure_of(const spf::ChildProcess& child, bool has_spoken);
  boost::asio::awaitable<bool> wait_for_room();
  boost::asio::awaitable<policy::SpfVerdict> check(SpfQuestion question);
  boost::asio::awaitable<Outcome> converse(spf::ChildProcess& child, std::string question);
  boost::asio::awaitable<Outcome> answer_lookups(spf::ChildProcess& child);
  boost::asio::awaitable<std::string> answer(policy::DnsQuestion question);

  boost::asio::any_io_executor executor_;
  Resolver& resolver_;
  CountEnd count_;
  SpfLimits limits_;
  SpfChildCommand command_;
  std::size_t children_ = 0;
  std::size_t waiting_ = 0;
  boost::asio::steady_timer room_;  ///< never expires: a check that ends wakes one that waits
};

}  // namespace domains
