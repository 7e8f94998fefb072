#include "relay/domains/registry.hpp"

#include "policy/address.hpp"
#include "relay/domains/registry_state.hpp"
#include "relay/keystore/sealing.hpp"
#include "relay/net/ask.hpp"

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <set>

namespace domains {

namespace asio = net::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto store_patience = 60s;  ///< the writer itself gives up a failing disk before
constexpr const char* not_taken =
    "The store did not take what the configuration needs: look at its disk.";

/// Whether mail is treated differently: what sessions and couriers know of a domain.
bool matters_to_mail(const Domain& before, const Domain& after) {
  return before.state.status != after.state.status || before.trouble != after.trouble ||
         before.signer != after.signer || before.unsigned_why != after.unsigned_why ||
         before.dmarc != after.dmarc ||
         before.state.checks[static_cast<std::size_t>(policy::DomainCheck::mail_from)].last !=
             after.state.checks[static_cast<std::size_t>(policy::DomainCheck::mail_from)].last;
}

/// Of the master key that the store's documents are sealed by; empty: nothing is sealed yet.
std::string sealing_key_id(const std::vector<spool::Document>& documents) {
  const auto found = std::ranges::find(documents, kind::registry, &spool::Document::kind);
  if (found == documents.end()) return {};
  const auto read = read_registry(found->body);
  return read ? read->master_key_id : std::string();  // a damaged one is told of when all are read
}

}  // namespace

Refused refused(Refused::Kind kind, std::string sentence) { return {kind, std::move(sentence)}; }

Refused invalid(std::string sentence) {
  return refused(Refused::Kind::invalid, std::move(sentence));
}

Refused too_busy() {
  return refused(Refused::Kind::failed, "Too many changes wait already: try again.");
}

Refused no_domain(std::string_view domain) {
  return refused(Refused::Kind::absent, fmt::format("There is no domain {}.", domain));
}

std::string compared(const std::string& name) {
  auto normal = policy::normal_domain(name);
  return normal ? *std::move(normal) : name;
}

std::optional<Refused> changed_since(const Expected& expected, std::uint64_t version) {
  if (!expected || *expected == version) return std::nullopt;
  return refused(Refused::Kind::conflict, "It has changed meanwhile: look again.");
}

std::string too_many_associations() {
  return fmt::format("{} times an app may send as a domain, which is the most: dissociate some.",
                     max_associations);
}

Registry::State::State(Parts given, Inventory read)
    : parts(std::move(given)),
      inventory(std::move(read)),
      turn(parts.executor),
      catalog(std::make_shared<const Catalog>()) {}

void Registry::State::applied(const std::vector<spool::DocumentWrite>& writes) {
  for (const spool::DocumentWrite& write : writes) {
    if (write.body)
      ++inventory.versions[{write.kind, write.name}];
    else
      inventory.versions.erase({write.kind, write.name});
  }
}

asio::awaitable<std::optional<spool::Written>> Registry::State::commit(
    std::vector<spool::DocumentWrite> writes,
    std::optional<spool::AuditRecord> audit,
    std::function<void()> then) {
  auto question = [&](const std::function<void(spool::Written)>& answer) {
    // What is written is applied, whether or not somebody still waits for it.
    parts.store.write(
        writes, std::move(audit), [this, writes, then, answer](spool::Written written) {
          asio::post(parts.executor, [=, this] {
            if (written == spool::Written::stored) {
              applied(writes);
              then();
            }
            answer(written);
          });
        });
  };
  co_return co_await net::ask<spool::Written>(question, store_patience);
}

std::vector<std::string> Registry::State::count_changes(
    std::vector<spool::DocumentWrite>& writes) const {
  std::set<std::string> served, written;
  for (const spool::DocumentWrite& each : writes) {
    if (each.kind == kind::association) served.insert(each.name.substr(each.name.find(' ') + 1));
    if (each.kind == kind::verification) written.insert(each.name);
  }
  std::vector<std::string> changed;
  for (const std::string& domain : served) {
    const auto live = inventory.live.find(domain);
    if (live == inventory.live.end() || written.contains(domain)) continue;
    Learned learned = live->second.learned;
    ++learned.changes;
    writes.push_back(write(kind::verification, domain, to_json(learned)));
    changed.push_back(domain);
  }
  return changed;
}

asio::awaitable<Outcome<Done>> Registry::State::carry_out(Alteration alteration,
                                                          const Caller& caller) {
  if (alteration.what.empty()) co_return Done{};
  spool::AuditRecord audit;
  audit.at = parts.clock.now();
  audit.who = caller.who;
  audit.what = std::move(alteration.what);
  audit.target = std::move(alteration.target);
  audit.detail = std::move(alteration.detail);
  const auto changed = count_changes(alteration.writes);
  const auto then = [this, changed, apply = std::move(alteration.apply)] {
    apply(inventory);
    for (const std::string& domain : changed) ++inventory.live[domain].learned.changes;
    publish();
  };
  const auto written = co_await commit(std::move(alteration.writes), std::move(audit), then);
  if (written == spool::Written::stored) co_return Done{};
  if (written == spool::Written::conflict)
    co_return refused(Refused::Kind::conflict, "It has changed meanwhile: look again.");
  co_return refused(Refused::Kind::failed,
                    "The store did not take the change: look at its disk, then try again.");
}

