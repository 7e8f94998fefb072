#pragma once

#include "policy/standing.hpp"
#include "relay/domains/registry.hpp"
#include "relay/net/clock.hpp"
#include "relay/net/coro.hpp"
#include "relay/notices/alert.hpp"
#include "relay/observe/metrics.hpp"
#include "relay/spool/store.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <string_view>
#include <vector>

namespace app {

/// Looks at what came back of each app's mail: shows the ratios, changes the standing of the apps
/// whose bounces and complaints demand it, and warns of the account's. Runs on one executor.
class StandingKeeper {
 public:
  struct Parts {
    boost::asio::any_io_executor executor;
    spool::Store& store;
    domains::Registry& registry;
    net::Clock& clock;
    observe::Metrics& metrics;
    net::ExceptionSink sink;
    notices::Alerts alert;
    std::function<bool()> clock_steady;  ///< while it is not, nobody is judged
  };
  static constexpr std::string_view account_note = "account reputation";  ///< in the store

  /// \param account the note, as the store kept it; may be empty
  StandingKeeper(Parts parts, policy::ReputationRules rules, std::string_view account);

  void rules(policy::ReputationRules rules);
  /// Looks now; every minute.
  void look();
  /// The same, waited for; not while another look is under way.
  net::asio::awaitable<void> look_at_all();
  /// A bounce or complaint was booked: looks in a second, or later where looks take long.
  void look_soon();
  /// Tells the operator of an app's step.
  void tell(const std::string& app, const policy::Transition& transition);
  void stop();

 private:
  net::asio::awaitable<bool> step_once();
  void show(const std::vector<spool::SentSums>& sums);
  void judge_account(const std::vector<spool::SentSums>& sums);
  net::asio::awaitable<bool> judge_apps(std::vector<spool::SentSums> sums);
  void looked(std::chrono::steady_clock::time_point began);

  Parts parts_;
  policy::ReputationRules rules_;
  policy::Level account_ = policy::Level::ok;
  boost::asio::steady_timer soon_;
  std::chrono::steady_clock::duration pause_;  ///< before a look that an event asks for
  bool looking_ = false;
  bool soon_asked_ = false;
};

}  // namespace app
