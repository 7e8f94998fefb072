#pragma once

#include "mail/result.hpp"
#include "relay/app/snapshot.hpp"
#include "relay/app/system_clock.hpp"
#include "relay/config/config.hpp"
#include "relay/delivery/scheduler.hpp"
#include "relay/http/routes.hpp"
#include "relay/http/server.hpp"
#include "relay/net/listener.hpp"
#include "relay/net/threads.hpp"
#include "relay/observe/log.hpp"
#include "relay/observe/metrics.hpp"
#include "relay/observe/recorder.hpp"
#include "relay/spool/data_dir.hpp"
#include "relay/spool/sqlite_store.hpp"

#include <boost/asio/thread_pool.hpp>

#include <filesystem>
#include <memory>
#include <string>
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
  Relay(config::Config settings,
        std::unique_ptr<dkim::Library> dkim,
        const Snapshot& snapshot,
        std::unique_ptr<spool::DataDir> data_dir);
  mail::Result<void> open_store();
  mail::Result<void> listen_smtp();
  mail::Result<void> listen_http();
  void make_services();
  [[nodiscard]] delivery::Connect connector();
  [[nodiscard]] http::Sources sources();
  mail::Result<void> load_tls(const config::Config& settings);
  void reload();
  void notice(const Snapshot& snapshot);
  net::asio::awaitable<void> obey_signals();
  net::asio::awaitable<void> look_after();
  net::asio::awaitable<void> shut_down();
  net::asio::awaitable<void> pause(std::chrono::milliseconds length);

  config::Config settings_;
  std::unique_ptr<dkim::Library> dkim_;
  SystemClock clock_;
  observe::Log log_;
  observe::Metrics metrics_;
  observe::Recorder recorder_;
  std::unique_ptr<spool::DataDir> data_dir_;
  std::unique_ptr<spool::Store> store_;
  net::Published<net::Directory> directory_;
  net::Published<delivery::Keyring> keyring_;
  net::Published<config::Upstream> upstream_;
  net::Published<net::TlsContext> upstream_tls_;
  std::shared_ptr<net::asio::thread_pool> files_;  ///< capture only
  net::Threads threads_;
  std::unique_ptr<net::Services> services_;
  std::unique_ptr<delivery::CourierServices> courier_services_;
  std::unique_ptr<delivery::Scheduler> scheduler_;
  std::unique_ptr<net::FrontDoor> front_door_;
  std::unique_ptr<http::Server> http_;
  std::filesystem::file_time_type certificate_seen_{};
  std::atomic<bool> accepting_{false};
  std::atomic<bool> over_{false};
};

}  // namespace app