mail::Result<void> Registry::State::write_now(const std::vector<spool::DocumentWrite>& writes,
                                              const std::string& detail) {
  for (auto next = writes.begin(); next != writes.end();) {
    const auto left = static_cast<std::size_t>(writes.end() - next);
    const auto end = next + static_cast<std::ptrdiff_t>(std::min(left, spool::most_writes));
    const std::vector<spool::DocumentWrite> part(next, end);
    const auto answer = std::make_shared<std::promise<spool::Written>>();
    auto written = answer->get_future();
    parts.store.write(part, by_configuration("", detail), [answer](spool::Written outcome) {
      answer->set_value(outcome);
    });
    if (written.wait_for(store_patience) != std::future_status::ready)
      return mail::failure(not_taken);
    const auto outcome = written.get();
    if (outcome == spool::Written::conflict)
      return mail::failure("A change was made at the same moment: take the configuration again.");
    if (outcome != spool::Written::stored) return mail::failure(not_taken);
    applied(part);
    next = end;
  }
  return {};
}

spool::AuditRecord Registry::State::by_configuration(std::string target, std::string detail) const {
  spool::AuditRecord audit;
  audit.at = parts.clock.now();
  audit.who = "configuration";
  audit.what = "provision";
  audit.target = std::move(target);
  audit.detail = std::move(detail);
  return audit;
}

void Registry::State::publish() {
  catalog.set(make_catalog(inventory, parts.master_key.get()));
  parts.changed();
}

void Registry::State::publish_domain(const std::string& name) {
  const auto before = catalog.get();
  const auto known = before->domains.find(name);
  auto after = shown_domain(inventory, name, parts.master_key.get());
  if (known == before->domains.end() || after == nullptr) return publish();
  const bool matters = matters_to_mail(*known->second, *after);
  auto next = std::make_shared<Catalog>(*before);
  next->domains.insert_or_assign(name, std::move(after));
  catalog.set(std::move(next));
  if (matters) parts.changed();
}

spool::DocumentWrite Registry::State::write(std::string_view kind,
                                            std::string_view name,
                                            std::optional<std::string> body) const {
  return {std::string(kind), std::string(name), std::move(body), inventory.version(kind, name)};
}

Association Registry::State::number(const std::string& app,
                                    const std::string& domain,
                                    bool provisioned,
                                    RegistryDocument& numbers,
                                    std::vector<spool::DocumentWrite>& writes) const {
  Association made{app, domain, ++numbers.associations, provisioned};
  writes.push_back(write(kind::association, association_name(app, domain), to_json(made)));
  return made;
}

asio::awaitable<mail::Result<dkim::PrivateKey>> Registry::State::make_key(dkim::Algorithm algorithm,
                                                                          std::string pem,
                                                                          bool allow_weak) {
  if (!pem.empty()) co_return dkim::read_key(pem, allow_weak);
  using Made = std::shared_ptr<mail::Result<dkim::PrivateKey>>;
  auto question = [&](std::function<void(Made)> answer) {
    asio::post(key_maker_, [algorithm, answer = std::move(answer)] {
      answer(std::make_shared<mail::Result<dkim::PrivateKey>>(dkim::generate_key(algorithm)));
    });
  };
  const auto made = co_await net::ask<Made>(question, store_patience);
  if (!made) co_return mail::failure("No key could be made in a minute: try again.");
  co_return std::move(**made);
}

mail::Result<KeyMaterial> Registry::State::material(dkim::PrivateKey key,
                                                    const std::string& domain,
                                                    const std::string& selector) const {
  auto signer = dkim::make_signer(parts.library, key, domain, selector);
  if (!signer) return signer.error();
  return KeyMaterial{std::move(key), std::make_shared<const dkim::Signer>(std::move(*signer))};
}

mail::Result<spool::DocumentWrite> Registry::State::sealed(const dkim::PrivateKey& key,
                                                           const std::string& domain,
                                                           const std::string& selector) const {
  if (parts.master_key == nullptr)
    return mail::failure("There is no master key to seal it with: give `master_key_file`.");
  const std::string name = key_name(domain, selector);
  auto text = keystore::seal(*parts.master_key, {kind::key, name}, key.pem());
  if (!text) return text.error();
  return write(kind::key, name, std::move(*text));
}

Registry::Registry(std::unique_ptr<State> state) : state_(std::move(state)) {}
Registry::~Registry() = default;

