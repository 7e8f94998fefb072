#pragma once

#include "relay/spool/store.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace http {

/// `2026-01-02T03:04:05.678Z`
[[nodiscard]] std::string iso8601(std::chrono::system_clock::time_point time);

/// Foreign text becomes valid UTF-8; what is not known is null.
[[nodiscard]] boost::json::value text_or_null(std::string_view text);
[[nodiscard]] boost::json::value time_or_null(std::chrono::system_clock::time_point time);

/// The deadline of a hold is `hold_expire` after it began.
[[nodiscard]] boost::json::object to_json(const spool::Entry& entry,
                                          std::chrono::seconds hold_expire);
[[nodiscard]] boost::json::object to_json(const policy::Event& event);
/// {"entry", "timeline"}
[[nodiscard]] boost::json::object to_json(const spool::Trace& trace,
                                          std::chrono::seconds hold_expire);

}  // namespace http
