#pragma once

#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace cli {

/// Which messages a queue command is about; what is empty does not matter.
struct Selection {
  std::vector<std::string> ids;
  std::string state, app, domain, reason, older_than;
  bool all = false;

  [[nodiscard]] bool filtered() const noexcept;
};

/// Adds --state, --app, --domain, --reason and --older-than, and gives them.
std::vector<CLI::Option*> add_filters(CLI::App& command, Selection& selection);

/// The seconds of --older-than; nothing where it was not given.
[[nodiscard]] std::optional<std::int64_t> older_than_seconds(const Selection& selection);

/// The members of an order's body (relay/http/order_endpoints.hpp).
[[nodiscard]] boost::json::object body_of(const Selection& selection);

/// A check of an option: the sentence against a text that is no duration from `least` to `most`
/// seconds, else empty.
[[nodiscard]] std::string refuse_duration(const std::string& text,
                                          std::int64_t least,
                                          std::int64_t most);

}  // namespace cli
