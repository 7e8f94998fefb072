#pragma once

#include <boost/json/object.hpp>

#include <iosfwd>

namespace cli {

/// `queue list` for people: the heading, and a row for an entry.
void print_heading(std::ostream& out);
void print_row(std::ostream& out, const boost::json::object& entry);

/// A message or a refusal, {"entry", "timeline"}: what it is, then each step with its time.
void print_life(std::ostream& out, const boost::json::object& match);

}  // namespace cli
