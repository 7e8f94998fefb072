#include "relay/domains/registry_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

// What apps and domains leave behind when the configuration drops them, or gives them to another
// owner. Rights end with that, so that nobody who comes by the name has them; a block or
// a restriction stays with the name, and keys with their domain, because who takes a line out and
// puts it back wants neither lifted nor made anew.

namespace domains {

namespace {

/// Whether the app and the domain are there, of one owner, and the file still says so where it did.
bool stands(const Association& right, const Inventory& inventory) {
  const Domain* domain = inventory.setup(right.domain);
  return inventory.has_app(right.app) && domain != nullptr &&
         domain->owner == inventory.owner_of_app(right.app) &&
         (!right.provisioned ||
          inventory.provisioned.associations.contains({right.app, right.domain}));
}

bool stands(const TokenDocument& token, const Inventory& inventory) {
  if (token.token.role != Caller::Role::app) return true;
  return inventory.has_app(token.token.app) &&
         (token.owner.empty() || token.owner == inventory.owner_of_app(token.token.app));
}

/// What of a map goes; what it was is told to `gone`.
template <class Map, class Goes, class Gone>
void erase(Map& map, Goes goes, Gone gone) {
  for (auto it = map.begin(); it != map.end();) {
    if (!goes(*it)) {
      ++it;
      continue;
    }
    gone(*it);
    it = map.erase(it);
  }
}

spool::DocumentWrite removal(std::string_view kind, std::string name) {
  return {std::string(kind), std::move(name), std::nullopt, std::nullopt};
}

/// An app without rights that were given to it by command.
std::string lost_by(const std::string& app, std::size_t rights) {
  return fmt::format(
      "{} of the tokens and associations that were made by command for the app {} are removed: the "
      "configuration has dropped it, or a domain of it, or has given one of them another owner",
      rights,
      app);
}

}  // namespace

/// Takes away what nobody has any more. What is not written is found again at the next start.
void Registry::State::sweep() {
  std::vector<spool::DocumentWrite> writes;
  std::map<std::string, std::size_t> lost;
  erase(
      inventory.associations,
      [&](const auto& one) { return !stands(one.second, inventory); },
      [&](const auto& one) {
        if (!one.second.provisioned) ++lost[one.second.app];
        writes.push_back(
            removal(kind::association, association_name(one.second.app, one.second.domain)));
      });
  erase(
      inventory.tokens,
      [&](const auto& one) { return !stands(one.second, inventory); },
      [&](const auto& one) {
        ++lost[one.second.token.app];
        writes.push_back(removal(kind::token, one.first));
      });
  sweep_names(writes);
  write_unheard(writes);
  for (const auto& [app, rights] : lost) {
    notices.push_back(lost_by(app, rights));
    parts.store.write({}, by_configuration(app, notices.back()), [](spool::Written) {});
  }
}

/// Of names that are not in use: what says nothing, and everything where they are too many.
void Registry::State::sweep_names(std::vector<spool::DocumentWrite>& writes) {
  const bool many_standings = inventory.standings.size() > max_apps;
  erase(
      inventory.standings,
      [&](const auto& one) {
        return !inventory.has_app(one.first) &&
               (many_standings || one.second.state() == policy::StandingState::normal);
      },
      [&](const auto& one) { writes.push_back(removal(kind::standing, one.first)); });
  if (inventory.live.size() <= max_domains) return;
  erase(
      inventory.live,
      [&](const auto& one) { return inventory.setup(one.first) == nullptr; },
      [&](const auto& one) {
        writes.push_back(removal(kind::verification, one.first));
        for (const auto& [selector, key] : one.second.keys)
          writes.push_back(removal(kind::key, key_name(one.first, selector)));
      });
}

/// Writes without being waited for, and so all whatever the others do.
void Registry::State::write_unheard(const std::vector<spool::DocumentWrite>& writes) {
  applied(writes);
  for (std::size_t done = 0; done < writes.size(); done += spool::most_writes) {
    const auto begin = writes.begin() + static_cast<std::ptrdiff_t>(done);
    const auto end =
        begin + static_cast<std::ptrdiff_t>(std::min(spool::most_writes, writes.size() - done));
    parts.store.write({begin, end}, std::nullopt, [](spool::Written) {});
  }
}

}  // namespace domains
