#pragma once

#include "mail/result.hpp"
#include "relay/app/account_watch.hpp"
#include "relay/app/aws_access.hpp"
#include "relay/app/domain_checks.hpp"
#include "relay/app/examination.hpp"
#include "relay/app/feed_trouble.hpp"
#include "relay/app/feedback.hpp"
#include "relay/app/snapshot.hpp"
#include "relay/app/standing_keeper.hpp"
#include "relay/app/system_clock.hpp"
#include "relay/app/upstreams.hpp"
#include "relay/config/config.hpp"
#include "relay/delivery/doubts.hpp"
#include "relay/delivery/reporter.hpp"
#include "relay/delivery/scheduler.hpp"
#include "relay/delivery/urgent_share.hpp"
#include "relay/domains/registry.hpp"
#include "relay/http/routes.hpp"
#include "relay/http/server.hpp"
#include "relay/net/listener.hpp"
#include "relay/net/threads.hpp"
#include "relay/net/tls.hpp"
#include "relay/notices/notices.hpp"
#include "relay/observe/log.hpp"
#include "relay/observe/metrics.hpp"
#include "relay/observe/recorder.hpp"
#include "relay/spool/data_dir.hpp"
#include "relay/spool/sqlite_store.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace app {

/// The running relay: owns every part, in the order in which they depend on each other.
class Relay {
 public:
  /// Opens the store and the keys; binds nothing yet.
  static mail::Result<std::unique_ptr<Relay>> make(config::Config settings);
  ~Relay();

  /// Binds the listeners and begins to deliver.
  mail::Result<void> start();
  /// Runs until SIGTERM or SIGINT has drained it; SIGHUP reloads.
  void run();

 private:
  Relay(config::Config settings, std::unique_ptr<spool::DataDir> data_dir);
  mail::Result<void> open();
  mail::Result<void> open_store();
  mail::Result<void> open_registry();
  mail::Result<void> open_feedback();
  void watch_accounts();
  mail::Result<void> listen_smtp();
  mail::Result<void> listen_http();
  void make_services(delivery::Apportionment apportionment);
  /// Takes over what follows from the catalog, and releases the mail that waited for it.
  void standings_changed();
  void release_what_may_leave(const delivery::Keyring& before, const delivery::Keyring& after);
  void release(spool::Filter which, policy::Reason reason, std::string detail);
  void declare(const domains::Catalog& catalog);
  void keep_standings();
  /// Whether a domain, or one that it is under, is a verified one of ours. Thread-safe.
  [[nodiscard]] bool is_own(std::string_view domain) const;
  /// Mail of the relay's own. `done` is called on a thread of the store.
  void submit(
      spool::Job job, std::function<void(bool)> done = [](bool) {});
  mail::Result<void> open_notices();
  [[nodiscard]] notices::Audience audience() const;
  void mail_letter(const std::string& app,
                   const policy::Letter& letter,
                   std::optional<spool::Note> note,
                   std::function<void(bool)> done);
  /// What somebody is told of at once.
  void alert(const notices::Alert& alert);
  void hear_of_holds();
  void tell_of_domain(const domains::Domain& domain, const std::string& edit);
  void tell_of_old_key(const domains::Domain& domain, const std::string& sentence);
  void tell_of_hold(const std::string& upstream, const delivery::Hold& hold, bool begins);
  void tell_of_long_hold(const spool::Entry& entry,
                         policy::Reason reason,
                         std::uint64_t alike,
                         spool::WallTime end);
  void tell_of_alteration(const std::string& app, const std::string& domain);
  void look_at_feed();
  [[nodiscard]] std::optional<domains::Caller> authenticate(std::string_view token) const;
  [[nodiscard]] net::Handover handover();
  [[nodiscard]] bool urgent(std::string_view app, bool by_link, bool by_field);
  /// An event of the upstream with one of our tags: proof that the feed works, and if it shows that
  /// the upstream has the message perhaps the end of a doubt.
  void prove(spool::QueueId id,
             std::string upstream_id,
             bool settles,
             std::function<void(bool)> done);
  void when_committed(std::function<void(bool)> done);
  [[nodiscard]] http::Sources sources();
  /// What the doctor looks at beside what is known.
  [[nodiscard]] std::vector<Look> looks();
  net::asio::awaitable<doctor::Findings> examine();
  net::asio::awaitable<http::TestAnswer> send_test(http::TestMail mail);
  mail::Result<void> load_tls(const config::Config& settings);
  [[nodiscard]] bool tls_renewed() const;
  /// Sentences of what is wrong with the new configuration; none, and it is in force.
  net::asio::awaitable<std::vector<std::string>> reload(std::string who);
  [[nodiscard]] std::vector<std::string> reload_now(const domains::Turn::Held& turn);
  [[nodiscard]] std::vector<std::string> take_over(config::Config settings,
                                                   const domains::Turn::Held& turn);
  void notice();
  net::asio::awaitable<void> obey_signals();
  net::asio::awaitable<void> look_after();
  net::asio::awaitable<void> shut_down();
  net::asio::awaitable<void> pause(std::chrono::milliseconds length);

  config::Config settings_;
  dkim::Library dkim_;
  SystemClock clock_;
  const spool::WallTime started_at_ = clock_.now();
  observe::Log log_;
  observe::Metrics metrics_;
  observe::Recorder recorder_;
  std::unique_ptr<spool::DataDir> data_dir_;
  std::unique_ptr<spool::Store> store_;
  net::Published<net::Directory> directory_;
  net::Published<delivery::Keyring> keyring_;
  net::Published<smtp::RetryRules> rules_;
  net::Published<delivery::ReportAddresses> report_addresses_;
  delivery::Reporter reporter_;
  delivery::Doubts doubts_;
  std::mutex urgent_share_mutex_;
  delivery::UrgentShare urgent_share_;
  std::map<std::string, std::string, std::less<>> notes_;  ///< what the store kept over the restart
  std::unique_ptr<Upstreams> upstreams_;
  std::vector<spool::Document> documents_;  ///< what the store kept, until the registry has it
  std::vector<spool::Tally> tallies_;       ///< the same, until the metrics show them
  std::string relay_tag_;
  std::int64_t last_refusal_ = 0;  ///< the number of the newest that the store kept
  const spool::WallTime started_ = clock_.now();
  FeedTrouble feed_trouble_ = FeedTrouble::none;  ///< that was told of
  net::Threads threads_;
  std::unique_ptr<domains::Registry> registry_;
  std::unique_ptr<notices::Notices> notices_;
  AwsAccess aws_;
  std::unique_ptr<AccountWatch> account_watch_;  ///< null where SES's API is not asked
  std::unique_ptr<DomainChecks> checks_;
  std::unique_ptr<StandingKeeper> standings_;
  std::unique_ptr<Feedback> feedback_;
  std::unique_ptr<net::Services> services_;
  std::unique_ptr<delivery::CourierServices> courier_services_;
  std::unique_ptr<delivery::Scheduler> scheduler_;
  std::unique_ptr<net::FrontDoor> front_door_;
  std::unique_ptr<http::Server> http_;
  net::TlsWritten tls_seen_;
  std::optional<spool::WallTime> certificate_expires_;
  std::atomic<bool> accepting_{false};
  std::atomic<bool> over_{false};
};

}  // namespace app
