#include "relay/http/sns_endpoint.hpp"

#include "fake_store.hpp"
#include "relay/http/bounds.hpp"
#include "running_server.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

constexpr http::SnsRate three_posts{.per_second = 1e-6, .burst = 3};

/// A listener for SNS alone; what is posted there is kept.
struct Fixture {
  FakeStore store;
  observe::Metrics metrics{"1.2.3"};
  http::SnsAnswer answer{200, "The event is kept."};
  std::vector<std::string> posted;
  http::Sources sources{
      .store = store,
      .metrics = metrics,
      .sns = [this](std::string body) { return take(std::move(body)); },
  };
  RunningServer server;

  boost::asio::awaitable<http::SnsAnswer> take(std::string body) {
    posted.push_back(std::move(body));
    co_return answer;
  }
  std::uint16_t listen(http::SnsRate rate = {}) {
    return server.listen(http::sns_routes(sources, rate));
  }
};

std::string sns_post(std::uint16_t port, const std::string& fields, const std::string& body) {
  return Client(port).exchange("POST /feedback/sns HTTP/1.1\r\n" + fields + "Content-Length: " +
                               std::to_string(body.size()) + "\r\n\r\n" + body);
}

}  // namespace

TEST_SUITE("relay/http/sns_endpoint") {
  TEST_CASE_FIXTURE(Fixture,
                    "a post of any type and host is handed over as it came, without a token") {
    const std::uint16_t port = listen();
    const std::vector<std::string> headers = {
        "",
        "Host: relay.example.com\r\nContent-Type: text/plain; charset=UTF-8\r\n"
        "x-amz-sns-message-type: Notification\r\n",
        "Host: other.example\r\nContent-Type: application/json\r\nOrigin: "
        "https://other.example\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\nx-amz-sns-rawdelivery: true\r\n",
    };
    for (const std::string& fields : headers) {
      CAPTURE(fields);
      const std::string response = sns_post(port, fields, "{\"Type\": \"\xc3\xbc\"}\n");
      CHECK(status_of(response) == "HTTP/1.1 200");
      CHECK(body_of(response) == "The event is kept.\n");
    }
    server.stop();
    CHECK(posted == std::vector<std::string>(headers.size(), "{\"Type\": \"\xc3\xbc\"}\n"));
  }

  TEST_CASE_FIXTURE(Fixture, "what became of a post decides the status") {
    const std::uint16_t port = listen();
    for (const unsigned status : {200U, 400U, 403U, 413U, 503U}) {
      server.on_thread([&] { answer = {status, "Because."}; });
      const std::string response = sns_post(port, "", "{}");
      CHECK(status_of(response) == "HTTP/1.1 " + std::to_string(status));
      CHECK(body_of(response) == "Because.\n");
    }
  }

  TEST_CASE_FIXTURE(Fixture, "a post at the bound is taken, and one octet more is not looked at") {
    const std::uint16_t port = listen();
    CHECK(status_of(sns_post(port, "", std::string(http::longest_sns_post, 'x'))) ==
          "HTTP/1.1 200");
    CHECK(status_of(sns_post(port, "", std::string(http::longest_sns_post + 1, 'x'))) ==
          "HTTP/1.1 413");
    server.stop();
    CHECK(posted.size() == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "posts over the rate of a listener are not looked at") {
    const std::uint16_t busy = listen(three_posts), other = listen(three_posts);
    for (int i = 0; i < 3; ++i) CHECK(status_of(sns_post(busy, "", "{}")) == "HTTP/1.1 200");
    CHECK(status_of(sns_post(busy, "", "{}")) == "HTTP/1.1 503");
    CHECK(status_of(sns_post(other, "", "{}")) == "HTTP/1.1 200");
    server.stop();
    CHECK(posted.size() == 4);
  }

  TEST_CASE_FIXTURE(Fixture, "nothing else is to be found on its listener") {
    const std::uint16_t port = listen();
    struct Row {
      std::string method, target, status;
    };
    const Row rows[] = {
        {"GET", "/", "HTTP/1.1 404"},
        {"GET", "/healthz", "HTTP/1.1 404"},
        {"GET", "/metrics", "HTTP/1.1 404"},
        {"GET", "/api/v1/queue", "HTTP/1.1 404"},
        {"POST", "/feedback", "HTTP/1.1 404"},
        {"POST", "/feedback/sns/", "HTTP/1.1 404"},
        {"POST", "/feedback/sns/more", "HTTP/1.1 404"},
        {"POST", "//feedback/sns", "HTTP/1.1 404"},
        {"GET", "/feedback/sns", "HTTP/1.1 405"},
        {"HEAD", "/feedback/sns", "HTTP/1.1 405"},
        {"PUT", "/feedback/sns", "HTTP/1.1 405"},
        {"DELETE", "/feedback/sns", "HTTP/1.1 405"},
        {"OPTIONS", "/feedback/sns", "HTTP/1.1 405"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.method);
      CAPTURE(row.target);
      const std::string response = Client(port).exchange(request_of(row.method, row.target, ""));
      CHECK(status_of(response) == row.status);
      CHECK(response.find("Server:") == std::string::npos);
    }
    server.stop();
    CHECK(posted.empty());
  }
}
