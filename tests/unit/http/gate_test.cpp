#include "relay/http/gate.hpp"

#include "api_fixture.hpp"
#include "relay/http/openapi.hpp"
#include "relay/net/limits.hpp"

#include <doctest/doctest.h>

#include <cctype>
#include <set>
#include <string>
#include <vector>

namespace json = boost::json;

namespace {

/// One operation of the API, as its document has it.
struct Offered {
  std::string method, path, access;
};

std::vector<Offered> everything() {
  std::vector<Offered> found;
  const json::object document = http::openapi_document();
  for (const auto& [path, methods] : document.at("paths").as_object()) {
    for (const auto& [method, operation] : methods.as_object()) {
      std::string upper(method);
      for (char& c : upper) c = static_cast<char>(std::toupper(c));
      found.push_back(
          {upper, std::string(path), std::string(operation.at("x-access").as_string())});
    }
  }
  return found;
}

std::string at(std::string path, const std::string& parameter) {
  const auto open = path.find('{');
  return open == std::string::npos ? path
                                   : path.replace(open, path.find('}') - open + 1, parameter);
}

/// Two sites of two owners, each with a domain and a message.
struct TwoSites : ApiFixture {
  TwoSites() {
    REQUIRE(told("apps", R"({"name":"shop","owner":"shop"})").status == 201);
    REQUIRE(told("apps", R"({"name":"blog","owner":"blog"})").status == 201);
    add_domain("example.com", "shop");
    add_domain("example.net", "blog");
    store.entries = {entry(1), entry(2)};
    store.entries[1].app = "blog";
    store.traces = {{store.entries[0], {}}, {store.entries[1], {}}};
    policy::Event refusal;
    refusal.reference = "R1";
    refusal.app = "blog";
    store.traces.push_back({std::nullopt, {refusal}});
  }
  /// What stands for the parameter of a path, of shop's or of blog's.
  static std::string subject(const std::string& path, bool of_blog) {
    if (path.find("/apps/") != std::string::npos) return of_blog ? "blog" : "shop";
    if (path.find("/domains/") != std::string::npos) return of_blog ? "example.net" : "example.com";
    return spool::QueueId(of_blog ? 2 : 1).text();
  }
  /// A body that would be taken.
  static std::string body_for(const Offered& offered) {
    if (offered.path.ends_with("/block")) return R"({"why":"spam"})";
    if (offered.path.ends_with("associate")) return R"({"app":"shop"})";
    if (offered.path.find("/queue/") != std::string::npos) return R"({"all":true,"dry_run":true})";
    return "{}";
  }
  Answered ask_for(const Offered& offered, const std::string& token, bool of_blog) {
    return ask(offered.method,
               at(offered.path, subject(offered.path, of_blog)),
               token,
               offered.method == "POST" ? body_for(offered) : std::string());
  }
};

}  // namespace

