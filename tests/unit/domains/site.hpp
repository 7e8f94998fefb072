#pragma once

#include "relay/domains/registry.hpp"
#include "relay/net/coro.hpp"
#include "tests/unit/spool/asked.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// A registry over a real store, on a loop and a clock that the test moves.
namespace domains::test {

namespace asio = net::asio;

/// Stands still until it is told to go on.
class Clock final : public net::Clock {
 public:
  void pass(std::chrono::milliseconds time) { passed_ += time; }
  [[nodiscard]] WallTime now() const override { return asked::noon + passed_; }
  [[nodiscard]] std::chrono::steady_clock::time_point monotonic() const override {
    ++asked;
    return std::chrono::steady_clock::time_point(std::chrono::hours(1) + passed_);
  }
  [[nodiscard]] std::uint32_t random() override { return chance; }

  mutable int asked = 0;  ///< how often it was asked for the monotonic time
  std::uint32_t chance = 0;

 private:
  std::chrono::milliseconds passed_{0};
};

/// Two keys of 32 octets, as their files hold them.
inline constexpr std::string_view master_key_text = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
inline constexpr std::string_view other_master_key_text =
    "/wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

class Site {
 public:
  Site();
  ~Site();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  /// Opens store and registry, with `settings`; the sentence where that fails, else empty.
  std::string open();
  void close();
  /// Writes documents into a store that is closed, as if they had been there; throws where that
  /// fails.
  void keep(std::vector<spool::DocumentWrite> documents);
  /// Closes and opens; throws where that fails.
  void reopen();
  /// As the first half of a reload, in its turn.
  [[nodiscard]] mail::Result<std::function<void()>> prepare(const config::Config& next);
  /// As a reload: prepared and taken over; throws where that fails.
  void reload();

  [[nodiscard]] std::shared_ptr<const Catalog> catalog() const { return registry->catalog(); }
  [[nodiscard]] std::shared_ptr<const App> app(std::string_view name) const;
  [[nodiscard]] std::shared_ptr<const Domain> domain(std::string_view name) const;

  /// Waits for a coroutine; throws what it throws.
  template <class Start>
  auto run(Start start) {
    using Value = typename decltype(start())::value_type;
    std::optional<Value> value;
    wait([&]() -> asio::awaitable<void> { value.emplace(co_await start()); });
    return std::move(*value);
  }
  /// The same where nothing comes of it.
  void wait(const std::function<asio::awaitable<void>()>& start);
  /// Runs the loop until it is so, half a minute at most.
  bool becomes(const std::function<bool()>& so);

  // The registry's operations, waited for; as a caller named `who`.
  Outcome<Password> add_app(const std::string& name, const std::string& owner = {});
  /// With an Ed25519 key, which is made faster.
  Outcome<Done> add_domain(const std::string& name, const std::string& app = {});
  Outcome<Done> add(NewDomain domain);
  Outcome<Done> associate(const std::string& domain, const std::string& app);
  Outcome<Done> dissociate(const std::string& domain, const std::string& app);
  Outcome<Done> rotate(const std::string& domain, Registry::Rotation step, Expected expected = {});
  Outcome<Done> remove_domain(const std::string& name, Expected expected = {});
  Outcome<std::string> export_key(const std::string& domain, const std::string& selector);
  /// A round that finds all that is required, the keys with it.
  void prove(const std::string& domain);
  /// Such a round, and another one after that time.
  void prove_for(const std::string& domain, std::chrono::seconds time);
  /// The old key's last signature has come in, its record is removed, and caches have none of it.
  void let_go_of(const std::string& domain, const std::string& selector);
  /// A round with these results for what is required, and this look at each key.
  [[nodiscard]] Round round(const std::string& domain,
                            policy::CheckResult result,
                            dkim::Seen seen = dkim::Seen::same) const;
  void record(Round round);

  /// A block by hand, until it is released.
  static NewOverride block(const std::string& why) {
    return {policy::StandingState::blocked, std::nullopt, why};
  }
  /// "shop" and "example.com" of the configuration file.
  static config::App configured_app(const std::string& name, std::vector<std::string> domains = {});
  static config::Domain configured_domain(const std::string& name);

  /// All that the catalog says, but what is not kept over a restart.
  [[nodiscard]] std::string told() const;
  /// "app/shop association/shop example.com": what the store holds.
  [[nodiscard]] std::string documents();
  /// "somebody: app add shop (owner operator)", the newest first.
  [[nodiscard]] std::string audit();
  /// Why it was refused: "conflict: …"; "done" where it was not.
  template <class T>
  static std::string told(const Outcome<T>& outcome) {
    return outcome ? "done" : told(outcome.error());
  }
  static std::string told(const Refused& refused);

  asked::TempDir directory;
  dkim::Library library;
  Clock clock;
  std::shared_ptr<const keystore::MasterKey> master_key;
  config::Config settings;
  Caller somebody{Caller::Role::admin, "", "somebody"};
  int changes = 0;    ///< catalogs that were announced
  std::string stood;  ///< "normal > blocked, ": the steps that were announced
  std::unique_ptr<spool::Store> store;
  asio::io_context context{1};
  std::unique_ptr<Registry> registry;
};

std::shared_ptr<const keystore::MasterKey> master_key_of(std::string_view text);

}  // namespace domains::test

/// So that a check that failed says why.
template <class T>
struct doctest::StringMaker<domains::Outcome<T>> {
  static String convert(const domains::Outcome<T>& outcome) {
    return domains::test::Site::told(outcome).c_str();
  }
};
