#include "relay/app/submission.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using config::ListenerTls;

namespace {

config::SmtpListener listener(const std::string& address,
                              std::uint16_t port,
                              ListenerTls tls,
                              const std::string& app = {}) {
  return {.endpoint = {address, port}, .tls = tls, .app = app, .allow = {}};
}

}  // namespace

TEST_SUITE_BEGIN("relay/app/submission");

TEST_CASE("a site is told where it can hand in its mail with a password") {
  const auto local = listener("127.0.0.1", 2525, ListenerTls::none);
  const auto local6 = listener("::1", 2525, ListenerTls::none);
  const auto any = listener("0.0.0.0", 587, ListenerTls::starttls);
  const auto any6 = listener("::", 465, ListenerTls::implicit);
  const auto inner = listener("10.1.2.3", 587, ListenerTls::starttls);
  const auto bound = listener("0.0.0.0", 25, ListenerTls::none, "shop");
  struct Row {
    std::vector<config::SmtpListener> listeners;
    std::string told;
  };
  const std::vector<Row> rows{
      {{}, "nothing"},
      {{bound}, "nothing"},
      {{local}, "127.0.0.1 2525 none"},
      {{local6}, "[::1] 2525 none"},
      {{bound, local}, "127.0.0.1 2525 none"},
      {{listener("127.0.0.53", 587, ListenerTls::starttls)}, "127.0.0.53 587 starttls"},
      {{local6, local}, "[::1] 2525 none"},
      {{any}, "relay.example 587 starttls"},
      {{any6}, "relay.example 465 tls"},
      {{inner}, "relay.example 587 starttls"},
      {{local, bound, any6, any}, "relay.example 465 tls"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.told);
    config::Config settings;
    settings.hostname = "relay.example";
    settings.smtp = row.listeners;
    const auto told = app::submission(settings);
    CHECK((told ? told->host + " " + std::to_string(told->port) + " " + told->encryption
                : "nothing") == row.told);
  }
}