TEST_SUITE("relay/http/gate") {
  TEST_CASE_FIXTURE(TwoSites, "nothing is answered without a token, or to a wrong one") {
    for (const Offered& offered : everything()) {
      CAPTURE(offered.path);
      CAPTURE(offered.method);
      const std::string target = at(offered.path, subject(offered.path, false));
      const Answered none = answered(Client(port).exchange(request_of(
          offered.method, target, "Host: localhost\r\n", offered.method == "POST" ? "{}" : "")));
      CHECK(none.status == 401);
      CHECK(none.field("WWW-Authenticate") == "Bearer");
      CHECK(none.body.size() == 1);
    }
    for (const char* credentials :
         {"Basic dTpw", "Bearer", "Bearer ", "Bearer wrong", "the-admin-token"}) {
      CAPTURE(credentials);
      const std::string fields =
          std::string("Host: localhost\r\nAuthorization: ") + credentials + "\r\n";
      CHECK(status_of(Client(port).exchange(request_of("GET", "/api/v1/apps", fields))) ==
            "HTTP/1.1 401");
    }
    CHECK(status_of(Client(port).exchange(request_of(
              "GET",
              "/api/v1/apps",
              "Host: localhost\r\nAuthorization: bearer the-admin-token\r\n"))) == "HTTP/1.1 200");
  }

  TEST_CASE_FIXTURE(TwoSites, "to one app's token, whatever is another app's is not there") {
    const std::string token = token_of("app", "shop");
    std::size_t asked = 0;
    for (const Offered& offered : everything()) {
      if (offered.path.find('{') == std::string::npos) continue;
      if (offered.path.find("/tokens/") != std::string::npos) continue;  // admins' alone, below
      CAPTURE(offered.path);
      CAPTURE(offered.method);
      const Answered other = ask_for(offered, token, true);
      CHECK(other.status == 404);
      // Not a word differs from what does not exist at all.
      const std::string nowhere = at(
          offered.path,
          offered.path.find("/queue/") == std::string::npos ? "absent" : spool::QueueId(9).text());
      CHECK(ask(offered.method, nowhere, token, offered.method == "POST" ? "{}" : "").text ==
            other.text);
      ++asked;
    }
    CHECK(asked >= 12);
    CHECK(ask("GET", "/api/v1/queue?app=blog", token).status == 404);
    CHECK(ask("GET", "/api/v1/domains?app=blog", token).status == 404);
    CHECK(ask("GET", "/api/v1/trace?word=R1", token).body.at("matches").as_array().empty());
    CHECK(ask("GET", "/api/v1/trace?word=%3C2%40example.com%3E", token)
              .body.at("matches")
              .as_array()
              .empty());
  }

  TEST_CASE_FIXTURE(TwoSites, "one app's token is shown what is the app's, and changes nothing") {
    const std::string token = token_of("app", "shop");
    for (const Offered& offered : everything()) {
      if (offered.path == "/api/v1/trace" || offered.path.ends_with("/verify")) continue;
      CAPTURE(offered.path);
      CAPTURE(offered.method);
      CHECK(ask_for(offered, token, false).status == (offered.access == "everybody" ? 200 : 403));
    }
    const auto names = [&](const char* list, const char* name) {
      std::set<std::string> found;
      const json::value all = ask("GET", std::string("/api/v1/") + list, token).body;
      const std::string members = std::string(list) == "queue" ? "entries" : list;
      for (const json::value& each : all.at(members).as_array())
        found.emplace(each.at(name).as_string());
      return found;
    };
    CHECK(names("apps", "name") == std::set<std::string>{"shop"});
    CHECK(names("domains", "name") == std::set<std::string>{"example.com"});
    CHECK(names("queue", "app") == std::set<std::string>{"shop"});
    CHECK(ask("GET", "/api/v1/trace?word=%3C1%40example.com%3E", token)
              .body.at("matches")
              .as_array()
              .size() == 1);
    rounds["example.com"] = good_round("example.com");
    CHECK(ask("POST", "/api/v1/domains/example.com/verify", token).status == 200);
  }

  TEST_CASE_FIXTURE(TwoSites,
                    "a domain of several apps shows each app's token its own association") {
    REQUIRE(told("apps", R"({"name":"press","owner":"shop"})").status == 201);
    REQUIRE(told("domains/example.com/associate", R"({"app":"press"})").status == 200);
    const auto apps = [&](const std::string& token) {
      return ask("GET", "/api/v1/domains/example.com", token)
          .body.at("associations")
          .as_array()
          .size();
    };
    CHECK(apps(admin) == 2);
    CHECK(apps(token_of("app", "press")) == 1);
    CHECK(apps(token_of("read")) == 2);
  }

  TEST_CASE_FIXTURE(TwoSites, "a `read` token reads, and changes nothing") {
    const std::string token = token_of("read");
    for (const Offered& offered : everything()) {
      if (offered.path == "/api/v1/trace") continue;  // wants a word
      CAPTURE(offered.path);
      CAPTURE(offered.method);
      CHECK(ask_for(offered, token, true).status == (offered.method == "GET" ? 200 : 403));
    }
  }

  TEST_CASE_FIXTURE(TwoSites, "what is the admin socket's is answered to no token") {
    std::size_t asked = 0;
    for (const Offered& offered : everything()) {
      if (offered.access != "socket") continue;
      CAPTURE(offered.path);
      CHECK(ask_for(offered, admin, false).status == 403);
      ++asked;
    }
    CHECK(asked == 7);
  }

  TEST_CASE_FIXTURE(ApiFixture, "a token that was taken back is wrong from then on") {
    const std::string token = token_of("read");
    CHECK(ask("GET", "/api/v1/apps", token).status == 200);
    CHECK(removed("tokens/" + token.substr(0, token.find('.'))).status == 200);
    CHECK(ask("GET", "/api/v1/apps", token).status == 401);
  }

  TEST_CASE_FIXTURE(ApiFixture, "a host name that is not in the list is misdirected") {
    const auto status = [&](const std::string& host) {
      return answered(Client(port).exchange(request_of(
                          "GET",
                          "/api/v1/apps",
                          host + "Authorization: Bearer " + std::string(admin) + "\r\n")))
          .status;
    };
    for (const std::string good : {"localhost",
                                   "LocalHost:8525",
                                   "127.0.0.1",
                                   "127.0.0.1:8525",
                                   "[::1]:8525",
                                   "192.0.2.7",
                                   "relay.example",
                                   "Relay.Example:443",
                                   "xn--bcher-kva.example"}) {
      CAPTURE(good);
      CHECK(status("Host: " + good + "\r\n") == 200);
    }
    for (const std::string bad : {"evil.example",
                                  "relay.example.evil.example",
                                  "localhost.evil.example",
                                  "127.0.0.1.evil.example",
                                  "relay.example@evil.example",
                                  "relay.example:80@evil.example",
                                  "[::1].evil.example:80",
                                  "[::1",
                                  "a b",
                                  ""}) {
      CAPTURE(bad);
      CHECK(status("Host: " + bad + "\r\n") == 421);
    }
    CHECK(status("") == 421);
  }

  TEST_CASE_FIXTURE(ApiFixture, "a page of another host may not ask, even with a token") {
    const auto status = [&](const std::string& method, const std::string& origin) {
      return ask(method,
                 method == "GET" ? "/api/v1/apps" : "/api/v1/apps/absent/unblock",
                 admin,
                 method == "GET" ? "" : "{}",
                 "Origin: " + origin + "\r\n")
          .status;
    };
    for (const std::string ours :
         {"http://localhost", "http://localhost:8525", "https://relay.example"}) {
      CAPTURE(ours);
      CHECK(status("GET", ours) == 200);
      CHECK(status("POST", ours) == 404);
    }
    for (const std::string other : {"null",
                                    "https://evil.example",
                                    "http://127.0.0.1",
                                    "https://relay.example.evil.example",
                                    "localhost",
                                    "file://"}) {
      CAPTURE(other);
      CHECK(status("GET", other) == 403);
      CHECK(status("POST", other) == 403);
    }
  }

  TEST_CASE_FIXTURE(ApiFixture,
                    "an address with too many wrong tokens tries no more, and a right one counts") {
    for (std::size_t i = 0; i < net::limits::failed_connections; ++i) {
      CHECK(ask("GET", "/api/v1/apps", "wrong" + std::to_string(i)).status == 401);
    }
    CHECK(ask("GET", "/api/v1/apps", "wrong").status == 429);
    CHECK(ask("GET", "/api/v1/apps", admin).status == 200);
    CHECK(ask("GET", "/api/v1/apps", "wrong").status == 429);
    const std::string request =
        request_of("GET", "/api/v1/apps", "Host: localhost\r\nAuthorization: Bearer wrong\r\n");
    CHECK(status_of(Client(port, "127.0.0.2").exchange(request)) == "HTTP/1.1 401");
  }

  TEST_CASE_FIXTURE(ApiFixture, "what has no token is not counted as a wrong one") {
    for (std::size_t i = 0; i < 2 * net::limits::failed_connections; ++i)
      CHECK(status_of(get(port, "/api/v1/apps")) == "HTTP/1.1 401");
    CHECK(get_of("apps").status == 200);
  }
}
