#pragma once

#include <string_view>

namespace spf_tests {

/// The life of a child that misbehaves in the way of that name.
int hostile_child_main(std::string_view way);

}  // namespace spf_tests
