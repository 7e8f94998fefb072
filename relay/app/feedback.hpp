#pragma once

#include "mail/result.hpp"
#include "relay/app/aws_access.hpp"
#include "relay/aws/sqs_api.hpp"
#include "relay/config/config.hpp"
#include "relay/doctor/judge.hpp"
#include "relay/feedback/booker.hpp"
#include "relay/feedback/sns_certificates.hpp"
#include "relay/feedback/sqs_reader.hpp"
#include "relay/feedback/suppression_list.hpp"
#include "relay/http/sources.hpp"
#include "relay/net/clock.hpp"
#include "relay/net/coro.hpp"
#include "relay/net/session.hpp"
#include "relay/observe/log.hpp"
#include "relay/observe/metrics.hpp"
#include "relay/spool/store.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace app {

/// What SES tells of mail later: read from SQS, posted by SNS, booked, and what it means for the
/// addresses that are mailed. Runs on one executor; `suppressions` may be asked on any thread.
class Feedback {
 public:
  struct Parts {
    boost::asio::any_io_executor executor;
    spool::Store& store;
    net::Clock& clock;
    observe::Log& log;
    observe::Metrics& metrics;
    net::ExceptionSink sink;
    AwsAccess& aws;
    std::string relay_tag;
    decltype(feedback::Booker::Parts::prove) prove;
    std::function<void()> came_back;  ///< a bounce or complaint was booked
    decltype(feedback::Booker::Parts::newly_suppressed) newly_suppressed;
    decltype(feedback::Booker::Parts::altered) altered;
  };

  /// `tallies` are what was counted before the restart. A Failure says what of the configuration
  /// cannot be used.
  static mail::Result<std::unique_ptr<Feedback>> make(Parts parts,
                                                      const config::Config& settings,
                                                      const std::vector<spool::Tally>& tallies);
  ~Feedback();

  void start();
  /// Nothing more is read; what was not booked by then comes again.
  void stop();

  [[nodiscard]] net::Suppressions suppressions() const;
  /// Changes the list by hand.
  void suppress(std::vector<spool::Suppressed> records,
                spool::AuditRecord audit,
                std::function<void(bool)> done);
  [[nodiscard]] doctor::FeedSeen seen() const;
  /// A post to /feedback/sns.
  net::asio::awaitable<http::SnsAnswer> take_post(std::string body);
  /// Takes over what a reload may change of it.
  void reload(const config::Config& settings);
  /// How the reading of the queue goes; null where there is none.
  [[nodiscard]] const feedback::SqsStanding* queue() const {
    return reader_ ? &reader_->standing() : nullptr;
  }
  /// Sets the gauges that are only known by looking.
  void show();

 private:
  Feedback(Parts parts, const config::Config& settings);
  void open_queue();
  mail::Result<void> open_certificates();
  http::SnsAnswer refused(unsigned status, std::string sentence);
  net::asio::awaitable<void> load_list();
  net::asio::awaitable<http::SnsAnswer> take_verified(feedback::VerifiedMessage message);
  net::asio::awaitable<http::SnsAnswer> confirm(const feedback::VerifiedMessage& message);

  Parts parts_;
  config::Feedback settings_;
  feedback::SuppressionList list_;
  feedback::Booker booker_;
  std::unique_ptr<aws::SqsApi> sqs_;
  std::unique_ptr<feedback::SqsReader> reader_;
  std::unique_ptr<feedback::SnsCertificates> certificates_;
  std::optional<spool::WallTime> last_post_;  ///< of an event, booked or known already
};

}  // namespace app
