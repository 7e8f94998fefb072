#include "relay/app/relay.hpp"

#include "relay/keystore/master_key_file.hpp"
#include "relay/net/tls.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <future>

namespace app {
namespace {

namespace asio = net::asio;
using namespace std::chrono_literals;

constexpr auto tidy_interval = 60s;
constexpr auto look_interval = 50ms;  ///< how often the drain looks whether all is done
constexpr auto closing_time = 2s;     ///< of the drain, kept for saying 421 and closing
constexpr std::string_view feed_note = "feed proved";  ///< when an event last came, in the store

std::int64_t to_milliseconds(spool::WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

spool::WallTime from_milliseconds(std::string_view text) {
  std::int64_t milliseconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), milliseconds);
  return spool::WallTime{std::chrono::milliseconds(milliseconds)};
}

observe::LogOptions log_options(const config::Config& settings) {
  observe::LogOptions options;
  options.rules = settings.log;
  return options;
}

/// The master key: the one that is given, else that of the data directory; null where there is none
/// and none may be made.
mail::Result<std::shared_ptr<const keystore::MasterKey>> master_key(const config::Config& settings,
                                                                    observe::Log& log) {
  using Shared = std::shared_ptr<const keystore::MasterKey>;
  if (!settings.master_key_file.empty()) {
    auto given = keystore::read_master_key(settings.master_key_file);
    if (!given) return given.error();
    return Shared(std::make_shared<const keystore::MasterKey>(std::move(*given)));
  }
  if (!settings.data_dir_durable) return Shared();
  auto loaded = keystore::read_or_make_master_key(settings.data_dir, settings.data_dir_durable);
  if (!loaded) return loaded.error();
  if (loaded->made)
    log.warn("a master key was made: back it up apart from the store, whose keys it seals",
             {{"file", keystore::default_file(settings.data_dir).string()}});
  return Shared(std::make_shared<const keystore::MasterKey>(std::move(loaded->key)));
}

}  // namespace

mail::Result<std::unique_ptr<Relay>> Relay::make(config::Config settings) {
  auto data_dir = spool::DataDir::open(settings.data_dir);
  if (!data_dir) return data_dir.error();
  std::unique_ptr<Relay> relay(
      new Relay(std::move(settings), std::make_unique<spool::DataDir>(std::move(*data_dir))));
  if (auto opened = relay->open(); !opened) return opened.error();
  return relay;
}

Relay::Relay(config::Config settings, std::unique_ptr<spool::DataDir> data_dir)
    : settings_(std::move(settings)),
      log_(log_options(settings_)),
      metrics_(POSTERN_VERSION),
      recorder_(log_, metrics_),
      data_dir_(std::move(data_dir)),
      directory_(nullptr),
      keyring_(nullptr),
      rules_(retry_rules(settings_)),
      report_addresses_(nullptr),
      reporter_(report_addresses_, clock_),
      threads_(settings_.threads) {}

/// What lives on the threads goes before what it uses.
Relay::~Relay() {
  threads_.stop_and_join();
  if (http_) http_->close();
  if (notices_) notices_->stop();
  feedback_.reset();
  standings_.reset();
  checks_.reset();
  upstreams_.reset();
  if (store_) store_->close();
}

mail::Result<void> Relay::open() {
  if (auto opened = open_store(); !opened) return opened.error();
  if (auto opened = open_registry(); !opened) return opened.error();
  if (auto opened = open_notices(); !opened) return opened.error();
  notice();
  auto upstreams = Upstreams::make(upstream_settings(settings_), settings_.hostname);
  if (!upstreams) return upstreams.error();
  upstreams_ = std::move(*upstreams);
  Standings standings = make_standings(settings_, *registry_->catalog(), relay_tag_);
  directory_.set(standings.directory);
  keyring_.set(standings.keyring);
  report_addresses_.set(standings.report_addresses);
  make_services(std::move(standings.apportionment));
  auto access = open_aws(settings_, clock_);
  if (!access) return access.error();
  aws_ = std::move(*access);
  watch_accounts();
  keep_standings();
  if (auto opened = open_feedback(); !opened) return opened.error();
  auto checks = DomainChecks::make(
      DomainChecks::Parts{
          threads_.context(0).get_executor(),
          *registry_,
          clock_,
          log_,
          metrics_,
          [this](std::string_view what) { recorder_.internal_error(what, "domains"); },
          *store_,
          aws_,
          [this](const spool::Job& job) { submit(job); },
          [this](std::string_view domain) { return scheduler_->refused_by_upstream(domain); },
          [this](const domains::Domain& domain, const std::string& edit) {
            tell_of_domain(domain, edit);
          },
          [this](const domains::Domain& domain, const std::string& sentence) {
            tell_of_old_key(domain, sentence);
          },
          notes_[std::string(DomainChecks::remind_note)]},
      settings_);
  if (!checks) return checks.error();
  checks_ = std::move(*checks);
  return {};
}

