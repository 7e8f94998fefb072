#include "relay/domains/registry_state.hpp"

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

// What the configuration file asks for: keys and association numbers that are missing are made and
// written down before anything relies on them.

namespace domains {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t writes_at_once = spool::most_writes / 2;

mail::Failure trouble(const fs::path& file, std::string_view why) {
  return mail::failure("The DKIM key file " + file.string() + " " + std::string(why));
}

mail::Result<dkim::PrivateKey> read_key_file(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0)
    return trouble(file,
                   "cannot be read (" + std::generic_category().message(errno) +
                       "): give the relay access to it.");
  if (const auto mistake = dkim::permission_mistake(status.st_mode, status.st_uid == ::geteuid()))
    return trouble(file, *mistake);
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream pem;
  pem << stream.rdbuf();
  if (!stream) return trouble(file, "cannot be read: give the relay access to it.");
  auto key = dkim::read_key(pem.str());
  if (!key) return trouble(file, "cannot be used: " + key.error().sentence());
  return key;
}

/// The key that a version before this one made in clear; the store holds it from now on.
std::optional<fs::path> clear_key(const config::Domain& domain, const config::Config& settings) {
  fs::path file = settings.data_dir / "keys" / (domain.name + "." + domain.selector + ".pem");
  std::error_code unreadable;
  return fs::exists(file, unreadable) ? std::optional(std::move(file)) : std::nullopt;
}

}  // namespace

/// A key from a file is the domain's only one: its selector and file are changed together, there.
mail::Result<void> Registry::State::use_key_file(const config::Domain& domain,
                                                 Provision& provision) const {
  auto key = read_key_file(domain.key_file);
  if (!key) return key.error();
  Live live = live_of(domain.name);
  const std::string id = key_id(*key);
  dkim::KeyRing& ring = live.learned.ring;
  if (ring.size() != 1 || ring[0].selector != domain.selector || ring[0].id != id) {
    auto begun = dkim::begin_rotation({}, domain.selector, id, parts.clock.now());
    if (!begun) return begun.error();
    ring = std::move(*begun);
  }
  // Nothing outlives this directory, the proof neither; who holds the key has shown it before.
  if (!durable) live.learned.state.proved = true;
  auto made = material(std::move(*key), domain.name, domain.selector);
  if (!made) return made.error();
  live.keys.clear();
  live.keys.emplace(domain.selector, std::move(*made));
  provision.key_files.insert(domain.name);
  provision.live.insert_or_assign(domain.name, std::move(live));
  return {};
}

/// What is known of the domain, or how it begins.
Live Registry::State::live_of(const std::string& domain) const {
  const auto known = inventory.live.find(domain);
  if (known != inventory.live.end()) return known->second;
  Live live;
  live.learned.state.since = parts.clock.now();
  return live;
}

/// Each of its keys is at hand and sealed in the store.
bool Registry::State::has_its_keys(const std::string& domain) const {
  const auto known = inventory.live.find(domain);
  if (known == inventory.live.end() || known->second.learned.ring.empty() ||
      key_files.contains(domain))
    return false;
  return std::ranges::all_of(known->second.learned.ring, [&](const dkim::KeyState& key) {
    const auto at_hand = known->second.keys.find(key.selector);
    return at_hand != known->second.keys.end() && key_id(at_hand->second.key) == key.id;
  });
}

