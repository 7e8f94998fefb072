#pragma once

#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aws {

[[nodiscard]] inline std::string_view view(const boost::json::string& text) {
  return {text.data(), text.size()};
}

/// Octets of somebody else, fit for a sentence: printable ASCII, at most 300.
[[nodiscard]] std::string quoted(std::string_view text);

/// Letters, digits, `-` and `_`, 1 to 63: what can be one label of DNS, or a word of AWS's.
[[nodiscard]] bool is_label(std::string_view text);

/// The members of one object of a JSON answer. The first that is strange is kept, with its path.
class Members {
 public:
  Members(const boost::json::object& object, std::string path, std::optional<std::string>& strange)
      : object_(object), path_(std::move(path)), strange_(strange) {}

  /// nullptr where it is absent or null.
  [[nodiscard]] const boost::json::value* find(std::string_view name) const;
  void mark(std::string_view name) const;

  /// Empty where it is absent or, which is marked, strange.
  std::string text(std::string_view name, bool (*fits)(std::string_view)) const;
  /// Strange where it is absent, as are the numbers.
  bool flag(std::string_view name) const;
  double number(std::string_view name) const;

  /// The first of the table where it is absent.
  template <class Enum, std::size_t count>
  Enum one_of(const std::array<std::pair<std::string_view, Enum>, count>& table,
              std::string_view name) const {
    const std::string text = this->text(name, is_label);
    if (text.empty()) return table.front().second;
    for (const auto& [known, value] : table)
      if (known == text) return value;
    mark(name);
    return table.front().second;
  }

  /// Reads an inner object by `read`, where there is one.
  template <class Read>
  void inner(std::string_view name, Read read) const {
    const boost::json::value* value = find(name);
    if (value == nullptr) return;
    const boost::json::object* object = value->if_object();
    if (object == nullptr) return mark(name);
    read(Members(*object, path_ + std::string(name) + ".", strange_));
  }

 private:
  const boost::json::object& object_;
  std::string path_;
  std::optional<std::string>& strange_;
};

}  // namespace aws
