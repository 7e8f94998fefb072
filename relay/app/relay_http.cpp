#include "relay/app/relay.hpp"
#include "relay/app/ses_list.hpp"
#include "relay/app/send_test.hpp"
#include "relay/app/submission.hpp"
#include "relay/http/sns_endpoint.hpp"

#include <openssl/crypto.h>

#include <cstdint>
#include <string>
#include <utility>

// What the relay answers by HTTP, and to whom.

namespace app {

/// The configuration's token may do everything; others were made by command.
std::optional<domains::Caller> Relay::authenticate(std::string_view token) const {
  const std::string& admin = settings_.admin_token.reveal();
  if (!admin.empty() && token.size() == admin.size() &&
      CRYPTO_memcmp(token.data(), admin.data(), admin.size()) == 0)
    return domains::Caller{domains::Caller::Role::admin, "", "admin token"};
  return registry_->authenticate(token);
}

/// An order on nothing, which the store begins when every change asked for before it is committed:
/// a `sent` waits for company, and until then its message counts as in doubt.
void Relay::when_committed(std::function<void(bool)> done) {
  spool::Order nothing;
  nothing.which.id = spool::QueueId();
  nothing.dry_run = true;
  store_->order(std::move(nothing), [done = std::move(done)](const spool::Ordered& ordered) {
    done(ordered.complete);
  });
}

http::Sources Relay::sources() {
  http::Sources sources{.store = *store_, .metrics = metrics_};
  sources.troubles = [this] {
    std::vector<std::string> troubles;
    if (!accepting_) troubles.emplace_back("The SMTP listeners are closed: the relay is stopping.");
    return troubles;
  };
  sources.refresh = [this](observe::Metrics& metrics) {
    metrics.store_free(spool::free_octets(settings_.data_dir));
    scheduler_->show(metrics);
    feedback_->show();
  };
  sources.hold_expire = [this] { return rules_.get()->hold_expire; };
  sources.order = [this](spool::Order order, std::function<void(spool::Ordered)> done) {
    scheduler_->order(std::move(order), std::move(done));
  };
  sources.drain = [this](std::function<void(bool)> done) {
    scheduler_->drain(
        [this, done = std::move(done)]() mutable { when_committed(std::move(done)); });
  };
  sources.reload = [this](std::string who) { return reload(std::move(who)); };
  sources.feedback = [this](spool::QueueId id,
                            std::string upstream_id,
                            const std::string& event,
                            std::function<void(bool)> done) {
    const bool settles = event == "Send" || event == "Delivery";
    prove(id, std::move(upstream_id), settles, std::move(done));
  };
  sources.suppress = [this](std::vector<spool::Suppressed> records,
                            spool::AuditRecord audit,
                            std::function<void(bool)> done) {
    feedback_->suppress(std::move(records), std::move(audit), std::move(done));
  };
  sources.reputation = [this] { return settings_.reputation; };
  sources.started_at = started_at_;
  sources.forget_at_ses = [this](std::string address) {
    return forget_at_ses(aws_, ses_regions(settings_), std::move(address));
  };
  sources.now = [this] { return clock_.now(); };
  sources.sns = [this](std::string body) { return feedback_->take_post(std::move(body)); };
  sources.registry = registry_.get();
  sources.authenticate = [this](std::string_view token) { return authenticate(token); };
  sources.hosts = settings_.hosts;
  sources.verify_now = [this](std::string domain) {
    return checks_->verify_now(std::move(domain));
  };
  sources.records = [this](const domains::Domain& domain) { return checks_->records(domain); };
  sources.console_steps = [this](const domains::Domain& domain) {
    return checks_->console_steps(domain);
  };
  sources.examine = [this] { return examine(); };
  sources.send_test = [this](http::TestMail mail) { return send_test(std::move(mail)); };
  sources.submission = [this] { return submission(settings_); };
  return sources;
}

net::asio::awaitable<http::TestAnswer> Relay::send_test(http::TestMail mail) {
  ServeApp serve = [this](net::Tcp::socket socket, std::string app) {
    front_door_->serve(std::move(socket), std::move(app));
  };
  http::TestAnswer answer = co_await hand_in(std::move(mail), std::move(serve));
  const auto feed = feedback_->seen();
  answer.feed = feed.topics || feed.queue;
  co_return answer;
}

mail::Result<void> Relay::listen_http() {
  for (const config::HttpListener& listener : settings_.http) {
    http::Routes routes;
    if (listener.health) routes.merge(http::health_routes(sources()));
    if (listener.metrics) routes.merge(http::metrics_routes(sources()));
    if (listener.api) routes.merge(http::api_routes(sources()));
    if (listener.sns) routes.merge(http::sns_routes(sources()));
    const auto port = http_->listen(listener.endpoint.address,
                                    listener.endpoint.port,
                                    std::move(routes),
                                    listener.tls ? http::Encryption::tls : http::Encryption::none);
    if (!port) return port.error();
    log_.info("listening for HTTP",
              {{"address", listener.endpoint.address}, {"port", std::uint64_t{*port}}});
  }
  return http_->listen(settings_.socket, http::admin_routes(sources()));
}

}  // namespace app
