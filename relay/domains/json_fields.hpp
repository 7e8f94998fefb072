#pragma once

#include "mail/result.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace domains {

/// Members of a JSON object that we wrote ourselves: one that is missing or of another kind is left
/// at what it was.
class Fields {
 public:
  explicit Fields(const boost::json::object& object) : object_(object) {}

  void read(std::string_view name, std::string& into) const;
  void read(std::string_view name, bool& into) const;
  void read(std::string_view name, std::uint64_t& into) const;
  void read(std::string_view name, std::uint32_t& into) const;
  void read(std::string_view name, std::optional<std::uint64_t>& into) const;
  void read(std::string_view name, std::chrono::seconds& into) const;
  void read(std::string_view name, std::optional<std::chrono::seconds>& into) const;
  void read(std::string_view name, std::chrono::system_clock::time_point& into) const;
  void read(std::string_view name,
            std::optional<std::chrono::system_clock::time_point>& into) const;
  void read(std::string_view name, std::vector<std::string>& into) const;
  [[nodiscard]] Fields object(std::string_view name) const;  ///< of no members if it is missing
  [[nodiscard]] std::vector<Fields> objects(std::string_view name) const;

 private:
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view name) const;
  const boost::json::object& object_;
};

/// Unix milliseconds.
[[nodiscard]] std::int64_t milliseconds(std::chrono::system_clock::time_point time);

/// The object in a text; a Failure where there is none.
[[nodiscard]] mail::Result<boost::json::object> parse_object(std::string_view json);

}  // namespace domains
