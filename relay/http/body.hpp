#pragma once

#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace http {

/// The JSON object of a POST, read strictly: each member is taken by name, and what has a wrong
/// type, breaks a bound or was taken by nobody is a mistake. The first mistake is kept; what is
/// taken after it counts for nothing, so ask for it before acting.
class Body {
 public:
  explicit Body(std::string_view text);

  /// Nothing if absent. A text has 1 to `most` octets, without control characters.
  [[nodiscard]] std::optional<std::string> text(std::string_view name, std::size_t most = 255);
  /// The same with line ends among them.
  [[nodiscard]] std::optional<std::string> lines(std::string_view name, std::size_t most);
  [[nodiscard]] std::vector<std::string> texts(std::string_view name, std::size_t most_members);
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view name,
                                                   std::int64_t least,
                                                   std::int64_t most);
  [[nodiscard]] bool flag(std::string_view name);  ///< false if absent

  /// The members of an object in this one; none if absent. Hand it to close() when they are taken.
  [[nodiscard]] Body object(std::string_view name);
  /// The same of a list of objects.
  [[nodiscard]] std::vector<Body> objects(std::string_view name, std::size_t most_members);
  void close(const Body& object);

  void awaited(std::string_view name);  ///< a member whose feature has not landed is a mistake
  void refuse(std::string sentence);    ///< a mistake that the caller found
  /// The first mistake as a sentence; before it a member that was never taken, because a wrong name
  /// is often why another one is missing.
  [[nodiscard]] std::optional<std::string> mistake() const;

 private:
  Body() = default;
  std::optional<boost::json::value> take(std::string_view name);
  boost::json::object members_;
  std::optional<std::string> mistake_;
};

}  // namespace http