mail::Result<void> Relay::open_registry() {
  auto key = master_key(settings_, log_);
  if (!key) return key.error();
  auto registry = domains::Registry::open({threads_.context(0).get_executor(),
                                           *store_,
                                           dkim_,
                                           clock_,
                                           std::move(*key),
                                           [this] { standings_changed(); },
                                           [this](const std::string& app, const auto& transition) {
                                             standings_->tell(app, transition);
                                           }},
                                          settings_,
                                          std::exchange(documents_, {}));
  if (!registry) return registry.error();
  registry_ = std::move(*registry);
  return {};
}

void Relay::make_services(delivery::Apportionment apportionment) {
  courier_services_.reset(new delivery::CourierServices{
      *store_, recorder_, metrics_, log_, clock_, keyring_, rules_, reporter_, doubts_});
  hear_of_holds();
  scheduler_ = std::make_unique<delivery::Scheduler>(
      *courier_services_, threads_, upstreams_->routes(), std::move(apportionment));
  services_.reset(new net::Services{
      *store_, recorder_, metrics_, log_, clock_, directory_, {}, {}, handover()});
  services_->met_from = [this](std::string domain, std::string from) {
    asio::post(threads_.context(0), [this, domain = std::move(domain), from = std::move(from)] {
      registry_->meet_from(domain, from);
    });
  };
  declare(*registry_->catalog());
}

net::Handover Relay::handover() {
  net::Handover delivery;
  delivery.reserve = [this](const spool::Lane& lane, std::uint64_t octets) {
    return scheduler_->reserve(lane, octets);
  };
  delivery.unreserve = [this](const spool::Lane& lane, std::uint64_t octets) {
    scheduler_->unreserve(lane, octets);
  };
  delivery.deliver = [this](spool::Job job, bool leased) {
    scheduler_->deliver(std::move(job), leased);
  };
  delivery.standing = [this](std::string_view app,
                             std::string_view domain) -> std::optional<net::Standing> {
    const auto reason = scheduler_->held(app, domain);
    if (!reason) return std::nullopt;
    const auto now = clock_.now();
    return net::Standing{*reason, delivery::HoldTimes(now, rules_.get()->hold_expire).next(now)};
  };
  delivery.urgent = [this](std::string_view app, bool by_link, bool by_field) {
    return urgent(app, by_link, by_field);
  };
  return delivery;
}

bool Relay::urgent(std::string_view app, bool by_link, bool by_field) {
  const std::lock_guard lock(urgent_share_mutex_);
  const auto now = clock_.monotonic();
  if (by_field && !by_link) return urgent_share_.grant(app, now);
  urgent_share_.count(app, now);
  return by_link;
}

void Relay::prove(spool::QueueId id,
                  std::string upstream_id,
                  bool settles,
                  std::function<void(bool)> done) {
  const auto now = clock_.now();
  doubts_.proved(now);
  store_->note(std::string(feed_note), std::to_string(to_milliseconds(now)));
  if (!settles) return done(false);
  delivery::settle_by_event(*courier_services_, id, std::move(upstream_id), std::move(done));
}

mail::Result<void> Relay::open_store() {
  spool::SqliteOptions options;
  options.directory = settings_.data_dir;
  options.reserve = settings_.spool_reserve;
  options.keep_size = settings_.spool_keep_size;
  options.repeats_since = std::chrono::ceil<std::chrono::minutes>(settings_.duplicates_window);
  options.own_domain = [this](std::string_view domain) { return is_own(domain); };
  options.sinks.committed = [this](std::chrono::duration<double> took, std::size_t) {
    metrics_.spool_commit_seconds(took.count());
  };
  options.sinks.trouble = [this](const std::string& sentence) { log_.error(sentence); };
  options.sinks.mended = [this](const std::string& sentence) { log_.warn(sentence); };
  options.sinks.quarantined = [this](spool::QueueId id) {
    log_.error("a damaged entry was quarantined", {{"id", id.text()}});
    metrics_.internal_error();
  };
  auto opened = spool::open_sqlite(std::move(options), clock_.now());
  if (!opened) return opened.error();
  store_ = std::move(opened->store);
  const spool::Recovery& recovery = opened->recovery;
  notes_ = recovery.notes;
  documents_ = std::move(opened->recovery.documents);
  tallies_ = std::move(opened->recovery.tallies);
  relay_tag_ = recovery.relay_tag;
  last_refusal_ = recovery.last_refusal;
  if (const auto proof = notes_.find(feed_note); proof != notes_.end())
    doubts_.proved(from_milliseconds(proof->second));
  log_.info(
      "spool opened",
      {{"queued", recovery.queued}, {"in_doubt", recovery.in_doubt}, {"held", recovery.held}});
  return {};
}

mail::Result<void> Relay::load_tls(const config::Config& settings) {
  if (settings.certificate.empty()) return {};
  tls_seen_ = net::tls_written(settings.certificate, settings.private_key);
  auto tls = net::server_tls(settings.certificate, settings.private_key);
  if (!tls) return tls.error();
  metrics_.tls_certificate_expiry(tls->expires);
  certificate_expires_ = tls->expires;
  front_door_->replace_tls(tls->context);
  http_->replace_tls(std::move(tls->context));
  return {};
}

