#include "policy/tag_list.hpp"

#include "policy/address_syntax.hpp"

#include <algorithm>

namespace policy {
namespace {

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && syntax::is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && syntax::is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

std::vector<Tag> read_tags(std::string_view text) {
  std::vector<Tag> tags;
  while (!text.empty()) {
    const std::string_view piece = trimmed(text.substr(0, text.find(';')));
    text.remove_prefix(std::min(text.find(';'), text.size() - 1) + 1);
    if (piece.empty()) continue;
    const auto equals = piece.find('=');
    if (equals == std::string_view::npos) {
      tags.push_back({{}, std::string(piece)});
    } else {
      tags.push_back({std::string(trimmed(piece.substr(0, equals))),
                      std::string(trimmed(piece.substr(equals + 1)))});
    }
  }
  return tags;
}

const Tag* find_tag(const std::vector<Tag>& tags, std::string_view name) noexcept {
  const auto tag =
      std::find_if(tags.begin(), tags.end(), [name](const Tag& t) { return t.name == name; });
  return tag == tags.end() ? nullptr : &*tag;
}

std::string without_white_space(std::string_view text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](char c) {
    return !syntax::is_blank(c);
  });
  return out;
}

}  // namespace policy
