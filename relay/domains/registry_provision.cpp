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

std::string unusable(const Domain& contested) {
  return fmt::format(
      "The configuration's domain {} may not be used: {}", contested.name, contested.trouble);
}

std::string next_key_made(const config::Domain& domain) {
  return fmt::format(
      "a DKIM key with the selector {0} was made for {1}: publish its record, which `postern "
      "domain records {1}` prints, beside the present one; {2}",
      domain.selector,
      domain.name,
      domain.trusted
          ? fmt::format("`postern domain rotate-key {} --published` lets it sign", domain.name)
          : std::string("it signs once every server has shown it"));
}

}  // namespace

/// A key from a file is the domain's only one: its selector and file are changed together, there.
mail::Result<void> Registry::State::use_key_file(const config::Domain& domain,
                                                 Provision& provision) const {
  auto key = read_key_file(domain.key_file);
  if (!key) return key.error();
  Live live = live_of(domain.name);
  live.learned.selector = domain.selector;
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
  if (has_its_keys(domain.name)) return follow_selector(domain, provision);
  return make_first_key(domain, settings, provision);
}

mail::Result<void> Registry::State::make_first_key(const config::Domain& domain,
                                                   const config::Config& settings,
                                                   Provision& provision) {
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
  if (auto kept = keep_key(*key, domain, std::move(live), clear ? "taken over" : "made", provision);
      !kept)
    return kept.error();
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

/// Writes down a key under the configuration's selector, and has it taken over with the rest.
mail::Result<void> Registry::State::keep_key(const dkim::PrivateKey& key,
                                             const config::Domain& domain,
                                             Live live,
                                             std::string_view how,
                                             Provision& provision) {
  Alteration alteration;
  if (auto added = add_key(key, domain.name, domain.selector, live, alteration); !added)
    return added.error();
  live.learned.selector = domain.selector;
  alteration.writes.push_back(write(kind::verification, domain.name, to_json(live.learned)));
  if (auto written =
          write_now(alteration.writes, fmt::format("a DKIM key for {} was {}", domain.name, how));
      !written)
    return written.error();
  provision.live.insert_or_assign(domain.name, std::move(live));
  return {};
}

/// A selector that was changed in the configuration begins a rotation. What was rotated by command
/// since is no change of it.
mail::Result<void> Registry::State::follow_selector(const config::Domain& domain,
                                                    Provision& provision) {
  Live live = live_of(domain.name);
  const auto now = parts.clock.now();
  const std::string followed = std::exchange(live.learned.selector, domain.selector);
  if (followed == domain.selector) return {};
  dkim::KeyRing& ring = live.learned.ring;
  const bool known =
      std::ranges::find(ring, domain.selector, &dkim::KeyState::selector) != ring.end();
  if (followed.empty() || known) {
    provision.followed.push_back(write(kind::verification, domain.name, to_json(live.learned)));
    provision.live.insert_or_assign(domain.name, std::move(live));
    return {};
  }
  if (domain.trusted) ring = dkim::let_time_pass(dkim::vouch(std::move(ring), now), now);
  if (const auto possible = dkim::begin_rotation(ring, domain.selector, {}, now); !possible) {
    provision.notices.push_back(
        fmt::format("{} keeps its DKIM keys and does not get the selector {} yet: {} Then reload.",
                    domain.name,
                    domain.selector,
                    possible.error().sentence()));
    return {};
  }
  const auto key = dkim::generate_key(algorithm_of(domain));
  if (!key) return key.error();
  provision.notices.push_back(next_key_made(domain));
  return keep_key(*key, domain, std::move(live), "made", provision);
}

/// The app of the file has the right already; not where a managed app of another owner has it, in
/// whose place the file's comes.
bool Registry::State::has_right(const std::pair<std::string, std::string>& pair,
                                const Provisioned& next) const {
  const auto right = inventory.associations.find(pair);
  if (right == inventory.associations.end()) return false;
  const auto managed = inventory.apps.find(pair.first);
  return right->second.provisioned || managed == inventory.apps.end() ||
         managed->second.app.owner == next.apps.at(pair.first).owner;
}

/// Numbers for the associations that are new; what counts them is written first.
mail::Result<void> Registry::State::provide_associations(Provision& provision) {
  RegistryDocument numbers = inventory.registry;
  std::vector<spool::DocumentWrite> writes;
  for (const auto& pair : provision.provisioned.associations)
    if (!has_right(pair, provision.provisioned))
      provision.associations.push_back(number(pair.first, pair.second, true, numbers, writes));
  if (writes.empty()) return {};
  writes.insert(writes.begin(), write(kind::registry, "", to_json(numbers)));
  inventory.registry = numbers;  // whatever is written of it, no number is given twice
  return write_now(writes, "associations of the configuration");
}

/// The configuration's and the managed ones have to find room together.
mail::Result<void> Registry::State::judge_numbers(const Provisioned& next) const {
  const auto too_many = [](std::string_view what, std::size_t of_file, std::size_t most) {
    return mail::failure(fmt::format(
        "With the {} {} of the configuration and those made by command there are more than {}, "
        "which is the most: remove some.",
        of_file,
        what,
        most));
  };
  if (next.apps.size() + inventory.apps.size() > max_apps)
    return too_many("apps", next.apps.size(), max_apps);
  if (next.domains.size() + inventory.domains.size() > max_domains)
    return too_many("domains", next.domains.size(), max_domains);
  std::map<std::string_view, std::size_t> served;
  std::size_t associations = 0;
  const auto count = [&](const std::string& app) {
    ++associations;
    return ++served[app] <= max_associations_of_app;
  };
  for (const auto& [pair, association] : inventory.associations)
    if (!association.provisioned && !next.associations.contains(pair)) count(pair.first);
  for (const auto& [app, domain] : next.associations)
    if (!count(app)) return too_many("domains of " + app, served[app], max_associations_of_app);
  if (associations > max_associations)
    return too_many("rights of apps to domains", next.associations.size(), max_associations);
  return {};
}

mail::Result<Provision> Registry::State::provide(const config::Config& settings,
                                                 Occasion occasion) {
  auto provisioned = read_provisioned(settings, inventory.provisioned);
  if (!provisioned) return provisioned.error();
  contest(*provisioned);
  // A start goes on for everybody else's sake; at a reload somebody is there to read why.
  if (occasion == Occasion::reload && !provisioned->contested.empty())
    return mail::failure(unusable(provisioned->contested.begin()->second) + ".");
  if (auto fits = judge_numbers(*provisioned); !fits) return fits.error();
  Provision provision;
  provision.provisioned = std::move(*provisioned);
  for (const auto& [name, domain] : provision.provisioned.contested)
    provision.notices.push_back(unusable(domain));
  for (const config::Domain& domain : settings.domains) {
    if (provision.provisioned.contested.contains(domain.name)) continue;
    if (!domain.trusted && parts.master_key == nullptr)
      return mail::failure(fmt::format(
          "The domain {} is verified by DNS, whose challenge follows from the master key: give "
          "`master_key_file`, because with data_dir_durable: false none is made.",
          domain.name));
    if (auto provided = provide_key(domain, settings, provision); !provided)
      return provided.error();
  }
  if (auto written = write_now(provision.followed, "selectors of the configuration"); !written)
    return written.error();
  if (auto provided = provide_associations(provision); !provided) return provided.error();
  return provision;
}

void Registry::State::take(Provision provision) {
  inventory.provisioned = std::move(provision.provisioned);
  key_files = std::move(provision.key_files);
  notices = std::move(provision.notices);
  for (auto& [domain, live] : provision.live)
    inventory.live.insert_or_assign(domain, std::move(live));
  for (Association& made : provision.associations)
    inventory.associations.insert_or_assign({made.app, made.domain}, made);
  sweep();
  notice_upstreams();
}

/// The configuration cannot be refused for what an app that it does not have was given.
void Registry::State::notice_upstreams() {
  const std::vector<std::string>& upstreams = inventory.provisioned.upstreams;
  for (const auto& [name, document] : inventory.apps) {
    const std::string& upstream = document.app.upstream;
    if (upstream.empty() || std::ranges::find(upstreams, upstream) != upstreams.end()) continue;
    notices.push_back(
        fmt::format("the app {} names the upstream {}, which the configuration does not have: its "
                    "mail goes as that of an app that names none",
                    name,
                    upstream));
  }
}

}  // namespace domains
