#include "relay/sendmail/settings.hpp"
#include "tests/unit/config/folder.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

using config::ListenerTls;
using sendmail::Settings;

namespace {

const test::Folder& folder() {
  static const test::Folder one;
  return one;
}

sendmail::Result<Settings> read(const std::string& text) {
  return sendmail::read_settings_text(text, folder().path() / "sendmail.yml");
}

/// The rows of docs/sendmail.md.
std::string key_table() {
  std::string rows;
  for (const config::Key& key : sendmail::keys())
    rows += fmt::format(
        "| `{}` | {} | {} | {} |\n", key.path, config::describe_kind(key), key.preset, key.meaning);
  return rows;
}

}  // namespace

TEST_SUITE("sendmail's own file") {
  TEST_CASE("every key is read") {
    const auto secret = folder().write("secret", "q7Xc0mV5nT2bR9kL\n");
    const auto settings = read(
        "host: relay.example.com\nport: 587\ntls: starttls\ntls_ca_file: ca.pem\nusername: shop\n"
        "password_file: secret\nfrom: site@example.com\ndomain: example.org\n"
        "local_recipient: ops@example.com\ntimeout: 30s\ntemporary_failure: 75\n");
    REQUIRE_MESSAGE(settings.has_value(), settings.error().sentence());
    CHECK(settings->host == "relay.example.com");
    CHECK(settings->port == 587);
    CHECK(settings->tls == ListenerTls::starttls);
    CHECK(settings->tls_ca_file == folder().path() / "ca.pem");
    CHECK(settings->username.reveal() == "shop");
    CHECK(settings->password.reveal() == "q7Xc0mV5nT2bR9kL");
    CHECK(settings->from == "site@example.com");
    CHECK(settings->domain == "example.org");
    CHECK(settings->local_recipient == "ops@example.com");
    CHECK(settings->timeout == std::chrono::seconds(30));
    CHECK(settings->temporary_failure == 75);
  }

  TEST_CASE("where there is no file the relay is beside us") {
    const auto settings = sendmail::read_settings(folder().path() / "none.yml");
    REQUIRE(settings.has_value());
    CHECK(settings->relay() == "127.0.0.1:2525");
    CHECK(settings->tls == ListenerTls::none);
    CHECK(settings->password.empty());
    CHECK(settings->exit_code(75) == 69);
  }

  TEST_CASE("a file that cannot be read is not passed over") {
    const auto settings = sendmail::read_settings(folder().path());
    REQUIRE_FALSE(settings.has_value());
    CHECK(settings.error().exit_code() == 78);
  }

  TEST_CASE("the domain is that of `from`, and an IPv6 relay is shown in brackets") {
    const auto settings = read("from: site@example.com\nhost: ::1\n");
    REQUIRE(settings.has_value());
    CHECK(settings->domain == "example.com");
    CHECK(settings->relay() == "[::1]:2525");
  }

  TEST_CASE("each mistake is named with its place and what to write") {
    struct Row {
      const char* text;
      const char* expected;
    };
    const Row rows[] = {
        {"hots: x\n", "sendmail.yml:1:1: unknown key `hots`: write `host`"},
        {"host: 'a b'\n", ":1:7: `a b` is no host name: write one like relay.example.com"},
        {"port: 0\n", "`port` must be a number from 1 to 65535, not `0`"},
        {"tls: yes\n", "`tls` must be one of `none`, `starttls`, `implicit`"},
        {"from: nobody\n", "`nobody` is no mail address: write one like web@example.com"},
        {"from: A <a@example.com>\n", "is no mail address"},
        {"domain: a@b\n", "`a@b` is no host name"},
        {"timeout: 4s\n", "`timeout` must be a duration from 5s to 10m, not `4s`"},
        {"temporary_failure: 0\n", "`temporary_failure` must be one of `75`, `69`"},
        {"username: shop\n", "`username` and `password` go together"},
        {"host: relay.example.com\nusername: shop\npassword: x\n",
         "clear text: write `tls: starttls`"},
        {"password_file: missing\nusername: x\n", "missing` cannot be read"},
        {"- a\n", "sendmail.yml:1:1: "},
    };
    for (const Row& row : rows) {
      CAPTURE(row.text);
      const auto settings = read(row.text);
      REQUIRE_FALSE(settings.has_value());
      CHECK(settings.error().exit_code() == 78);
      CHECK_MESSAGE(settings.error().sentence().find(row.expected) != std::string::npos,
                    settings.error().sentence());
    }
  }

  TEST_CASE("a password to this machine may go without TLS") {
    CHECK(read("host: localhost\nusername: shop\npassword: x\n").has_value());
    CHECK(read("username: shop\npassword: x\n").has_value());
  }

  TEST_CASE("docs/sendmail.md has the table of keys") {
    const std::string page = test::read_all(POSTERN_DOCS "/sendmail.md");
    CHECK_MESSAGE(page.find(key_table()) != std::string::npos, key_table());
  }

  TEST_CASE("conf/sendmail.yml is read, and shows the defaults") {
    const auto settings = sendmail::read_settings(POSTERN_CONF "/sendmail.yml");
    REQUIRE_MESSAGE(settings.has_value(), settings.error().sentence());
    CHECK(settings->relay() == Settings().relay());
    const std::string text = test::read_all(POSTERN_CONF "/sendmail.yml");
    for (const config::Key& key : sendmail::keys()) {
      CAPTURE(key.path);
      CHECK(text.find(std::string(key.path) + ":") != std::string::npos);
    }
  }
}
