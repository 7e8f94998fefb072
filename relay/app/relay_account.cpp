#include "relay/app/relay.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

// What SES tells of the account goes to delivery, to the alerts, and is kept.

namespace app {

void Relay::watch_accounts() {
  if (!aws_.ses) return;
  account_watch_.reset(new AccountWatch(
      {threads_.context(0).get_executor(),
       *aws_.ses,
       clock_,
       log_,
       [this](std::string_view what) { recorder_.internal_error(what, "account"); },
       [this](const notices::Alert& told) { alert(told); },
       [this](const std::string& region, const std::optional<delivery::AccountFigures>& figures) {
         for (std::size_t i = 0; i < settings_.upstreams.size(); ++i)
           if (ses_region(settings_, settings_.upstreams[i]) == region)
             scheduler_->told(i, figures);
       },
       [this](std::string name, std::string text) {
         store_->note(std::move(name), std::move(text));
       }},
      notes_));
  account_watch_->watch(ses_regions(settings_));
}

}  // namespace app
