#pragma once

#include "relay/config/findings.hpp"
#include "relay/config/keys.hpp"
#include "relay/config/tree.hpp"

namespace config {

/// Holds a tree against a table of keys, each node by itself: unknown keys with the nearest valid
/// name, wrong types, values out of range, keys and values whose feature has not landed, required
/// keys left out.
void check_tree(const Node& root, KeyTable table, Findings& findings);

}  // namespace config