mail::Result<std::unique_ptr<Registry>> Registry::open(
    Parts parts, const config::Config& settings, const std::vector<spool::Document>& documents) {
  const std::string id = parts.master_key ? parts.master_key->key_id() : std::string();
  if (const auto sealed_by = sealing_key_id(documents); !sealed_by.empty() && sealed_by != id)
    return mail::failure(
        fmt::format("The store is sealed by another master key (id {}): give `master_key_file` "
                    "that one, or restore it from a backup.",
                    sealed_by));
  auto inventory = read_inventory(documents, parts.master_key.get(), parts.library);
  if (!inventory) return inventory.error();
  auto state = std::make_unique<State>(std::move(parts), std::move(*inventory));
  state->durable = settings.data_dir_durable;
  if (state->inventory.registry.master_key_id != id) {
    state->inventory.registry.master_key_id = id;
    if (auto written =
            state->write_now({state->write(kind::registry, "", to_json(state->inventory.registry))},
                             "the master key's id");
        !written)
      return written.error();
  }
  auto provision = state->provide(settings, State::Occasion::start);
  if (!provision) return provision.error();
  state->take(std::move(*provision));
  state->catalog.set(make_catalog(state->inventory, state->parts.master_key.get()));
  return std::unique_ptr<Registry>(new Registry(std::move(state)));
}

std::shared_ptr<const Catalog> Registry::catalog() const { return state_->catalog.get(); }

asio::awaitable<Turn::Held> Registry::turn() { return state_->turn.take(); }

mail::Result<std::function<void()>> Registry::prepare(const config::Config& settings,
                                                      const Turn::Held& turn) {
  if (!turn) return mail::failure(too_busy().sentence);
  auto provision = state_->provide(settings, State::Occasion::reload);
  if (!provision) return provision.error();
  return std::function<void()>([this, provision = std::move(*provision)] {
    state_->take(provision);
    state_->publish();
  });
}

const std::vector<std::string>& Registry::notices() const { return state_->notices; }

namespace {

/// Why a domain may not send, and the edit that mends it: the first required record that is wrong.
/// The challenge record is required until the domain was proved.
std::string trouble_of(const policy::Examination& examination, bool proved) {
  using policy::DomainCheck;
  for (const DomainCheck check :
       {DomainCheck::ownership, DomainCheck::dkim, DomainCheck::identity}) {
    if (check == DomainCheck::ownership && proved) continue;
    for (const policy::Diagnosis& diagnosis : examination.diagnoses)
      if (diagnosis.check == check) return diagnosis.edit;
  }
  return {};
}

/// Whether the round looked for keys that have been replaced since.
bool is_outdated(const Round& round, const dkim::KeyRing& ring) {
  return std::ranges::any_of(ring, [&](const dkim::KeyState& key) {
    const auto looked_for = round.key_ids.find(key.selector);
    return looked_for != round.key_ids.end() && looked_for->second != key.id;
  });
}

/// What a round says, into what is known.
void take_over(Round& round, Live& live) {
  for (dkim::KeyState& key : live.learned.ring) {
    // Each signature made until now: the next round says so again while it goes on signing.
    if (key.stage == dkim::KeyStage::active) key.last_signed = round.at;
    const auto look = round.keys.find(key.selector);
    if (look != round.keys.end()) key = dkim::observe(std::move(key), look->second, round.at);
  }
  live.learned.ring = dkim::advance(std::move(live.learned.ring), round.at);
  live.learned.state = policy::after_round(live.learned.state, round.examination.results, round.at);
  if (round.identity.result != policy::CheckResult::silent) live.learned.identity = round.identity;
  live.learned.trouble = trouble_of(round.examination, live.learned.state.proved);
  live.examination = std::move(round.examination);
  live.dmarc = std::move(round.dmarc);
  live.records = std::move(round.records);
}

}  // namespace

void Registry::meet_from(const std::string& domain, const std::string& from) {
  const auto live = state_->inventory.live.find(domain);
  if (live == state_->inventory.live.end() || live->second.dmarc.size() >= max_from_names) return;
  if (live->second.dmarc.try_emplace(from).second) state_->publish_domain(domain);
}

asio::awaitable<void> Registry::record(Round round) {
  const auto turn = co_await state_->turn.take();
  if (!turn) co_return;  // the next round says it again
  const Domain* setup = state_->inventory.setup(round.domain);
  if (setup == nullptr || setup->trusted) co_return;  // removed while it was looked at
  Live& live = state_->inventory.live[round.domain];
  if (is_outdated(round, live.learned.ring)) co_return;
  take_over(round, live);
  auto writes = state_->drop_keys(round.domain, live);
  writes.push_back(state_->write(kind::verification, round.domain, to_json(live.learned)));
  // What could not be written is known all the same; the next round writes it again.
  co_await state_->commit(std::move(writes), std::nullopt, [] {});
  state_->publish_domain(round.domain);
}

}  // namespace domains
