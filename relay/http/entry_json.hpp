#pragma once

#include "relay/spool/store.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <string>

namespace http {

/// `2026-01-02T03:04:05.678Z`
[[nodiscard]] std::string iso8601(std::chrono::system_clock::time_point time);

/// Foreign text becomes valid UTF-8; what is not known is null.
[[nodiscard]] boost::json::object to_json(const spool::Entry& entry);
[[nodiscard]] boost::json::object to_json(const policy::Event& event);
[[nodiscard]] boost::json::object to_json(const spool::Trace& trace);  ///< {"entry", "timeline"}

}  // namespace http
