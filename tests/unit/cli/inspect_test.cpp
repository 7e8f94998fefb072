#include "relay/cli/inspect.hpp"
#include "tests/unit/cli/command_line.hpp"
#include "tests/unit/config/folder.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <optional>

using test::run;
namespace json = boost::json;

namespace {

const std::string plain =
    "From: Shop <shop@example.com>\r\nTo: a@example.net\r\nSubject: Hello\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\nHello.\r\n";

const std::string with_attachment =
    "From: shop@example.com\r\nTo: a@example.net\r\nSubject: File\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee "
    "file.\r\n"
    "--b\r\nContent-Type: application/pdf; name=\"a\xff\x1b[31m.pdf\"\r\n"
    "Content-Disposition: attachment\r\n\r\n%PDF-1.4\r\n--b--\r\n";

const std::string of_shop =
    "listen: { smtp: [{ address: 127.0.0.1:2525, app: shop }] }\n"
    "upstream: { kind: capture, directory: out }\n"
    "domains: [{ name: example.com, verify: trusted }]\n"
    "apps: [{ name: shop, domains: [example.com], limits: { message_size: 1KiB } }]\n"
    "policy: { line_ends: normalise }\n";

json::object inspect_json(std::vector<std::string> options, const std::string& message) {
  options.insert(options.begin(), {"inspect", "--json"});
  options.push_back("-");
  const auto outcome = run(options, message);
  CHECK(outcome.exit_code == 0);
  REQUIRE(std::ranges::count(outcome.out, '\n') == 1);
  return json::parse(outcome.out).as_object();
}

std::string reason_of(const json::object& object) {
  return object.at("reason").is_null() ? "accept" : std::string(object.at("reason").as_string());
}

/// The verdict in the words of a manifest of the corpus.
std::string verdict_word(const std::string& reason) {
  if (reason == "from-domain" || reason == "sender-domain") return "sender";
  if (reason == "loop") return "malformed";
  return reason;
}

struct Case {
  std::string file, mail_from, verdict;
};

/// The rows of a manifest; `mail_from` is empty where it has no such column.
std::vector<Case> manifest(const std::filesystem::path& folder,
                           std::size_t mail_from,
                           std::size_t verdict) {
  std::vector<Case> cases;
  std::ifstream stream(folder / "manifest.tsv");
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with('#')) continue;
    std::vector<std::string> columns;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, '\t');) columns.push_back(cell);
    REQUIRE(columns.size() > std::max(mail_from, verdict));
    cases.push_back({columns[0], mail_from == 0 ? "" : columns[mail_from], columns[verdict]});
  }
  return cases;
}

void check_corpus(const std::string& name,
                  std::size_t mail_from,
                  std::size_t verdict,
                  std::size_t least) {
  const std::filesystem::path folder = std::filesystem::path(CORPUS_FOLDER) / name;
  const auto cases = manifest(folder, mail_from, verdict);
  CHECK(cases.size() >= least);
  for (const Case& expected : cases) {
    CAPTURE(expected.file);
    std::vector<std::string> options{"--domain", "example.com"};
    if (!expected.mail_from.empty())
      options.insert(options.end(), {"--mail-from", expected.mail_from});
    const json::object object = inspect_json(options, test::read_all(folder / expected.file));
    CHECK(verdict_word(reason_of(object)) == expected.verdict);
  }
}

}  // namespace

