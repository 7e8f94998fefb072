#pragma once

#include "policy/timestamp.hpp"
#include "relay/feedback/event_reader.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <variant>

/// A file of tests/ses_events.
inline std::string sample(const std::string& name) {
  std::ifstream file(POSTERN_SES_EVENTS "/" + name, std::ios::binary);
  REQUIRE_MESSAGE(file, name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline feedback::WallTime moment(std::string_view text) {
  const auto parsed = policy::parse_timestamp(text);
  REQUIRE_MESSAGE(parsed, text);
  return *parsed;
}

/// The event in a record that must have one.
inline feedback::Event event_of(std::string_view record) {
  auto reading = feedback::read_event(record);
  REQUIRE_MESSAGE(std::holds_alternative<feedback::Event>(reading), record);
  return std::get<feedback::Event>(std::move(reading));
}

inline std::string replaced(std::string text, std::string_view old, std::string_view by) {
  const std::size_t at = text.find(old);
  REQUIRE_MESSAGE(at != std::string::npos, old);
  return text.replace(at, old.size(), by);
}
