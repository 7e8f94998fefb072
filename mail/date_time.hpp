#pragma once

#include <chrono>
#include <string>

namespace mail {

/// A moment as a Date field has it (RFC 5322 3.3), in UTC.
[[nodiscard]] std::string date_time(std::chrono::system_clock::time_point at);

}  // namespace mail
