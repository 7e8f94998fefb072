#include "relay/cli/domain_commands.hpp"

#include "api_fixture.hpp"
#include "command_fixture.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include <fstream>
#include <string>

namespace json = boost::json;

namespace {

struct Fixture : ApiFixture {
  Ran run(std::vector<std::string> arguments) { return run_at(socket, std::move(arguments)); }
  json::value shown(const std::string& domain) {
    return json::parse(run({"domain", "show", domain, "--json"}).out);
  }
};

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_SUITE("relay/cli/domain_commands") {
  TEST_CASE_FIXTURE(Fixture, "domain add prints the records to publish, and what to do then") {
    const Ran ran =
        run({"domain", "add", "example.com", "--app", "files", "--algorithm", "ed25519"});
    CHECK(ran.exit_code == 0);
    CHECK(lines_of(ran.out).at(0) == "Domain example.com is added. Publish these records:");
    CHECK(ran.out.find("_postern-challenge.example.com") != std::string::npos);
    CHECK(ran.out.find("p1._domainkey.example.com") != std::string::npos);
    CHECK(lines_of(ran.out).back() ==
          "Then `postern domain verify example.com` looks whether they are there.");
  }

  TEST_CASE_FIXTURE(Fixture, "every setting of domain add reaches the relay") {
    const std::filesystem::path file = folder / "key.pem";
    std::ofstream(file) << dkim::generate_key(dkim::Algorithm::ed25519_sha256).value().pem();
    const Ran ran = run({"domain",
                         "add",
                         "example.com",
                         "--owner",
                         "acme",
                         "--subdomains",
                         "--selector",
                         "k7",
                         "--mail-from",
                         "bounce.example.com",
                         "--key-file",
                         file.string(),
                         "--allow-weak",
                         "--json"});
    REQUIRE(ran.exit_code == 0);
    CHECK(ran.out.find("PRIVATE KEY") == std::string::npos);
    const json::value made = json::parse(ran.out);
    CHECK(made.at("owner").as_string() == "acme");
    CHECK(made.at("subdomains").as_bool());
    CHECK(made.at("mail_from").as_string() == "bounce.example.com");
    CHECK(made.at("keys").at(0).at("selector").as_string() == "k7");
    const Ran ses = run({"domain", "add", "example.net", "--signing", "ses", "--json"});
    CHECK(json::parse(ses.out).at("signing").as_string() == "ses");
  }

  TEST_CASE_FIXTURE(Fixture, "a file that is no key is refused without a word of it") {
    const std::filesystem::path file = folder / "key.pem";
    std::ofstream(file) << "the secret of another program";
    for (const std::string& path :
         {file.string(), (folder / "absent").string(), std::string("/")}) {
      CAPTURE(path);
      const Ran ran = run({"domain", "add", "example.com", "--key-file", path});
      CHECK(ran.exit_code == 1);
      CHECK(ran.out.empty());
      CHECK(ran.err.find("secret") == std::string::npos);
      CHECK(lines_of(ran.err).size() == 1);
    }
    CHECK(run({"domain", "add", "example.com", "--allow-weak"}).exit_code == 2);
  }

  TEST_CASE_FIXTURE(Fixture, "an internationalised name is shown in both forms") {
    REQUIRE(run({"domain", "add", "b\u00fccher.example", "--app", "files"}).exit_code == 0);
    const std::string both = "xn--bcher-kva.example (b\u00fccher.example)";
    CHECK(run({"domain", "list"}).out.find(both) != std::string::npos);
    CHECK(
        run({"domain", "show", "b\u00fccher.example"}).out.starts_with(both + "  pending  since "));
  }

  TEST_CASE_FIXTURE(Fixture, "domain list is a table, or one object a line") {
    add_domain("example.com", "files");
    rounds["example.com"] = good_round("example.com");
    rounds["example.com"].examination.results[static_cast<std::size_t>(policy::DomainCheck::dkim)] =
        policy::CheckResult::bad;
    REQUIRE(told("domains/example.com/verify").status == 200);
    const std::vector<std::string> lines = lines_of(run({"domain", "list"}).out);
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].starts_with("NAME         STATUS    SINCE (UTC)"));
    CHECK(lines[1].starts_with("example.com  pending   20"));
    CHECK(lines[1].ends_with("  local    managed  files  dkim"));
    CHECK(lines[2].starts_with("example.org  verified  "));
    CHECK(lines_of(run({"domain", "list", "--json"}).out).size() == 2);
    CHECK(lines_of(run({"domain", "list", "--app", "files"}).out).size() == 3);
    add_app("shop");
    CHECK(run({"domain", "list", "--app", "shop"}).out ==
          "There is no such domain yet: `postern domain add NAME` makes one.\n");
    CHECK(run({"domain", "list", "--app", "absent"}).exit_code == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "domain records are printed as people paste them") {
    add_domain("example.com", "files");
    CHECK(run({"domain", "records", "example.com"}).out ==
          get_of("domains/example.com/records?format=table").text);
    for (const std::string format : {"table", "zone", "terraform"}) {
      CAPTURE(format);
      CHECK(run({"domain", "records", "example.com", "--format", format}).out ==
            get_of("domains/example.com/records?format=" + format).text);
    }
    const json::value records = get_of("domains/example.com/records").body;
    CHECK(json::parse(run({"domain", "records", "example.com", "--format", "json"}).out) ==
          records);
    CHECK(json::parse(run({"domain", "records", "example.com", "--json"}).out) == records);
    CHECK(run({"domain", "records", "example.com", "--format", "yaml"}).exit_code == 2);
    const Ran absent = run({"domain", "records", "absent.example"});
    CHECK(absent.exit_code == 1);
    CHECK(lines_of(absent.err).size() == 1);
  }

