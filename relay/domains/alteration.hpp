#pragma once

#include "relay/domains/inventory.hpp"
#include "relay/domains/registry.hpp"
#include "relay/spool/document.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace domains {

[[nodiscard]] Refused refused(Refused::Kind kind, std::string sentence);
[[nodiscard]] Refused invalid(std::string sentence);
[[nodiscard]] Refused too_busy();
[[nodiscard]] Refused no_domain(std::string_view domain);
/// The refusal where the caller saw another version.
[[nodiscard]] std::optional<Refused> changed_since(const Expected& expected, std::uint64_t version);
/// That max_associations is reached.
[[nodiscard]] std::string too_many_associations();

/// The name in the compared form, for callers that take either; as given where it is none.
[[nodiscard]] std::string compared(const std::string& name);

/// What a change writes, and what it does to the inventory once that is on stable storage. Without
/// `what` there is nothing to change.
struct Alteration {
  std::vector<spool::DocumentWrite> writes;
  std::function<void(Inventory&)> apply;
  std::string what, target, detail;  ///< for the audit trail
};

/// Two are enough: while one signs, the other one is on its way in or out.
inline constexpr std::array<std::string_view, 2> own_selectors{"p1", "p2"};

// Each bound of the catalog is reached before one of the store's: what an app, a domain and their
// rights are written down as fits, and so does whatever goes with one of them. Standings, and keys
// with what was seen of them, may be of apps and domains that are gone, and are then as many again.
inline constexpr std::size_t keys_of_domain = own_selectors.size();
static_assert(3 * max_apps + 3 * max_domains + 2 * max_domains * keys_of_domain + max_associations +
                  max_tokens + 1 <=
              spool::most_documents);
static_assert(2 + 2 * max_associations_of_app + max_tokens <= spool::most_writes);
static_assert(2 + keys_of_domain + max_apps <= spool::most_writes);

}  // namespace domains
