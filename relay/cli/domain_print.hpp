#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <iosfwd>

namespace cli {

/// `domain list` for people.
void print_domains(std::ostream& out, const boost::json::array& domains);

/// `domain show`: how it is set up, its keys, and all that print_checks() says.
void print_domain(std::ostream& out, const boost::json::object& domain);

/// `domain verify`: where it stands, each check, and for what is wrong what was found, what is
/// expected, and the edit that mends it.
void print_checks(std::ostream& out, const boost::json::object& domain);

/// Whether a required check is bad, or the domain may not send.
[[nodiscard]] bool has_trouble(const boost::json::object& domain);

}  // namespace cli
