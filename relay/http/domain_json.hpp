#pragma once

#include "policy/domain_setup.hpp"
#include "relay/domains/registry.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <vector>

namespace http {

// Domains as the API shows them (docs/api.md). An app's token sees its own association alone.

/// A domain as a row of a list.
[[nodiscard]] boost::json::object row_of(const domains::Catalog& catalog,
                                         const domains::Caller& caller,
                                         const domains::Domain& domain);

/// A domain with all that is known of it.
[[nodiscard]] boost::json::object to_json(const domains::Catalog& catalog,
                                          const domains::Caller& caller,
                                          const domains::Domain& domain,
                                          const std::vector<policy::WantedRecord>& records);

[[nodiscard]] boost::json::array to_json(const std::vector<policy::WantedRecord>& records);

}  // namespace http
