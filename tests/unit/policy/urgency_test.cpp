#include "policy/urgency.hpp"

#include "tests/unit/policy/message_builder.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using support::message;

namespace {

constexpr const char* reset = "https://www.example.com/user/reset/2/1795318458/7GkLlFQ2lczuh1uqEJ9";

policy::Summary summarise(const std::string& octets) { return policy::summarise(octets, {}); }

/// A quoted-printable text whose lines are broken after `column` octets.
std::string soft_broken(const std::string& text, std::size_t column) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += column)
    out += text.substr(at, column) + (at + column < text.size() ? "=\n" : "\n");
  return out;
}

}  // namespace

TEST_CASE("a link is urgent by its path alone, under whatever language and base path") {
  struct Row {
    const char* text;
    bool urgent;
  };
  const std::vector<std::string> own{"/login/code/"};
  for (const Row& row : {
           Row{"http://example.com/user/reset/1/2/x", true},
           Row{"HTTPS://example.com/user/reset/1/2/x", true},
           Row{"https://example.com/user/registrationpassword/1/2/x", true},
           Row{"https://example.com/de/user/reset/1/2/x", true},
           Row{"https://example.com/shop/index.php/pt-br/user/reset/1/2/x/login", true},
           Row{"https://example.com:8443/user/reset/1", true},
           Row{"https://[2001:db8::1]/user/reset/1", true},
           Row{"see (https://example.com/user/reset/1), please", true},
           Row{"<a href='https://example.com/user/reset/1'>", true},
           Row{"<a href=\"https://example.com/user/reset/1\">", true},
           Row{"http://a/ http://b/ http://c/user/reset/1", true},
           Row{"https://example.com/login/code/12", true},
           Row{"https://example.com/en/login/code/", true},
           Row{"https://example.com/login/codes/", false},
           Row{"", false},
           Row{"://", false},
           Row{"https://", false},
           Row{"https:///user/reset/1", false},
           Row{"://example.com/user/reset/1", false},
           Row{"ftp://example.com/user/reset/1", false},
           Row{"/user/reset/1", false},
           Row{"www.example.com/user/reset/1", false},
           Row{"https://example.com/user/reset", false},
           Row{"https://example.com/user/resets/1", false},
           Row{"https://example.com/USER/RESET/1", false},
           Row{"https://example.com/?to=/user/reset/1", false},
           Row{"https://example.com/#/user/reset/1", false},
           Row{"https://example.com?/user/reset/1", false},
           Row{"https://example.com /user/reset/1", false},
           Row{"https://example.com\r\n/user/reset/1", false},
       }) {
    CAPTURE(row.text);
    CHECK(policy::has_urgent_link(row.text, own) == row.urgent);
  }
  CHECK_FALSE(policy::has_urgent_link("https://example.com/login/code/12", {}));
}

TEST_CASE("of a long link the first 500 octets are looked at, and of many links the first 1000") {
  const std::string host = "https://example.com/";
  const std::string path = "/user/reset/";
  const std::string fits(500 - host.size() + 8 - path.size(), 'x');
  CHECK(policy::has_urgent_link(host + fits + path, {}));
  CHECK_FALSE(policy::has_urgent_link(host + fits + "x" + path, {}));
  CHECK(policy::has_urgent_link(host + std::string(9000, 'x') + " " + reset, {}));
  std::string links;
  for (int i = 0; i < 999; ++i) links += "http://example.com/ ";
  CHECK(policy::has_urgent_link(links + reset, {}));
  CHECK_FALSE(policy::has_urgent_link(links + host + " " + reset, {}));
}

TEST_CASE(
    "the link is found in text and HTML of any transfer encoding and charset, as a reader has it") {
  const std::string text = std::string("Log in: ") + reset + "\n";
  const std::string html = std::string("<p><a href=\"") + reset + "\">Log in</a></p>";
  CHECK(summarise(message("X: y", text)).urgent_link);
  CHECK(summarise(message("Content-Type: text/html", html)).urgent_link);
  for (std::size_t column = 1; column <= 30; ++column) {
    CAPTURE(column);
    CHECK(summarise(message("Content-Transfer-Encoding: quoted-printable",
                            soft_broken(text.substr(0, text.size() - 1), column)))
              .urgent_link);
  }
  CHECK(summarise(message("Content-Transfer-Encoding: base64", support::base64(text))).urgent_link);
  std::string utf16;
  for (const char c : text) utf16.append(1, '\0').append(1, c);
  CHECK(summarise(
            message("Content-Type: text/plain; charset=utf-16be\nContent-Transfer-Encoding: base64",
                    support::base64(utf16)))
            .urgent_link);
  CHECK(summarise(support::with_part("Content-Type: text/plain\n\n" + text)).urgent_link);
  CHECK_FALSE(summarise(support::with_part("Content-Type: text/calendar\n\n" + text)).urgent_link);
  CHECK_FALSE(
      summarise(support::with_part("Content-Type: text/plain; name=a.txt\n\n" + text)).urgent_link);
  CHECK_FALSE(summarise(message(std::string("X-Link: ") + reset, "hello")).urgent_link);
}

TEST_CASE("the app's own paths count where it sends") {
  const std::string octets = message("X: y", "https://example.com/login/code/1");
  const std::vector<std::string> own{"/login/code/"};
  CHECK(policy::summarise(octets, {}, own).urgent_link);
  CHECK_FALSE(policy::summarise(octets, {}).urgent_link);
}

TEST_CASE("the field says urgent, or nothing") {
  CHECK(summarise(message("X-Postern-Priority: urgent", "x")).urgent_field);
  CHECK(summarise(message("x-postern-priority:\n  URGENT ", "x")).urgent_field);
  CHECK_FALSE(summarise(message("X-Postern-Priority: not urgent", "x")).urgent_field);
  CHECK_FALSE(summarise(message("X-Postern-Priority: high", "x")).urgent_field);
  CHECK_FALSE(summarise(message("X-Priority: urgent", "x")).urgent_field);
}

TEST_CASE("mail to several is never urgent, however it asks for it") {
  const policy::Summary summary = summarise(message("X-Postern-Priority: urgent", reset));
  const policy::Urgency one = policy::urgency(summary, {"a@example.com", {"b@example.org"}});
  CHECK(one.by_link);
  CHECK(one.by_field);
  const policy::Urgency two =
      policy::urgency(summary, {"a@example.com", {"b@example.org", "c@example.org"}});
  CHECK_FALSE(two.by_link);
  CHECK_FALSE(two.by_field);
  CHECK_FALSE(policy::urgency(summary, {}).by_link);
}

TEST_CASE(
    "every password reset that a Drupal site was seen to send is urgent, its contact mail is not") {
  struct Row {
    const char* file;
    bool urgent;
  };
  for (const Row& row : {Row{"drupal-smtp-password-reset.eml", true},
                         Row{"drupal-smtp-http-password-reset.eml", true},
                         Row{"drupal-phpmailer_smtp-password-reset.eml", true},
                         Row{"drupal-mimemail-smtp-password-reset.eml", true},
                         Row{"symfony-5.4-html-only.eml", true},
                         Row{"drupal-core-contact-1.eml", false}}) {
    CAPTURE(row.file);
    std::ifstream file(std::string(POSTERN_CORPUS "/real/") + row.file, std::ios::binary);
    const std::string octets(std::istreambuf_iterator<char>(file), {});
    REQUIRE_FALSE(octets.empty());
    CHECK(summarise(octets).urgent_link == row.urgent);
  }
}
