#include "relay/app/relay.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

// Where the events of the upstream go.

namespace app {

mail::Result<void> Relay::open_feedback() {
  auto feedback =
      Feedback::make({threads_.context(0).get_executor(),
                      *store_,
                      clock_,
                      log_,
                      metrics_,
                      [this](std::string_view what) { recorder_.internal_error(what, "feedback"); },
                      aws_,
                      relay_tag_,
                      [this](spool::QueueId id,
                             std::string upstream_id,
                             bool settles,
                             std::function<void(bool)> done) {
                        prove(id, std::move(upstream_id), settles, std::move(done));
                      },
                      [this] { standings_->look_soon(); },
                      [this](const std::string& app, std::uint64_t addresses) {
                        notices_->suppressed(app, addresses);
                      },
                      [this](const std::string& app, const std::string& domain) {
                        tell_of_alteration(app, domain);
                      }},
                     settings_,
                     std::exchange(tallies_, {}));
  if (!feedback) return feedback.error();
  feedback_ = std::move(*feedback);
  services_->suppressions = feedback_->suppressions();
  return {};
}

}  // namespace app
