#pragma once

#include <boost/json/object.hpp>

#include <iosfwd>
#include <string>

namespace cli {

/// `queue list` for people: the heading, and a row for an entry.
void print_heading(std::ostream& out);
void print_row(std::ostream& out, const boost::json::object& entry);

/// A message or a refusal, {"entry", "timeline"}: what it is, then each step with its time.
void print_life(std::ostream& out, const boost::json::object& match);

/// A step of a timeline in words: what it is where its name alone does not say it, and what it says
/// itself.
[[nodiscard]] std::string words_of(const boost::json::object& step);

}  // namespace cli
