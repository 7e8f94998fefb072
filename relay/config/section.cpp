#include "relay/config/section.hpp"

#include "relay/config/secret.hpp"
#include "relay/config/values.hpp"

#include <fmt/format.h>

namespace config {

const Node* Section::find(std::string_view key) const {
  return map_ == nullptr ? nullptr : map_->find(key);
}

const std::string* Section::scalar(std::string_view key) const {
  const Node* node = find(key);
  return node != nullptr && node->shape == Shape::scalar && !node->scalar.empty() ? &node->scalar
                                                                                  : nullptr;
}

const Node* Section::node(std::string_view key) const {
  return scalar(key) == nullptr ? nullptr : find(key);
}

Place Section::place(std::string_view key) const {
  if (const Node* node = find(key)) return node->place;
  return map_ == nullptr ? Place{} : map_->place;
}

Section Section::section(std::string_view key) const {
  const Node* node = find(key);
  const bool is_map = node != nullptr && node->shape == Shape::map;
  return {is_map ? node : nullptr, *folder_, *findings_};
}

std::vector<Section> Section::sections(std::string_view key) const {
  std::vector<Section> found;
  const Node* node = find(key);
  if (node == nullptr) return found;
  if (node->shape == Shape::map) found.push_back(section(key));
  for (const Node& item : node->items)
    if (item.shape == Shape::map) found.emplace_back(&item, *folder_, *findings_);
  return found;
}

std::vector<const Node*> Section::items(std::string_view key) const {
  std::vector<const Node*> found;
  const Node* node = find(key);
  if (node == nullptr) return found;
  for (const Node& item : node->items)
    if (item.shape == Shape::scalar) found.push_back(&item);
  return found;
}

void Section::read(std::string_view key, std::string& into) const {
  if (const std::string* text = scalar(key)) into = *text;
}

void Section::read(std::string_view key, bool& into) const {
  if (const std::string* text = scalar(key)) into = parse_boolean(*text).value_or(into);
}

void Section::read(std::string_view key, std::filesystem::path& into) const {
  if (const std::string* text = scalar(key)) into = (*folder_ / *text).lexically_normal();
}

void Section::read(std::string_view key, std::chrono::seconds& into) const {
  const std::string* text = scalar(key);
  if (text == nullptr) return;
  if (const auto seconds = parse_duration(*text)) into = std::chrono::seconds(*seconds);
}

void Section::read(std::string_view key, Endpoint& into) const {
  const std::string* text = scalar(key);
  if (text == nullptr) return;
  if (auto endpoint = parse_endpoint(*text)) into = *std::move(endpoint);
}

void Section::read(std::string_view key, std::uint64_t& into) const {
  if (const auto number = integer(key)) into = static_cast<std::uint64_t>(*number);
}

void Section::read(std::string_view key, double& into) const {
  if (const std::string* text = scalar(key)) into = parse_ratio(*text).value_or(into);
}

void Section::read_size(std::string_view key, std::uint64_t& into) const {
  const std::string* text = scalar(key);
  if (text == nullptr) return;
  if (const auto octets = parse_size(*text)) into = static_cast<std::uint64_t>(*octets);
}

std::optional<std::int64_t> Section::integer(std::string_view key) const {
  const std::string* text = scalar(key);
  return text == nullptr ? std::nullopt : parse_integer(*text);
}

void Section::read_secret(std::string_view key, Secret& into) const {
  if (const std::string* text = scalar(key)) {
    into = Secret(*text);
    return;
  }
  const std::string file_key = fmt::format("{}_file", key);
  std::filesystem::path file;
  read(file_key, file);
  if (file.empty()) return;
  findings_->secret_files.push_back(file);
  if (auto secret = config::read_secret(file))
    into = *std::move(secret);
  else
    mistake(file_key, secret.error().sentence());
}

}  // namespace config