mail::Result<void> Registry::State::provide_key(const config::Domain& domain,
                                                const config::Config& settings,
                                                Provision& provision) {
  if (domain.signing == policy::SigningMode::ses) return {};
  if (!domain.key_file.empty()) return use_key_file(domain, provision);
  if (has_its_keys(domain.name)) return {};
  const auto clear = clear_key(domain, settings);
  if (!clear && !durable)
    return mail::failure("The domain " + domain.name +
                         " has no key_file, and with data_dir_durable: false none is made: give "
                         "domains[].key_file.");
  auto key = clear ? read_key_file(*clear) : dkim::generate_key(algorithm_of(domain));
  if (!key) return key.error();
  Live live = live_of(domain.name);
  live.learned.ring.clear();
  live.keys.clear();
  Alteration alteration;
  if (auto added = add_key(*key, domain.name, domain.selector, live, alteration); !added)
    return added.error();
  alteration.writes.push_back(write(kind::verification, domain.name, to_json(live.learned)));
  if (auto written = write_now(
          alteration.writes,
          fmt::format("a DKIM key for {} was {}", domain.name, clear ? "taken over" : "made"));
      !written)
    return written.error();
  provision.live.insert_or_assign(domain.name, std::move(live));
  provision.notices.push_back(
      clear ? fmt::format("the DKIM key in {} is sealed in the store now: remove the file when you "
                          "will not go back to an earlier version",
                          clear->string())
            : fmt::format("a DKIM key was made for {}: publish the records that `postern domain "
                          "records {}` prints",
                          domain.name,
                          domain.name));
  return {};
}

/// Numbers for the associations that are new, so many at once as the store takes.
mail::Result<void> Registry::State::provide_associations(Provision& provision) {
  std::vector<spool::DocumentWrite> writes;
  RegistryDocument numbers = inventory.registry;
  const auto write_down = [&]() -> mail::Result<void> {
    if (writes.empty()) return {};
    writes.push_back(write(kind::registry, "", to_json(numbers)));
    auto written = write_now(writes, "associations of the configuration");
    if (written) inventory.registry = numbers;
    writes.clear();
    return written;
  };
  for (const auto& pair : provision.provisioned.associations) {
    if (inventory.associations.contains(pair)) continue;
    provision.associations.push_back({pair.first, pair.second, ++numbers.associations, true});
    writes.push_back(write(
        kind::association, pair.first + " " + pair.second, to_json(provision.associations.back())));
    if (writes.size() < writes_at_once) continue;
    if (auto written = write_down(); !written) return written.error();
  }
  return write_down();
}

mail::Result<Provision> Registry::State::provide(const config::Config& settings) {
  auto provisioned = read_provisioned(settings);
  if (!provisioned) return provisioned.error();
  Provision provision;
  provision.provisioned = std::move(*provisioned);
  for (const config::Domain& domain : settings.domains) {
    if (!domain.trusted && parts.master_key == nullptr)
      return mail::failure(fmt::format(
          "The domain {} is verified by DNS, whose challenge follows from the master key: give "
          "`master_key_file`, because with data_dir_durable: false none is made.",
          domain.name));
    if (auto provided = provide_key(domain, settings, provision); !provided)
      return provided.error();
  }
  if (auto provided = provide_associations(provision); !provided) return provided.error();
  return provision;
}

/// What stood in the configuration and does so no more is no right any more.
void Registry::State::take(Provision provision) {
  inventory.provisioned = std::move(provision.provisioned);
  key_files = std::move(provision.key_files);
  notices = std::move(provision.notices);
  for (auto& [domain, live] : provision.live)
    inventory.live.insert_or_assign(domain, std::move(live));
  for (Association& made : provision.associations)
    inventory.associations.insert_or_assign({made.app, made.domain}, made);
  std::vector<spool::DocumentWrite> writes;
  // One that is not written is found stale again at the next start.
  const auto write_down = [&] {
    applied(writes);
    if (!writes.empty())
      parts.store.write(std::exchange(writes, {}), std::nullopt, [](spool::Written) {});
  };
  for (auto it = inventory.associations.begin(); it != inventory.associations.end();) {
    const bool stale =
        it->second.provisioned && !inventory.provisioned.associations.contains(it->first);
    if (stale)
      writes.push_back({std::string(kind::association),
                        it->first.first + " " + it->first.second,
                        std::nullopt,
                        std::nullopt});
    it = stale ? inventory.associations.erase(it) : std::next(it);
    if (writes.size() >= writes_at_once) write_down();
  }
  write_down();
}

}  // namespace domains
