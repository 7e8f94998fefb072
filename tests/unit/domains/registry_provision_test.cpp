#include "relay/domains/documents.hpp"
#include "tests/unit/dkim/rfc_keys.hpp"
#include "tests/unit/domains/site.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string_view>
#include <vector>

using domains::NewDomain;
using domains::Registry;
using domains::test::Site;

namespace {

namespace fs = std::filesystem;

/// The app shop with example.com, both of the configuration.
struct Provisioned : Site {
  Provisioned() {
    settings.domains = {configured_domain("example.com")};
    settings.apps = {configured_app("shop", {"example.com"})};
  }
  fs::path write_key(const fs::path& name, std::string_view pem) const {
    const fs::path file = directory.path() / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << pem;
    ::chmod(file.c_str(), 0600);
    return file;
  }
  [[nodiscard]] std::string record_of(const std::string& name) const {
    return domain(name)->public_records.at("p1");
  }
  /// Of an app; what its bearer shows.
  std::string add_token(const std::string& app) {
    const auto made =
        run([&] { return registry->add_token(domains::Caller::Role::app, app, somebody); });
    REQUIRE(made);
    return made->secret;
  }
  [[nodiscard]] std::string notice() const {
    return registry->notices().empty() ? "" : registry->notices().front();
  }
};

/// Makes any change, so that the catalog is made anew.
void publish_anew(Site& site, const std::string& app) { REQUIRE(site.add_app(app)); }

}  // namespace

TEST_SUITE_BEGIN("relay/domains/registry configuration");

TEST_CASE("a domain of the configuration gets a key once") {
  Provisioned site;
  REQUIRE(site.open().empty());
  const std::string record = site.record_of("example.com");
  CHECK(record.starts_with("v=DKIM1; k=ed25519; p="));
  CHECK(site.domain("example.com")->provisioned);
  CHECK(site.domain("example.com")->owner == "operator");
  CHECK(site.notice().starts_with("a DKIM key was made for example.com: publish the records"));
  CHECK(site.audit().find("configuration: provision  (a DKIM key for example.com was made)") !=
        std::string::npos);
  const auto associations = site.catalog()->associations;
  REQUIRE(associations.size() == 1);
  CHECK(associations[0].provisioned);
  for (int i = 0; i < 2; ++i) {
    site.reopen();
    CHECK(site.record_of("example.com") == record);
    CHECK(site.catalog()->associations == associations);
    CHECK(site.notice().empty());
  }
  site.reload();
  CHECK(site.record_of("example.com") == record);
  CHECK(site.catalog()->associations == associations);
}

TEST_CASE("what stands in the configuration is changed there") {
  Provisioned site;
  REQUIRE(site.open().empty());
  const std::string before = site.told();
  CHECK(Site::told(site.remove_domain("example.com")) ==
        "read_only: The domain example.com stands in the configuration file: remove it there.");
  CHECK(Site::told(site.add_domain("example.com")).starts_with("conflict: "));
  CHECK(Site::told(site.dissociate("example.com", "shop")).starts_with("read_only: "));
  CHECK(site.told() == before);
}

TEST_CASE("an association that was made by command and stands in the file too is the file's") {
  Provisioned site;
  site.settings.apps.push_back(Site::configured_app("blog"));
  REQUIRE(site.open().empty());
  REQUIRE(site.associate("example.com", "blog"));
  const auto number = site.catalog()->of_app("blog").at(0).number;
  site.settings.apps.back().domains = {"example.com"};
  site.reload();
  CHECK(site.catalog()->of_app("blog").at(0).number == number);
  CHECK(Site::told(site.dissociate("example.com", "blog")).starts_with("read_only: "));
}

TEST_CASE("the key that an earlier version made in clear is taken over") {
  Provisioned site;
  const fs::path file = site.write_key("keys/example.com.p1.pem", dkim::test::rfc8463_key);
  REQUIRE(site.open().empty());
  CHECK(site.record_of("example.com") == dkim::test::rfc8463_record);
  CHECK(site.notice().find(file.string() + " is sealed in the store now") != std::string::npos);
  fs::remove(file);
  site.reopen();
  CHECK(site.record_of("example.com") == dkim::test::rfc8463_record);
  CHECK(site.notice().empty());
}

