#include "relay/domains/registry_state.hpp"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

// What the configuration names and cannot have: a name that another owner has proved, or one below.

namespace domains {

namespace {

/// Domains, and the owners whose apps have a right to them: who was there first stays, whatever
/// another proves later.
std::set<std::pair<std::string, std::string>> names_in_use(const Provisioned& next,
                                                           const Inventory& inventory) {
  std::set<std::pair<std::string, std::string>> used;
  for (const auto& [pair, right] : inventory.associations) {
    const auto of_file = next.apps.find(pair.first);
    const auto managed = inventory.apps.find(pair.first);
    if (of_file != next.apps.end()) {
      used.emplace(pair.second, of_file->second.owner);
    } else if (managed != inventory.apps.end()) {
      used.emplace(pair.second, managed->second.app.owner);
    }
  }
  return used;
}

/// The domain of this name if it is another's than `owner`, who proved it by DNS.
const Domain* proved_by_another(const std::map<std::string, Domain, std::less<>>& domains,
                                std::string_view name,
                                const std::string& owner,
                                const Inventory& inventory) {
  const auto found = domains.find(name);
  if (found == domains.end() || found->second.owner == owner) return nullptr;
  const auto live = inventory.live.find(name);
  return live != inventory.live.end() && live->second.learned.state.proved ? &found->second
                                                                           : nullptr;
}

/// Whose name `claimed` is under. Those that one file vouches for stand beside each other: whoever
/// wrote it decided so.
const Domain* proved_above(const Domain& claimed,
                           const Provisioned& next,
                           const Inventory& inventory) {
  const std::string_view name = claimed.name;
  for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
    const std::string_view above = name.substr(dot + 1);
    const bool of_file = next.domains.contains(above);
    if (const Domain* other = proved_by_another(
            of_file ? next.domains : inventory.domains, above, claimed.owner, inventory))
      return other;
  }
  return nullptr;
}

std::string trouble_of(const Domain& claimed, const Domain& proved) {
  return fmt::format(
      "{}, which another owner ({}) has proved: take it out of the configuration, or give its apps "
      "that owner",
      claimed.name == proved.name ? "it is a domain" : "it is under " + proved.name,
      proved.owner);
}

}  // namespace

/// Sets aside what is another's by proof.
void Registry::State::contest(Provisioned& next) const {
  const auto used = names_in_use(next, inventory);
  const auto set_aside = [&](auto holder) {
    for (auto it = next.domains.begin(); it != next.domains.end();) {
      const auto& [name, claimed] = *it;
      const Domain* proved = used.contains({name, claimed.owner}) ? nullptr : holder(claimed);
      if (proved == nullptr) {
        ++it;
        continue;
      }
      Domain shown = claimed;
      shown.contested = true;
      shown.state.status = policy::DomainStatus::failed;
      shown.trouble = trouble_of(claimed, *proved);
      std::erase_if(next.associations, [&](const auto& right) { return right.second == name; });
      next.contested.emplace(name, std::move(shown));
      it = next.domains.erase(it);
    }
  };
  set_aside([&](const Domain& claimed) {
    return proved_by_another(inventory.domains, claimed.name, claimed.owner, inventory);
  });
  set_aside([&](const Domain& claimed) { return proved_above(claimed, next, inventory); });
}

}  // namespace domains
