#pragma once

#include "mail/result.hpp"
#include "relay/config/config.hpp"
#include "relay/net/clock.hpp"
#include "relay/net/coro.hpp"
#include "relay/notices/alert.hpp"
#include "relay/notices/alert_fold.hpp"
#include "relay/notices/audience.hpp"
#include "relay/notices/digests.hpp"
#include "relay/notices/spike.hpp"
#include "relay/notices/webhook.hpp"
#include "relay/observe/log.hpp"
#include "relay/observe/metrics.hpp"
#include "relay/spool/store.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace notices {

/// Tells people what they have to know: alerts at once, folded, by mail and webhook; digests now
/// and then. Lives on one executor.
class Notices {
 public:
  struct Parts {
    boost::asio::any_io_executor executor;
    spool::Store& store;
    net::Clock& clock;
    observe::Log& log;
    observe::Metrics& metrics;
    net::ExceptionSink sink;
    std::function<Audience()> audience;
    Mail mail;
  };

  /// \param notes what the store kept
  /// \param last_refusal the number of the newest refusal in the store
  /// A Failure says why the webhook cannot be used.
  static mail::Result<std::unique_ptr<Notices>> make(
      Parts parts,
      const config::Config& settings,
      const std::map<std::string, std::string, std::less<>>& notes,
      std::int64_t last_refusal);

  void start();
  /// Nothing more is told; what the webhook did not get is in the log.
  void stop();
  /// A Failure, and nothing has changed.
  mail::Result<void> reload(const config::Config& settings);

  /// Each alert is logged and counted, whoever is told of it.
  void tell(Alert alert);
  /// So many addresses of the app's recipients were suppressed now.
  void suppressed(const std::string& app, std::uint64_t addresses);
  /// Tells what had to wait; every minute.
  void look();

 private:
  explicit Notices(Parts parts) : parts_(std::move(parts)) {}
  mail::Result<void> open_webhook(const config::Webhook& settings);
  void send(const ToldAlert& told);
  [[nodiscard]] std::string fresh_id() const;

  Parts parts_;
  AlertFold fold_;
  Spikes spikes_;
  std::shared_ptr<Webhook> webhook_;  ///< null: none is configured
  std::shared_ptr<Digests> digests_;
};

}  // namespace notices