TEST_CASE("a key file is the domain's only key, and lies in no store") {
  Provisioned site;
  site.settings.domains[0].key_file = site.write_key("own.pem", dkim::test::rfc8463_key);
  REQUIRE(site.open().empty());
  CHECK(site.record_of("example.com") == dkim::test::rfc8463_record);
  CHECK(Site::told(site.rotate("example.com", Registry::Rotation::begin))
            .starts_with("read_only: The domain's key is a file of the configuration"));
  site.prove("example.com");
  site.reopen();
  CHECK(site.domain("example.com")->signer);  // the same key: what was seen of it holds
  site.close();
  CHECK(site.documents().find("key/") == std::string::npos);
}

TEST_CASE(
    "a domain whose key file goes gets a key of its own, which must be seen before it signs") {
  for (const bool by_reload : {true, false}) {
    CAPTURE(by_reload);
    Provisioned site;
    REQUIRE(site.open().empty());  // with one in the store, from before
    site.settings.domains[0].key_file = site.write_key("own.pem", dkim::test::rfc8463_key);
    site.reopen();
    site.prove("example.com");
    REQUIRE(site.domain("example.com")->signer);
    site.settings.domains[0].key_file.clear();
    if (by_reload) {
      site.reload();
    } else {
      site.reopen();
    }
    const std::string record = site.record_of("example.com");
    CHECK(record != dkim::test::rfc8463_record);
    CHECK_FALSE(site.domain("example.com")->signer);
    site.reopen();
    CHECK(site.record_of("example.com") == record);
    CHECK_FALSE(site.domain("example.com")->signer);
  }
}

