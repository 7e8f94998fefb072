#pragma once

#include "relay/feedback/event.hpp"

#include <boost/json/fwd.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace feedback {

inline constexpr std::size_t longest_event = std::size_t{1024} * 1024;  ///< octets of a record
inline constexpr std::size_t deepest_event = 32;                        ///< levels of JSON

/// SES says that a topic was connected to it; nothing happened to a message.
struct Setup {};

/// What came is no event. The sentence says why and quotes nothing of it.
struct Unreadable {
  std::string sentence;
};

using Reading = std::variant<Event, Setup, Unreadable>;

/// Reads what SES publishes, in both families, in an EventBridge envelope (`detail`) or without.
/// Unknown members are passed over, unknown types and subtypes kept with their words; a record
/// without type, message id or time, or that breaks a bound, is unreadable.
[[nodiscard]] Reading read_event(std::string_view text);
[[nodiscard]] Reading read_event(const boost::json::object& record);  ///< already parsed

}  // namespace feedback
