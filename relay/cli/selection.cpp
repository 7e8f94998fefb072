#include "relay/cli/selection.hpp"

#include "policy/reason.hpp"
#include "relay/config/values.hpp"
#include "relay/http/bounds.hpp"
#include "relay/spool/entry.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

namespace cli {

namespace json = boost::json;

bool Selection::filtered() const noexcept {
  return !state.empty() || !app.empty() || !domain.empty() || !reason.empty() ||
         !older_than.empty();
}

std::string refuse_duration(const std::string& text, std::int64_t least, std::int64_t most) {
  const auto seconds = config::parse_duration(text);
  if (seconds && *seconds >= least && *seconds <= most) return {};
  return fmt::format("write a duration from {} to {}, like 90s, 15m, 2h or 3d",
                     config::duration_text(least),
                     config::duration_text(most));
}

std::vector<CLI::Option*> add_filters(CLI::App& command, Selection& selection) {
  CLI::Option* state = command.add_option(
      "--state", selection.state, "queued, in_delivery, in_doubt, held, sent or failed");
  state->check([](const std::string& word) {
    return spool::state_of(word) ? std::string() : "there is no state " + word;
  });
  CLI::Option* app = command.add_option("--app", selection.app, "only of this app");
  CLI::Option* domain = command.add_option(
      "--domain", selection.domain, "only of this sender domain, in either form of its name");
  CLI::Option* reason =
      command.add_option("--reason", selection.reason, "only held or failed for this reason");
  reason->check([](const std::string& word) {
    return policy::reason_of(word) ? std::string() : "there is no reason " + word;
  });
  CLI::Option* age = command.add_option(
      "--older-than", selection.older_than, "only accepted longer ago than this, like 2h or 3d");
  age->check(
      [](const std::string& text) { return refuse_duration(text, 1, http::longest_age.count()); });
  return {state, app, domain, reason, age};
}

std::optional<std::int64_t> older_than_seconds(const Selection& selection) {
  if (selection.older_than.empty()) return std::nullopt;
  return config::parse_duration(selection.older_than);
}

json::object body_of(const Selection& selection) {
  const auto texts =
      std::to_array<std::pair<std::string_view, std::string_view>>({{"state", selection.state},
                                                                    {"app", selection.app},
                                                                    {"domain", selection.domain},
                                                                    {"reason", selection.reason}});
  json::object body;
  if (!selection.ids.empty()) body["ids"] = json::array(selection.ids.begin(), selection.ids.end());
  for (const auto& [name, value] : texts) {
    if (!value.empty()) body[name] = value;
  }
  if (const auto seconds = older_than_seconds(selection)) body["older_than"] = *seconds;
  if (selection.all) body["all"] = true;
  return body;
}

}  // namespace cli
