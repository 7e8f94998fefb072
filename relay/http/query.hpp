#pragma once

#include "relay/http/server.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace http {

/// A whole number from 1 to `most`.
[[nodiscard]] std::optional<std::int64_t> number_of(std::string_view text, std::int64_t most);

/// The query of a GET, read strictly like a Body: what is wrong, or was taken by nobody, is a
/// mistake.
class Query {
 public:
  explicit Query(const Request& request) : members_(request.query) {}

  [[nodiscard]] std::string text(std::string_view name);  ///< empty if absent
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view name, std::int64_t most);
  /// One of these words, the first of them if absent.
  [[nodiscard]] std::string word(std::string_view name, std::initializer_list<const char*> words);
  [[nodiscard]] std::size_t limit();  ///< `limit`, 1 to most_listed; 100 if absent

  [[nodiscard]] std::optional<std::string> mistake() const;

 private:
  void refuse(std::string sentence);
  std::map<std::string, std::string, std::less<>> members_;
  std::optional<std::string> mistake_;
};

}  // namespace http
