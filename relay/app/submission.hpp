#pragma once

#include "relay/config/config.hpp"
#include "relay/http/sources.hpp"

#include <optional>

namespace app {

/// What a site types to hand in mail with a password: of the first listener that other machines
/// reach too, with the relay's name; of loopback listeners, where there is no other, the address as
/// it stands in a URL. Nothing where every listener is bound to an app.
[[nodiscard]] std::optional<http::Submission> submission(const config::Config& settings);

}  // namespace app