TEST_SUITE("relay/cli/inspect") {
  TEST_CASE("an accepted message has no reason and no reply, and its parts are listed") {
    const json::object object = inspect_json({"--domain", "example.com"}, plain);
    CHECK(object.at("file") == "-");
    CHECK(object.at("verdict") == "accept");
    CHECK(object.at("reason").is_null());
    CHECK(object.at("reply").is_null());
    CHECK(object.at("evidence") == "");
    REQUIRE(object.at("parts").as_array().size() == 1);
    const json::object& part = object.at("parts").as_array()[0].as_object();
    CHECK(part.at("type") == "text/plain");
    CHECK(part.at("role") == "body");
    CHECK(part.at("name") == "");
    CHECK(part.at("size").is_number());
    CHECK(part.contains("path"));
  }

  TEST_CASE("a refused message has the reply that a session would give") {
    const json::object object = inspect_json({"--domain", "example.com"}, with_attachment);
    CHECK(object.at("verdict") == "refuse");
    CHECK(object.at("reason") == "attachment");
    const std::string reply(object.at("reply").as_string());
    CHECK(reply.starts_with("550 5.6.1 Not sent: "));
    CHECK(reply.ends_with(" [attachment]"));
  }

  TEST_CASE("what a message contains reaches neither terminal nor JSON raw") {
    const auto table = run({"inspect", "--domain", "example.com", "-"}, with_attachment);
    CHECK(table.exit_code == 0);
    CHECK(table.out.find('\x1b') == std::string::npos);
    CHECK(table.out.find('\xff') == std::string::npos);
    const auto line = run({"inspect", "--json", "--domain", "example.com", "-"}, with_attachment);
    CHECK(line.out.find('\x1b') == std::string::npos);
    CHECK(line.out.find('\xff') == std::string::npos);
  }

  TEST_CASE("each side of the envelope is judged only when it is given") {
    struct Row {
      std::vector<std::string> options;
      std::string reason;
    };
    static const Row rows[] = {
        {{"--domain", "example.com"}, "accept"},
        {{"--domain", "example.org"}, "from-domain"},
        {{"--domain", "example.org", "--domain", "example.com"}, "accept"},
        {{"--domain", "example.org,example.com"}, "accept"},
        {{"--domain", "example.com", "--mail-from", "shop@example.com"}, "accept"},
        {{"--domain", "example.com", "--mail-from", "<shop@example.com>"}, "accept"},
        {{"--domain", "example.com", "--mail-from", "shop@example.org"}, "sender-domain"},
        {{"--domain", "example.com", "--mail-from", "<>"}, "sender-domain"},
        {{"--domain", "example.com", "--rcpt", "a@example.net", "--rcpt", "<b@example.net>"},
         "accept"},
        {{"--domain", "example.com", "--rcpt", "a@example.net", "--rcpt", "nobody"}, "recipient"},
        {{}, "accept"},
        {{"--mail-from", "any@example.org"}, "accept"},
        {{"--mail-from", "<>"}, "sender-domain"},
    };
    for (const Row& row : rows) {
      CAPTURE(json::serialize(json::value_from(row.options)));
      CHECK(reason_of(inspect_json(row.options, plain)) == row.reason);
    }
  }

  TEST_CASE("more than 50 recipients are bulk, 50 are not") {
    std::vector<std::string> options{"--domain", "example.com"};
    for (int i = 0; i < 50; ++i)
      options.insert(options.end(), {"--rcpt", "r" + std::to_string(i) + "@example.net"});
    CHECK(reason_of(inspect_json(options, plain)) == "accept");
    options.insert(options.end(), {"--rcpt", "one.more@example.net"});
    CHECK(reason_of(inspect_json(options, plain)) == "bulk");
  }

  TEST_CASE("a file without any CRLF is read with LF as line end, one with some is not") {
    std::string unix_text = plain;
    std::erase(unix_text, '\r');
    CHECK(cli::message_of_file(unix_text) == plain);
    CHECK(cli::message_of_file("a\r\nb\nc") == "a\r\nb\nc");
    CHECK(cli::message_of_file("").empty());
    CHECK(reason_of(inspect_json({"--domain", "example.com"}, unix_text)) == "accept");
    CHECK(reason_of(inspect_json({"--domain", "example.com"}, plain + "bare\n")) == "malformed");
  }

  TEST_CASE("an app's own rules and domains judge with --app") {
    const test::Folder folder;
    const auto file = folder.write("postern.yml", of_shop);
    const std::vector<std::string> options{"--config", file.string(), "--app", "shop"};
    CHECK(reason_of(inspect_json(options, plain)) == "accept");
    CHECK(reason_of(inspect_json(options, plain + "bare\n")) == "accept");
    CHECK(reason_of(inspect_json(
              options, plain + std::string(500, 'x') + "\r\n" + std::string(500, 'x') + "\r\n")) ==
          "too-big");
    const auto unknown = run({"inspect", "--config", file.string(), "--app", "club", "-"}, plain);
    CHECK(unknown.exit_code == 2);
    CHECK(unknown.err.find("club") != std::string::npos);
  }

  TEST_CASE("how a message aligns is shown, and what DMARC would reject is refused") {
    struct Row {
      std::optional<policy::DmarcFacts> facts;
      std::string signs, line, object, reason;
    };
    const auto published = [](const char* text) {
      return policy::DmarcFacts{.known = true, .record = *policy::parse_dmarc(text)};
    };
    const std::string both = R"("by_dkim":true,"by_spf":true})";
    const Row rows[] = {
        {published("v=DMARC1; p=reject"),
         "example.com",
         "  dmarc     example.com: p=reject, aligned by DKIM and SPF\n",
         R"({"from_domain":"example.com","policy":"reject",)" + both,
         "accept"},
        {published("v=DMARC1; p=reject; aspf=s"),
         "other.example",
         "  dmarc     example.com: p=reject, not aligned\n",
         R"({"from_domain":"example.com","policy":"reject","by_dkim":false,"by_spf":false})",
         "dmarc"},
        {policy::DmarcFacts{.known = true},
         "example.com",
         "  dmarc     example.com: no record, aligned by DKIM and SPF\n",
         R"({"from_domain":"example.com","policy":null,)" + both,
         "accept"},
        {policy::DmarcFacts{},
         "example.com",
         "  dmarc     example.com: DNS has not said what applies\n",
         "null",
         "accept"},
        {std::nullopt, "example.com", "", "null", "accept"},
    };
    const test::Folder folder;
    const auto file = folder.write("postern.yml", of_shop);
    for (const Row& row : rows) {
      CAPTURE(row.line);
      const auto preflight = [&row](const config::Config&) -> mail::Result<cli::Preflight> {
        return cli::Preflight([&row](policy::AppFacts& app, const policy::Summary& summary) {
          policy::SenderDomain& domain = app.domains.at(0);
          if (row.facts) domain.dmarc[summary.from.at(0).domain] = *row.facts;
          domain.signing_domain = row.signs;
          domain.spf_domain = "bounce.example.com";
        });
      };
      std::vector<std::string> options{
          "inspect", "--config", file.string(), "--app", "shop", "-", "--json"};
      const json::object object = json::parse(run(options, plain, preflight).out).as_object();
      CHECK(json::serialize(object.at("dmarc")) == row.object);
      CHECK(reason_of(object) == row.reason);
      options.pop_back();
      const auto table = run(options, plain, preflight);
      CHECK(table.exit_code == 0);
      CHECK(table.out.find(row.line) != std::string::npos);
      CHECK((table.out.find("  dmarc  ") == std::string::npos) == row.line.empty());
    }
  }

  TEST_CASE("without --app nobody asks DNS, and a configuration that cannot ask is refused") {
    int asked = 0;
    const auto preflight = [&asked](const config::Config&) -> mail::Result<cli::Preflight> {
      ++asked;
      return mail::failure("The trust anchor cannot be read.");
    };
    for (const std::vector<std::string>& options :
         {std::vector<std::string>{"inspect", "-"}, {"inspect", "--domain", "example.com", "-"}})
      CHECK(run(options, plain, preflight).exit_code == 0);
    CHECK(asked == 0);
    const test::Folder folder;
    const auto file = folder.write("postern.yml", of_shop);
    const auto refused =
        run({"inspect", "--config", file.string(), "--app", "shop", "-"}, plain, preflight);
    CHECK(asked == 1);
    CHECK(refused.exit_code == 1);
    CHECK(refused.out.empty());
    CHECK(refused.err == "The trust anchor cannot be read.\n");
  }

  TEST_CASE("a file that cannot be read gives 2, and the others are still judged") {
    const test::Folder folder;
    const auto good = folder.write("good.eml", plain);
    const auto outcome = run({"inspect",
                              "--domain",
                              "example.com",
                              (folder.path() / "none.eml").string(),
                              folder.path().string(),
                              good.string()});
    CHECK(outcome.exit_code == 2);
    CHECK(folder.without_path(outcome.out).starts_with("good.eml: accept\n"));
    CHECK(std::ranges::count(outcome.err, '\n') == 2);
  }

  TEST_CASE("the table for people has the verdict, the reason, the reply and a row for each part") {
    const auto outcome = run({"inspect", "--domain", "example.com", "-"}, with_attachment);
    for (const std::string piece : {"-: refuse\n",
                                    "  reason    attachment\n",
                                    "  reply     550 5.6.1 ",
                                    "multipart/mixed",
                                    "application/pdf",
                                    "attachment"}) {
      CAPTURE(piece);
      CHECK(outcome.out.find(piece) != std::string::npos);
    }
    CHECK(run({"inspect", "-"}, plain).out.find("not judged") != std::string::npos);
  }

  TEST_CASE("every message of the corpus gets the verdict of its manifest") {
    check_corpus("adversarial", 0, 2, 83);
    check_corpus("real", 3, 7, 187);
  }
}
