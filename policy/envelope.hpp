#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace policy {

/// What MAIL and RCPT said (RFC 5321 2.3.1), addresses without angle brackets, domains as A-labels.
struct Envelope {
  std::string reverse_path;  ///< empty: the null path
  std::vector<std::string> forward_paths;
};

}  // namespace policy
