#include "relay/config/key_table.hpp"

#include <initializer_list>
#include <vector>

namespace config {
namespace {

std::vector<Key> joined(std::initializer_list<std::span<const Key>> parts) {
  std::vector<Key> table;
  for (const auto& part : parts) table.insert(table.end(), part.begin(), part.end());
  return table;
}

}  // namespace

std::span<const Key> keys() noexcept {
  static const std::vector<Key> table = joined({key_table::process(),
                                                key_table::listen(),
                                                key_table::upstream(),
                                                key_table::domains(),
                                                key_table::apps(),
                                                key_table::policy(),
                                                key_table::queue(),
                                                key_table::aws(),
                                                key_table::operation()});
  return table;
}

}  // namespace config
