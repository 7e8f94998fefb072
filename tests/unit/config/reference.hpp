#pragma once

#include <boost/json.hpp>

#include <string>

namespace test {

/// conf/postern.schema.json as the table of keys has it.
[[nodiscard]] boost::json::object schema();
[[nodiscard]] std::string pretty(const boost::json::value& value);

/// The two tables of docs/configuration.md: the keys, and those whose feature has not landed yet.
[[nodiscard]] std::string key_table();
[[nodiscard]] std::string awaited_table();

}  // namespace test
