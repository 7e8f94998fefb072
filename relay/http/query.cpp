#include "relay/http/query.hpp"

#include "relay/http/bounds.hpp"
#include "relay/observe/escape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace http {

std::optional<std::int64_t> number_of(std::string_view text, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1 || number > most)
    return std::nullopt;
  return number;
}

std::string Query::text(std::string_view name) {
  const auto found = members_.find(name);
  if (found == members_.end()) return {};
  std::string value = std::move(found->second);
  members_.erase(found);
  if (value.empty()) refuse(fmt::format("Give {}= a value, or leave it out.", name));
  return value;
}

std::optional<std::int64_t> Query::number(std::string_view name, std::int64_t most) {
  const std::string value = text(name);
  if (value.empty()) return std::nullopt;
  const auto number = number_of(value, most);
  if (!number) refuse(fmt::format("{}= must be a whole number from 1 to {}.", name, most));
  return number;
}

std::string Query::word(std::string_view name, std::initializer_list<const char*> words) {
  std::string value = text(name);
  if (value.empty()) return *words.begin();
  if (std::ranges::find(words, value) == words.end())
    refuse(fmt::format("{}= must be one of {}.", name, fmt::join(words, ", ")));
  return value;
}

std::size_t Query::limit() {
  return static_cast<std::size_t>(number("limit", most_listed).value_or(100));
}

void Query::refuse(std::string sentence) {
  if (!mistake_) mistake_ = std::move(sentence);
}

std::optional<std::string> Query::mistake() const {
  if (mistake_ || members_.empty()) return mistake_;
  return fmt::format("{}= is not known here.", observe::escaped(members_.begin()->first, 60));
}

}  // namespace http