TEST_CASE("what the configuration asks for and cannot be had is one sentence") {
  struct Row {
    std::string why;
    std::function<void(Provisioned&)> change;
  };
  const std::vector<Row> rows{
      {"The DKIM key file /no/such/file cannot be read (No such file or directory)",
       [](Provisioned& s) { s.settings.domains[0].key_file = "/no/such/file"; }},
      {"cannot be used: ",
       [](Provisioned& s) { s.settings.domains[0].key_file = s.write_key("k.pem", "no key"); }},
      {"The domain example.com has no key_file, and with data_dir_durable: false none is made",
       [](Provisioned& s) { s.settings.data_dir_durable = false; }},
      {"The domain example.com is verified by DNS, whose challenge follows from the master key",
       [](Provisioned& s) { s.master_key = nullptr; }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    Provisioned site;
    row.change(site);
    CHECK(site.open().find(row.why) != std::string::npos);
  }
}

TEST_CASE("without a lasting directory a key file and a trusted domain are enough") {
  Provisioned site;
  site.settings.data_dir_durable = false;
  site.master_key = nullptr;
  site.settings.domains[0].trusted = true;
  site.settings.domains[0].key_file = site.write_key("own.pem", dkim::test::rfc8463_key);
  REQUIRE(site.open().empty());
  const auto domain = site.domain("example.com");
  CHECK(domain->state.status == policy::DomainStatus::verified);
  CHECK(domain->trouble.empty());
  CHECK(domain->signer);
  CHECK(domain->challenge.empty());
  site.record(domains::Round{.domain = "example.com"});  // nothing is asked of it
  CHECK_FALSE(site.domain("example.com")->state.last_round);
  CHECK(Site::told(site.add_domain("example.net")) ==
        "invalid: There is no master key to seal it with: give `master_key_file`.");
}

TEST_CASE("a configuration that was prepared and not taken over changes nothing to be seen") {
  Provisioned site;
  site.settings.apps.push_back(Site::configured_app("blog"));
  site.settings.domains.push_back(Site::configured_domain("example.net"));
  site.settings.domains.back().signing = policy::SigningMode::ses;
  REQUIRE(site.open().empty());
  site.prove("example.com");
  site.prove("example.net");
  publish_anew(site, "first");
  const std::string before = site.told();
  const auto domains_and_associations = [&] {
    std::string text = site.told();
    for (const char* added : {"second", "third"})
      if (const auto at = text.find(std::string(added) + " {"); at != std::string::npos)
        text.erase(at, text.find('\n', at) + 1 - at);
    return text;
  };
  config::Config next = site.settings;
  next.apps.erase(next.apps.begin());                     // shop goes,
  next.apps[0].domains = {"example.com", "example.org"};  // blog serves its domain and a new one,
  next.domains.push_back(Site::configured_domain("example.org"));
  next.domains[0].key_file = site.write_key("own.pem", dkim::test::rfc8463_key);  // other keys
  next.domains[1].signing = policy::SigningMode::local;
  REQUIRE(site.prepare(next).has_value());
  CHECK(site.told() == before);
  publish_anew(site, "second");
  site.prove("example.com");
  site.prove("example.net");
  CHECK(domains_and_associations().find("example.org") == std::string::npos);
  CHECK(site.catalog()->of_app("blog").empty());
  CHECK(site.catalog()->of_app("shop").size() == 1);
  CHECK(site.record_of("example.com") != dkim::test::rfc8463_record);
  CHECK(site.domain("example.com")->signer->key().public_record() == site.record_of("example.com"));
  CHECK(site.domain("example.net")->state.status == policy::DomainStatus::verified);
  REQUIRE(site.rotate("example.com", Registry::Rotation::begin));  // no key file rules it
  REQUIRE(site.rotate("example.com", Registry::Rotation::abandon));
  // And it can still be taken over, by another try or by a restart with it.
  site.settings = next;
  SUBCASE("by another try") { site.reload(); }
  SUBCASE("by a restart") { site.reopen(); }
  CHECK(site.catalog()->of_app("blog").size() == 2);
  CHECK_FALSE(site.app("shop"));
  CHECK(site.record_of("example.com") == dkim::test::rfc8463_record);
  CHECK(site.domain("example.org")->public_records.contains("p1"));
  CHECK(site.domain("example.net")->public_records.contains("p1"));
}

TEST_CASE("a right that the configuration drops is gone, and another one when it comes back") {
  Provisioned site;
  REQUIRE(site.open().empty());
  const auto before = site.settings;
  const auto number = [&] { return site.catalog()->of_app("shop").at(0).number; };
  std::set<std::uint64_t> numbers{number()};
  for (const bool by_reload : {true, false}) {
    for (const bool whole_app : {true, false}) {
      CAPTURE(by_reload);
      CAPTURE(whole_app);
      const auto take = [&] { by_reload ? site.reload() : site.reopen(); };
      if (whole_app) {
        site.settings.apps.clear();
      } else {
        site.settings.apps[0].domains.clear();
      }
      take();
      CHECK(site.catalog()->associations.empty());
      CHECK((site.app("shop") == nullptr) == whole_app);
      site.settings = before;
      take();
      CHECK(numbers.insert(number()).second);
    }
  }
}

TEST_CASE("what was associated by command stays when the configuration changes") {
  Provisioned site;
  REQUIRE(site.open().empty());
  REQUIRE(site.add_domain("example.net", "shop"));
  site.settings.apps[0].domains.clear();
  site.reload();
  const auto serves = site.catalog()->of_app("shop");
  REQUIRE(serves.size() == 1);
  CHECK(serves[0].domain == "example.net");
  CHECK_FALSE(serves[0].provisioned);
}

TEST_CASE("an app that changes hands leaves the domains of its former owner behind") {
  Provisioned site;
  REQUIRE(site.open().empty());
  REQUIRE(site.add_domain("example.net", "shop"));
  site.settings.apps[0].owner = "other";
  site.reload();
  const auto serves = site.catalog()->of_app("shop");
  REQUIRE(serves.size() == 1);
  CHECK(serves[0].domain == "example.com");  // which the file gives it
  CHECK(site.domain("example.com")->owner == "other");
}

TEST_CASE("an app and a domain of the configuration stand before those of the same name") {
  Provisioned site;
  const auto configured = site.settings;
  site.settings.apps.clear();
  site.settings.domains.clear();
  REQUIRE(site.open().empty());
  REQUIRE(site.add_app("shop", "other"));
  REQUIRE(site.add_domain("example.com", "shop"));
  const std::string record = site.record_of("example.com");
  site.settings = configured;
  site.reload();
  CHECK(site.app("shop")->provisioned);
  CHECK(site.app("shop")->owner == "operator");
  CHECK(site.domain("example.com")->owner == "operator");
  CHECK(site.record_of("example.com") == record);
  site.settings.apps.clear();
  site.settings.domains.clear();
  site.reload();
  CHECK_FALSE(site.app("shop")->provisioned);
  CHECK(site.app("shop")->owner == "other");
}

TEST_CASE("a configuration of more associations than one write takes is taken over") {
  Site site;
  constexpr int apps = 1200;
  site.settings.domains = {Site::configured_domain("example.com")};
  for (int i = 0; i < apps; ++i) {
    site.settings.apps.push_back(Site::configured_app("app" + std::to_string(i), {"example.com"}));
    site.settings.apps.back().password = {};
  }
  REQUIRE(site.open() == "");
  std::set<std::uint64_t> numbers;
  for (const auto& one : site.catalog()->associations) numbers.insert(one.number);
  CHECK(numbers.size() == apps);
  site.settings.apps.clear();
  site.reload();
  CHECK(site.catalog()->associations.empty());
  site.close();
  CHECK(site.documents().find("association/") == std::string::npos);
}

TEST_CASE("another selector in the file begins a rotation, once") {
  Provisioned site;
  REQUIRE(site.open().empty());
  site.prove("example.com");
  REQUIRE(site.domain("example.com")->signer->selector() == "p1");
  site.settings.domains[0].selector = "s2026";
  for (const bool by_reload : {true, true, false}) {
    CAPTURE(by_reload);
    by_reload ? site.reload() : site.reopen();
    const auto domain = site.domain("example.com");
    REQUIRE(domain->ring.size() == 2);
    CHECK(domain->ring[1].selector == "s2026");
    CHECK(domain->public_records.contains("s2026"));
    CHECK(domain->signer->selector() == "p1");
  }
  site.settings.domains[0].selector = "p1";
  site.reload();  // it has one of that name: nothing to make
  site.settings.domains[0].selector = "s2026";
  site.reload();
  CHECK(site.domain("example.com")->ring.size() == 2);
  site.prove("example.com");
  site.clock.pass(std::chrono::hours(1));
  site.prove("example.com");
  CHECK(site.domain("example.com")->signer->selector() == "s2026");
}

TEST_CASE("the new key of another selector is told of, and one that cannot be made yet as well") {
  Provisioned site;
  REQUIRE(site.open().empty());
  site.prove("example.com");
  REQUIRE(site.rotate("example.com", Registry::Rotation::begin));
  site.settings.domains[0].selector = "s2026";
  site.reload();
  CHECK(site.notice() ==
        "example.com keeps its DKIM keys and does not get the selector s2026 yet: The DKIM key p2 "
        "is on its way into use: wait until it signs, or abandon it. Then reload.");
  CHECK(site.domain("example.com")->ring.size() == 2);
  REQUIRE(site.rotate("example.com", Registry::Rotation::abandon));
  site.reload();
  CHECK(site.notice() ==
        "a DKIM key with the selector s2026 was made for example.com: publish its record, which "
        "`postern domain records example.com` prints, beside the present one; it signs once every "
        "server has shown it");
  CHECK(site.domain("example.com")->public_records.contains("s2026"));
}

TEST_CASE("a rotation by command is no change of the file's selector") {
  Provisioned site;
  REQUIRE(site.open().empty());
  site.prove("example.com");
  REQUIRE(site.rotate("example.com", Registry::Rotation::begin));
  site.prove_for("example.com", std::chrono::hours(1));
  site.let_go_of("example.com", "p1");
  site.reload();
  site.reopen();
  REQUIRE(site.domain("example.com")->ring.size() == 1);
  CHECK(site.domain("example.com")->signer->selector() == "p2");
}

TEST_CASE("what an earlier version kept says nothing of a change of the selector") {
  Provisioned site;
  REQUIRE(site.open().empty());
  site.prove("example.com");
  site.close();
  domains::Learned learned;
  {
    const auto kept = asked::open(asked::options_in(site.directory.path()), site.clock.now());
    for (const spool::Document& one : kept.recovery.documents)
      if (one.kind == "verification") learned = domains::read_learned(one.body).value();
    kept.store->close();
  }
  learned.selector.clear();
  site.keep({{"verification", "example.com", domains::to_json(learned), {}}});
  site.settings.domains[0].selector = "s2026";
  REQUIRE(site.open().empty());
  CHECK(site.domain("example.com")->ring.size() == 1);
  site.settings.domains[0].selector = "s2027";
  site.reload();
  CHECK(site.domain("example.com")->ring.size() == 2);
}

TEST_CASE("an app that names an upstream which is gone goes as others, and that is told") {
  Provisioned site;
  site.settings.upstreams = {{.name = "first"}, {.name = "second"}};
  REQUIRE(site.open().empty());
  domains::NewApp app;
  app.name = "blog";
  app.upstream = "second";
  REQUIRE(site.run([&] { return site.registry->add_app(app, site.somebody); }));
  site.reopen();
  CHECK(site.notice().empty());
  site.settings.upstreams.pop_back();
  site.reopen();
  CHECK(site.notice() ==
        "the app blog names the upstream second, which the configuration does not have: its mail "
        "goes as that of an app that names none");
}

TEST_CASE("what an app was given by command goes with it, and its block stays with the name") {
  for (const bool by_reload : {true, false}) {
    CAPTURE(by_reload);
    Provisioned site;
    REQUIRE(site.open().empty());
    const auto before = site.settings;
    REQUIRE(site.add_domain("example.net", "shop"));
    const auto number = site.catalog()->of_app("shop").at(1).number;
    const auto token = site.add_token("shop");
    REQUIRE(site.run([&] {
      return site.registry->override_app("shop", Site::block("spam"), site.somebody, {});
    }));
    const auto take = [&] { by_reload ? site.reload() : site.reopen(); };
    site.settings.apps.clear();
    take();
    CHECK_FALSE(site.registry->authenticate(token));
    CHECK(site.registry->tokens().empty());
    CHECK(
        site.notice().starts_with("2 of the tokens and associations that were made by command "
                                  "for the app shop are removed"));
    CHECK(asked::becomes([&] {
      return site.audit().find("configuration: provision shop (2 of the tokens") !=
             std::string::npos;
    }));
    site.settings = before;
    take();
    CHECK(site.catalog()->of_app("shop").size() == 1);
    CHECK_FALSE(site.registry->authenticate(token));
    CHECK(site.app("shop")->standing.why() == "spam");
    REQUIRE(site.associate("example.net", "shop"));
    CHECK(site.catalog()->of_app("shop").at(1).number > number);
    site.close();
    CHECK(site.documents().find("token/") == std::string::npos);
  }
}

TEST_CASE("an app of the same name and another owner has none of the former one's rights") {
  Provisioned site;
  REQUIRE(site.open().empty());
  REQUIRE(site.add_domain("example.net", "shop"));
  const auto token = site.add_token("shop");
  SUBCASE("where the file gives the app to another owner") {
    site.settings.apps[0].owner = "other";
    site.reload();
  }
  SUBCASE("where it is made anew by command") {
    site.settings.apps.clear();
    site.reload();
    REQUIRE(site.add_app("shop", "other"));
  }
  CHECK_FALSE(site.registry->authenticate(token));
  for (const auto& one : site.catalog()->of_app("shop")) CHECK(one.domain != "example.net");
}

TEST_CASE(
    "what a managed app has is not the file's that comes in its place, and not the other way") {
  Provisioned site;
  const auto configured = site.settings;
  site.settings.apps.clear();
  site.settings.domains.clear();
  REQUIRE(site.open().empty());
  REQUIRE(site.add_app("shop", "other"));
  REQUIRE(site.add_domain("example.com", "shop"));
  const auto theirs = site.add_token("shop");
  const auto number = site.catalog()->of_app("shop").at(0).number;
  site.settings = configured;
  site.reload();
  CHECK_FALSE(site.registry->authenticate(theirs));
  CHECK(site.catalog()->of_app("shop").at(0).number > number);
  const auto ours = site.add_token("shop");
  site.reopen();
  CHECK(site.registry->authenticate(ours));
  site.settings.apps.clear();
  site.settings.domains.clear();
  site.reload();
  REQUIRE(site.app("shop")->owner == "other");
  CHECK_FALSE(site.registry->authenticate(ours));
  CHECK(site.catalog()->of_app("shop").empty());
}

TEST_CASE("a token that an earlier version made keeps its app") {
  Provisioned site;
  domains::TokenDocument made;
  made.token.role = domains::Caller::Role::app;
  made.token.app = "shop";
  site.keep({{"token", "12345678", domains::to_json(made), 0}});
  REQUIRE(site.open().empty());
  CHECK(site.registry->tokens().size() == 1);
  site.settings.apps.clear();
  site.reload();
  CHECK(site.registry->tokens().empty());
}

TEST_CASE("a domain that the file drops takes the rights to it along, and finds its key again") {
  Provisioned site;
  REQUIRE(site.open().empty());
  const auto before = site.settings;
  const std::string record = site.record_of("example.com");
  site.prove("example.com");
  REQUIRE(site.add_app("blog"));
  REQUIRE(site.associate("example.com", "blog"));
  site.settings.domains.clear();
  site.settings.apps[0].domains.clear();
  site.reload();
  CHECK(site.catalog()->associations.empty());
  site.settings = before;
  site.reload();
  CHECK(site.catalog()->of_app("blog").empty());
  CHECK(site.record_of("example.com") == record);
  CHECK(site.domain("example.com")->signer);
}

TEST_CASE("of names that are gone no more is kept than there may be in use") {
  Site site;
  std::vector<spool::DocumentWrite> kept;
  for (std::size_t i = 0; i <= domains::max_apps; ++i)
    kept.push_back({"standing", "s" + std::to_string(i), R"({"blocked":true,"why":"spam"})", 0});
  for (std::size_t i = 0; i <= domains::max_domains; ++i)
    kept.push_back({"verification", "d" + std::to_string(i) + ".example", "{}", 0});
  site.keep(std::move(kept));
  site.settings.apps = {Site::configured_app("s7")};
  REQUIRE(site.open().empty());
  CHECK(site.app("s7")->standing.why() == "spam");
  site.close();
  CHECK(site.documents() == "registry/, standing/s7");
}

TEST_CASE("a configuration that has no room beside what is managed is refused") {
  Site site;
  std::vector<spool::DocumentWrite> kept;
  domains::AppDocument app;
  app.app.owner = "operator";
  for (std::size_t i = 1; i < domains::max_apps; ++i)
    kept.push_back({"app", "a" + std::to_string(i), domains::to_json(app), 0});
  site.keep(std::move(kept));
  site.settings.apps = {Site::configured_app("b1")};
  REQUIRE(site.open().empty());
  CHECK(Site::told(site.add_app("b2")) == "invalid: There are 2000 apps, which is the most.");
  site.settings.apps.push_back(Site::configured_app("b2"));
  const auto apps = site.prepare(site.settings);
  REQUIRE_FALSE(apps.has_value());
  CHECK(apps.error().sentence() ==
        "With the 2 apps of the configuration and those made by command there are more than 2000, "
        "which is the most: remove some.");
  site.settings.apps.pop_back();
  for (std::size_t i = 0; i <= domains::max_associations_of_app; ++i) {
    site.settings.domains.push_back(Site::configured_domain("d" + std::to_string(i) + ".example"));
    site.settings.domains.back().signing = policy::SigningMode::ses;
    site.settings.apps[0].domains.push_back(site.settings.domains.back().name);
  }
  const auto rights = site.prepare(site.settings);
  REQUIRE_FALSE(rights.has_value());
  CHECK(rights.error().sentence().starts_with("With the 501 domains of b1 of the configuration"));
  site.settings.apps[0].domains.pop_back();
  CHECK(site.prepare(site.settings).has_value());
}

TEST_CASE("a configuration that the store does not take is refused in one sentence") {
  Provisioned site;
  REQUIRE(site.open().empty());
  const std::string before = site.told();
  site.settings.domains.push_back(Site::configured_domain("example.net"));
  site.store->close();
  const auto prepared = site.prepare(site.settings);
  REQUIRE_FALSE(prepared.has_value());
  CHECK(prepared.error().sentence() ==
        "The store did not take what the configuration needs: look at its disk.");
  CHECK(site.told() == before);
}
