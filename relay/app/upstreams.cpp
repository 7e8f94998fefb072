#include "relay/app/upstreams.hpp"

#include "relay/delivery/capture.hpp"
#include "relay/delivery/smtp_upstream.hpp"

#include <utility>

namespace app {

namespace {

/// What a connection is opened with: a reload replaces both together.
struct Version {
  std::shared_ptr<const config::Upstream> settings;
  net::TlsContext tls;
};

std::shared_ptr<const Version> version(std::shared_ptr<const config::Upstream> settings,
                                       net::TlsContext tls) {
  return std::make_shared<const Version>(Version{std::move(settings), std::move(tls)});
}

}  // namespace

struct Upstreams::Each {
  Each(const std::shared_ptr<const config::Upstream>& upstream, net::TlsContext context)
      : settings(upstream), opened_with(version(upstream, std::move(context))) {}
  net::Published<config::Upstream> settings;
  net::Published<Version> opened_with;
  std::unique_ptr<delivery::Route> route;
};

Upstreams::Upstreams(std::string hostname) : hostname_(std::move(hostname)) {}

Upstreams::~Upstreams() {
  if (files_) files_->join();
}

mail::Result<std::unique_ptr<Upstreams>> Upstreams::make(const Settings& settings,
                                                         std::string hostname) {
  auto tls = contexts(settings);
  if (!tls) return tls.error();
  std::unique_ptr<Upstreams> upstreams(new Upstreams(std::move(hostname)));
  for (std::size_t i = 0; i < settings.size(); ++i) {
    if (settings[i]->kind == config::UpstreamKind::capture && !upstreams->files_)
      upstreams->files_ = std::make_shared<net::asio::thread_pool>(1);
    auto each = std::make_unique<Each>(settings[i], std::move((*tls)[i]));
    each->route.reset(new delivery::Route{each->settings, upstreams->connector(*each)});
    upstreams->each_.push_back(std::move(each));
  }
  return upstreams;
}

delivery::Connect Upstreams::connector(const Each& each) const {
  return [this, &each](
             net::asio::any_io_executor executor) -> std::unique_ptr<delivery::UpstreamConnection> {
    const auto [settings, tls] = *each.opened_with.get();
    if (settings->kind == config::UpstreamKind::capture)
      return std::make_unique<delivery::CaptureUpstream>(
          std::move(executor), files_, settings->directory);
    return std::make_unique<delivery::SmtpUpstream>(executor, settings, tls, hostname_);
  };
}

std::vector<delivery::Route*> Upstreams::routes() {
  std::vector<delivery::Route*> routes;
  routes.reserve(each_.size());
  for (const auto& each : each_) routes.push_back(each->route.get());
  return routes;
}

mail::Result<std::vector<net::TlsContext>> Upstreams::contexts(const Settings& settings) {
  std::vector<net::TlsContext> contexts;
  for (const auto& upstream : settings) {
    auto tls = net::client_tls(upstream->tls_ca_file);
    if (!tls) return tls.error();
    contexts.push_back(std::move(*tls));
  }
  return contexts;
}

void Upstreams::replace(const Settings& settings, std::vector<net::TlsContext> contexts) {
  for (std::size_t i = 0; i < each_.size(); ++i) {
    each_[i]->opened_with.set(version(settings[i], std::move(contexts[i])));
    each_[i]->settings.set(settings[i]);
  }
}

}  // namespace app
