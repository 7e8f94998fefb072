#include "relay/app/relay.hpp"

#include <string>
#include <utility>
#include <vector>

// Configuration and secrets are read again.

namespace app {

namespace asio = net::asio;

/// All or nothing: what cannot be taken over leaves everything as it was.
asio::awaitable<std::vector<std::string>> Relay::reload(std::string who) {
  const auto turn = co_await registry_->turn();
  auto wrong = reload_now(turn);
  spool::AuditRecord audit;
  audit.at = clock_.now();
  audit.who = std::move(who);
  audit.what = "reload";
  audit.target = settings_.file.string();
  audit.detail = wrong.empty() ? "done" : "refused: " + wrong.front();
  store_->write({}, std::move(audit), [](spool::Written) {});
  co_return wrong;
}

std::vector<std::string> Relay::reload_now(const domains::Turn::Held& turn) {
  auto reading = config::read(settings_.file);
  std::vector<std::string> wrong;
  wrong.reserve(reading.mistakes.size());
  for (const config::Mistake& mistake : reading.mistakes)
    wrong.push_back(config::describe(settings_.file, mistake));
  if (reading.config) wrong = take_over(std::move(*reading.config), turn);
  for (const std::string& why : wrong)
    log_.error("reload refused, nothing was changed", {{"why", why}});
  if (!wrong.empty()) return wrong;
  for (const config::Mistake& warning : reading.warnings)
    log_.warn(config::describe(settings_.file, warning));
  log_.info("configuration reloaded");
  return {};
}

std::vector<std::string> Relay::take_over(config::Config settings,
                                          const domains::Turn::Held& turn) {
  auto fixed = config::unchangeable(settings_, settings);
  if (!fixed.empty()) return fixed;
  const auto upstreams = upstream_settings(settings);
  auto contexts = Upstreams::contexts(upstreams);
  if (!contexts) return {contexts.error().sentence()};
  const auto take_registry = registry_->prepare(settings, turn);
  if (!take_registry) return {take_registry.error().sentence()};
  if (const auto loaded = load_tls(settings); !loaded) return {loaded.error().sentence()};
  if (const auto taken = notices_->reload(settings); !taken) return {taken.error().sentence()};
  upstreams_->replace(upstreams, std::move(*contexts));
  rules_.set(retry_rules(settings));
  feedback_->reload(settings);
  standings_->rules(settings.reputation);
  settings_ = std::move(settings);
  if (account_watch_) account_watch_->watch(ses_regions(settings_));
  (*take_registry)();  // and through standings_changed() all that follows from apps and domains
  log_.rules(settings_.log);
  notice();
  return {};
}

void Relay::notice() {
  for (const std::string& sentence : registry_->notices()) log_.warn(sentence);
  if (!data_dir_->warning().empty()) log_.warn(data_dir_->warning());
}

}  // namespace app