mail::Result<void> Relay::listen_smtp() {
  for (const config::SmtpListener& listener : settings_.smtp) {
    const auto bound = front_door_->listen(listener);
    if (!bound) return bound.error();
    log_.info("listening for SMTP",
              {{"address", bound->address().to_string()}, {"port", std::uint64_t{bound->port()}}});
  }
  accepting_ = true;
  return {};
}

mail::Result<void> Relay::start() {
  front_door_ = std::make_unique<net::FrontDoor>(
      *services_, threads_, settings_.hostname, largest_message(*registry_->catalog()));
  http_ = std::make_unique<http::Server>(
      threads_.context(0).get_executor(),
      [this](std::string_view what) { recorder_.internal_error(what, "http"); });
  if (auto loaded = load_tls(settings_); !loaded) return loaded.error();
  if (auto listening = listen_smtp(); !listening) return listening.error();
  if (auto listening = listen_http(); !listening) return listening.error();
  return {};
}

void Relay::run() {
  const auto executor = threads_.context(0).get_executor();
  const auto sink = [this](std::string_view what) { recorder_.internal_error(what, "relay"); };
  std::promise<void> over;
  net::spawn(
      executor, [this] { return obey_signals(); }, sink, [&over] { over.set_value(); });
  net::spawn(
      executor, [this] { return look_after(); }, sink, [] {});
  scheduler_->start(notes_);
  if (account_watch_) account_watch_->start();
  checks_->start();
  feedback_->start();
  notices_->start();
  threads_.start();
  over.get_future().wait();
  threads_.stop_and_join();
  http_->close();
  store_->close();
  log_.info("stopped");
  log_.flush();
}

asio::awaitable<void> Relay::obey_signals() {
  asio::signal_set signals(threads_.context(0), SIGTERM, SIGINT, SIGHUP);
  log_.info("ready", {{"version", POSTERN_VERSION}, {"hostname", settings_.hostname}});
  for (;;) {
    const auto [failed, signal] = co_await signals.async_wait(net::tup);
    if (failed || signal != SIGHUP) break;
    // Beside the signals: while it waits for its turn the relay can still be told to stop.
    net::spawn(
        threads_.context(0).get_executor(),
        [this]() -> asio::awaitable<void> { co_await reload("signal"); },
        [this](std::string_view what) { recorder_.internal_error(what, "reload"); },
        [] {});
  }
  co_await shut_down();
  over_ = true;
}

bool Relay::tls_renewed() const {
  return !settings_.certificate.empty() &&
         tls_seen_ != net::tls_written(settings_.certificate, settings_.private_key);
}

/// What comes round every minute: retention, due mail, and a certificate that was renewed in place.
asio::awaitable<void> Relay::look_after() {
  while (!over_) {
    const config::Retention& keep = settings_.retention;
    if (courier_services_->clock_steady)
      store_->tidy(clock_.now(), keep.timeline, keep.failed_content, keep.refusals);
    standings_->look();
    look_at_feed();
    notices_->look();
    scheduler_->keep_notes();
    scheduler_->look();  // whatever was missed, by a clock that was set or a read that failed
    if (tls_renewed()) {
      if (const auto loaded = load_tls(settings_); !loaded) {
        log_.error("the renewed certificate cannot be used, the old one stays",
                   {{"why", loaded.error().sentence()}});
      } else {
        log_.info("certificate reloaded");
      }
    }
    co_await pause(tidy_interval);
  }
}

/// SIGTERM: no new connections; what is in a transaction or due goes on until the drain is over.
asio::awaitable<void> Relay::shut_down() {
  const auto end = clock_.monotonic() + settings_.drain;
  const auto closing = end - std::min<std::chrono::milliseconds>(
                                 closing_time, std::chrono::milliseconds(settings_.drain) / 5);
  log_.info("stopping", {{"sessions", std::uint64_t{front_door_->sessions()}}});
  accepting_ = false;
  front_door_->stop_accepting();
  const auto delivered = std::make_shared<bool>(false);  // the answers may come after this frame
  scheduler_->drain([delivered] { *delivered = true; });
  while (clock_.monotonic() < closing && (front_door_->sessions() > 0 || !*delivered))
    co_await pause(look_interval);
  const auto stopped = std::make_shared<bool>(false);
  const auto busy = [&] { return front_door_->sessions() > 0 || !*stopped; };
  if (account_watch_) account_watch_->stop();
  checks_->stop();
  feedback_->stop();
  standings_->stop();
  notices_->stop();
  aws_.close();
  scheduler_->keep_notes();
  scheduler_->finish([stopped] { *stopped = true; });
  front_door_->drain_sessions();
  while (clock_.monotonic() < end && busy()) co_await pause(look_interval);
  front_door_->abort_sessions();
  scheduler_->abort();
  while (clock_.monotonic() < end + closing_time && busy()) co_await pause(look_interval);
}

asio::awaitable<void> Relay::pause(std::chrono::milliseconds length) {
  asio::steady_timer timer(threads_.context(0), length);
  co_await timer.async_wait(net::tup);
}

}  // namespace app
