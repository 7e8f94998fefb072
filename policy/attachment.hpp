#pragma once

#include "policy/facts.hpp"
#include "policy/mime/tree.hpp"
#include "policy/summary.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace policy {

inline constexpr std::size_t max_inline_images = 20;
inline constexpr std::size_t max_inline_image_octets = std::size_t{256} * 1024;
inline constexpr std::size_t max_inline_images_octets = std::size_t{1024} * 1024;  ///< together
inline constexpr std::size_t max_signature_octets = std::size_t{16} * 1024;

/// What each node of the tree is to its reader; what is none of the known roles is an attachment,
/// and `why` says so. Texts are searched for urgent links, because they are decoded here.
[[nodiscard]] std::vector<Part> judge_parts(const mime::Tree& tree,
                                            const AttachmentRules& rules,
                                            std::span<const std::string> urgent_paths);

/// The first attachment among the parts, as a finding; a file in the text around the parts too.
[[nodiscard]] std::optional<Finding> find_attachment(const std::vector<Part>& parts,
                                                     const mime::Tree& tree);

}  // namespace policy
