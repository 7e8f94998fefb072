#pragma once

#include "relay/app/account_news.hpp"
#include "relay/app/aws_access.hpp"
#include "relay/net/clock.hpp"
#include "relay/net/coro.hpp"
#include "relay/notices/alert.hpp"
#include "relay/observe/log.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace app {

/// Asks SES about the account of each region that mail goes to: every 5 minutes, after a failure
/// ever more seldom, up to an hour. Runs on one executor.
class AccountWatch {
 public:
  using Notes = std::map<std::string, std::string, std::less<>>;
  struct Parts {
    boost::asio::any_io_executor executor;
    SesRegions& ses;
    net::Clock& clock;
    observe::Log& log;
    net::ExceptionSink sink;
    notices::Alerts alert;
    /// What the account says of itself; nothing: it has told nothing for an hour.
    std::function<void(const std::string& region, std::optional<delivery::AccountFigures>)> tell;
    /// Keeps a text over a restart.
    std::function<void(std::string name, std::string text)> keep;
  };

  /// `notes` are what was kept.
  AccountWatch(Parts parts, Notes notes);

  void start();
  /// Asks all of these at once, and then again and again.
  void watch(const std::set<std::string>& regions);
  void stop();

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Region {
    explicit Region(AccountNews news_) : news(std::move(news_)) {}
    AccountNews news;
    Time due{};
    std::chrono::milliseconds pause{0};  ///< since the last failure; 0: it answered
    std::optional<Time> told;            ///< when it answered last, unless that is taken back
  };

  net::asio::awaitable<void> run();
  net::asio::awaitable<void> ask(std::string name);
  void learned(const std::string& name, Region& region, const aws::SesAccount& account);
  void failed(const std::string& name, Region& region, const aws::Answer& answer);

  Parts parts_;
  Notes notes_;
  std::map<std::string, Region> regions_;
  boost::asio::steady_timer wake_;
  bool stopped_ = false;
};

}  // namespace app