  TEST_CASE_FIXTURE(Fixture,
                    "domain verify says what is wrong beside what is expected, and exits 1") {
    add_domain("example.com", "files");
    domains::Round& round = rounds["example.com"] = good_round("example.com");
    policy::CheckResult& dkim =
        round.examination.results[static_cast<std::size_t>(policy::DomainCheck::dkim)];
    dkim = policy::CheckResult::bad;
    policy::Diagnosis diagnosis;
    diagnosis.check = policy::DomainCheck::dkim;
    diagnosis.name = "p1._domainkey.example.com";
    diagnosis.expected = "v=DKIM1; p=AB";
    diagnosis.edit = "Publish it.";
    round.examination.diagnoses = {diagnosis};
    const Ran bad = run({"domain", "verify", "example.com"});
    CHECK(bad.exit_code == 1);
    CHECK(bad.err.empty());
    CHECK(bad.out.find("\n  ownership   good    required  seen 20") != std::string::npos);
    CHECK(bad.out.find("\n  dkim        bad     required  seen 20") != std::string::npos);
    CHECK(bad.out.find("\n  dmarc       good    advised   seen 20") != std::string::npos);
    CHECK(has_line(bad.out, "    at          p1._domainkey.example.com"));
    CHECK(has_line(bad.out, "    expected    v=DKIM1; p=AB"));
    CHECK(has_line(bad.out, "    found       nothing"));
    CHECK(has_line(bad.out, "    edit        Publish it."));
    CHECK(run({"domain", "verify", "example.com", "--json"}).exit_code == 1);
    dkim = policy::CheckResult::good;
    round.examination.diagnoses.clear();
    const Ran good = run({"domain", "verify", "example.com"});
    CHECK(good.exit_code == 0);
    CHECK(good.out.starts_with("example.com  verified  since "));
    round.examination.results.fill(policy::CheckResult::silent);
    const Ran stale = run({"domain", "verify", "example.com"});
    CHECK(stale.exit_code == 0);
    CHECK(stale.out.find("  no answer since 20") != std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "a pending domain about which DNS says nothing is no success") {
    add_domain("example.com", "files");
    rounds["example.com"] = good_round("example.com");
    rounds["example.com"].examination.results.fill(policy::CheckResult::silent);
    CHECK(run({"domain", "verify", "example.com"}).exit_code == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "what foreign zones say does nothing to the terminal") {
    add_domain("example.com", "files");
    domains::Round& round = rounds["example.com"] = good_round("example.com");
    policy::Diagnosis diagnosis;
    diagnosis.found = "\x1b[2J";
    round.examination.diagnoses = {diagnosis};
    const Ran ran = run({"domain", "verify", "example.com"});
    CHECK(ran.out.find('\x1b') == std::string::npos);
    CHECK(ran.out.find("\\x1b[2J") != std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "domain show has set-up, keys and DMARC") {
    add_domain("example.com", "files");
    rounds["example.com"] = good_round("example.com");
    policy::DmarcRecord record;
    record.policy = policy::DmarcPolicy::quarantine;
    rounds["example.com"].dmarc["example.com"] = {.known = true, .record = record};
    rounds["example.com"].dmarc["www.example.com"] = {.known = false};
    REQUIRE(told("domains/example.com/verify").status == 200);
    const std::string out = run({"domain", "show", "example.com"}).out;
    CHECK(has_line(out, "  owner         operator"));
    CHECK(has_line(out, "  algorithm     ed25519"));
    CHECK(has_line(out, "  sub-domains   not covered"));
    CHECK(has_line(out, "  apps          files"));
    CHECK(out.find("\n  key           p1  fresh  not confirmed by DNS  since 20") !=
          std::string::npos);
    CHECK(has_line(out, "  DMARC         example.com  p=quarantine, aligned by DKIM"));
    CHECK(has_line(out, "  DMARC         www.example.com  DNS has not said what applies"));
  }

  TEST_CASE_FIXTURE(Fixture, "apps are associated and dissociated") {
    add_app("shop");
    CHECK(run({"domain", "associate", "example.org", "--app", "shop"}).out ==
          "App shop may send as example.org.\n");
    CHECK(shown("example.org").at("associations").as_array().size() == 2);
    CHECK(run({"domain", "dissociate", "example.org", "--app", "shop"}).out ==
          "App shop may no longer send as example.org.\n");
    CHECK(shown("example.org").at("associations").as_array().size() == 1);
    CHECK(run({"domain", "associate", "example.org"}).exit_code == 2);
  }

  TEST_CASE_FIXTURE(Fixture, "domain rotate-key prints the next record; it can be given up") {
    add_domain("example.com", "files");
    rounds["example.com"] = round_with_key("example.com");
    REQUIRE(told("domains/example.com/verify").status == 200);
    const Ran begun = run({"domain", "rotate-key", "example.com"});
    CHECK(begun.exit_code == 0);
    CHECK(begun.out.find("p2._domainkey.example.com") != std::string::npos);
    const Ran abandoned = run({"domain", "rotate-key", "example.com", "--abandon"});
    CHECK(abandoned.out == "The next key is given up; the present one goes on signing.\n");
    CHECK(shown("example.com").at("keys").as_array().size() == 1);
    CHECK(run({"domain", "rotate-key", "example.com", "--removed"}).exit_code == 1);
    for (const char* other : {"--abandon", "--published"})
      CHECK(run({"domain", "rotate-key", "example.com", "--removed", other}).exit_code == 2);
  }

  TEST_CASE_FIXTURE(Fixture, "rotate-key --published lets a trusted domain's next key sign") {
    REQUIRE(run({"domain", "rotate-key", "example.org"}).exit_code == 0);
    CHECK(run({"domain", "rotate-key", "example.org", "--published"}).out ==
          "The next key signs from now on; leave the old record for a week.\n");
    CHECK(shown("example.org").at("signs").as_string() == "p2");
  }

  TEST_CASE_FIXTURE(Fixture, "export-key prints the key alone") {
    const std::string pem = dkim::generate_key(dkim::Algorithm::ed25519_sha256).value().pem();
    std::ofstream(folder / "key.pem") << pem;
    REQUIRE(run({"domain", "add", "example.com", "--key-file", (folder / "key.pem").string()})
                .exit_code == 0);
    CHECK(run({"domain", "export-key", "example.com", "--selector", "p1"}).out == pem);
    CHECK(
        json::parse(run({"domain", "export-key", "example.com", "--selector", "p1", "--json"}).out)
            .at("pem")
            .as_string() == pem);
    CHECK(run({"domain", "export-key", "example.com", "--selector", "p9"}).exit_code == 1);
    CHECK(run({"domain", "export-key", "example.com"}).exit_code == 2);
  }

  TEST_CASE_FIXTURE(Fixture, "domain remove says that the records may go") {
    add_domain("example.com", "files");
    CHECK(run({"domain", "remove", "example.com"}).out ==
          "Domain example.com is removed: its records may go.\n");
    const Ran again = run({"domain", "remove", "example.com"});
    CHECK(again.exit_code == 1);
    CHECK(lines_of(again.err).size() == 1);
  }
}
