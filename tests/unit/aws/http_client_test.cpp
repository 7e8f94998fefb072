#include "relay/aws/http_client.hpp"

#include "run_awaitable.hpp"
#include "scripted_http.hpp"
#include "sigv4.hpp"
#include "tests/unit/net/certificate.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <deque>
#include <functional>
#include <stop_token>
#include <thread>
#include <utility>

using namespace std::chrono_literals;

namespace {

namespace asio = boost::asio;

std::unique_ptr<aws::HttpClient> started(const std::filesystem::path& ca_file = {}) {
  return aws::HttpClient::start(ca_file).value();
}

aws::HttpRequest get(std::string url) {
  aws::HttpRequest request;
  request.url = std::move(url);
  return request;
}

aws::Signing signing(const std::string& session_token = {}) {
  aws::Credentials credentials;
  credentials.access_key_id = config::Secret("AKIDEXAMPLE");
  credentials.secret_access_key = config::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  credentials.session_token = config::Secret(session_token);
  return aws::Signing{credentials, "eu-central-1", "ses"};
}

mail::Result<aws::HttpResponse> answer_to(aws::HttpClient& client, aws::HttpRequest request) {
  return run_awaitable([&] { return client.send(std::move(request)); });
}

/// What AWS computes from a request that came, by the headers that it says are signed.
std::string expected_authorization(const ReceivedRequest& request,
                                   const std::string& signed_names) {
  SignedParts parts;
  parts.method = request.method;
  parts.path = request.target;
  parts.body = request.body;
  for (std::size_t begin = 0; begin < signed_names.size();) {
    const auto end = std::min(signed_names.find(';', begin), signed_names.size());
    const std::string name = signed_names.substr(begin, end - begin);
    parts.headers[name] = request.headers.at(name);
    begin = end + 1;
  }
  parts.secret = signing().credentials.secret_access_key.reveal();
  parts.region = "eu-central-1";
  parts.service = "ses";
  return fmt::format(
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{}/eu-central-1/ses/aws4_request, "
      "SignedHeaders={}, Signature={}",
      request.headers.at("x-amz-date").substr(0, 8),
      signed_names,
      sigv4_signature(parts));
}

/// Requests under way together; each failure is kept.
class Crowd {
 public:
  explicit Crowd(aws::HttpClient& client) : client_(client) {}

  void send(const std::string& url, const std::stop_token& stop = {}) {
    auto ask = [this, url, stop]() -> asio::awaitable<void> {
      aws::HttpRequest request = get(url);
      request.stop = stop;
      const auto answer = co_await client_.send(std::move(request));
      failures_.push_back(answer ? "" : answer.error().sentence());
    };
    net::spawn(
        context_.get_executor(), ask, [](std::string_view what) { FAIL(what); }, [] {});
  }
  void run_one_answer() {
    const std::size_t had = failures_.size();
    while (failures_.size() == had && context_.run_one() != 0) {
    }
  }
  void run() { context_.run(); }
  [[nodiscard]] const std::deque<std::string>& failures() const { return failures_; }

 private:
  aws::HttpClient& client_;
  asio::io_context context_{1};
  std::deque<std::string> failures_;
};

bool contains(const std::string& text, std::string_view piece) {
  return text.find(piece) != std::string::npos;
}

}  // namespace

TEST_CASE("the tests' own signature is the one that AWS documents for its example (get-vanilla)") {
  SignedParts parts;
  parts.method = "GET";
  parts.path = "/";
  parts.headers = {{"host", "example.amazonaws.com"}, {"x-amz-date", "20150830T123600Z"}};
  parts.secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  parts.region = "us-east-1";
  parts.service = "service";
  CHECK(sigv4_signature(parts) ==
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST_CASE("a request is signed as AWS computes it, with its body, type and session token") {
  const auto client = started();
  const struct {
    std::string method, body, token, signed_names;
  } rows[] = {
      {"GET", "", "", "content-type;host;x-amz-date"},
      {"GET", "", "token/with+==", "content-type;host;x-amz-date;x-amz-security-token"},
      {"PUT", R"({"MailFromDomain":"bounce.example.com"})", "", "content-type;host;x-amz-date"},
      {"POST", std::string(3000, 'k'), "t", "content-type;host;x-amz-date;x-amz-security-token"},
      {"POST", "", "", "content-type;host;x-amz-date"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.method);
    CAPTURE(row.body.size());
    const ScriptedHttp server({http_response(200, "{}")});
    aws::HttpRequest request = get(server.url("/v2/email/identities/xn--bcher-kva.example_-~"));
    request.method = row.method;
    request.headers = {"Content-Type: application/json"};
    request.body = config::Secret(row.body);
    request.signing = signing(row.token);
    REQUIRE(answer_to(*client, std::move(request)).has_value());
    const auto received = server.received().at(0);
    CHECK(received.method == row.method);
    CHECK(received.body == row.body);
    CHECK(received.headers.at("authorization") ==
          expected_authorization(received, row.signed_names));
    CHECK(received.headers.count("x-amz-security-token") == (row.token.empty() ? 0 : 1));
    if (!row.token.empty()) CHECK(received.headers.at("x-amz-security-token") == row.token);
  }
}

TEST_CASE("a path with escapes is signed as AWS does it: with each escaped once more") {
  const auto client = started();
  const ScriptedHttp server({http_response(200, "{}")});
  aws::HttpRequest request = get(server.url("/addresses/bob%2Bx%40example.com"));
  request.method = "DELETE";
  request.headers = {"Content-Type: application/json"};
  request.signing = signing();
  REQUIRE(answer_to(*client, std::move(request)).has_value());
  ReceivedRequest received = server.received().at(0);
  CHECK(received.target == "/addresses/bob%2Bx%40example.com");
  received.target = "/addresses/bob%252Bx%2540example.com";  // what is signed
  CHECK(received.headers.at("authorization") ==
        expected_authorization(received, "content-type;host;x-amz-date"));
}

TEST_CASE("the server's clock is read where it tells it") {
  const auto client = started();
  const struct {
    std::string line;
    std::optional<std::time_t> seconds;
  } rows[] = {
      {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 784111777},
      {"Date: yesterday\r\n", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& row : rows) {
    CAPTURE(row.line);
    std::string response = http_response(200, "{}");
    response.insert(response.find("Content-Type"), row.line);
    const ScriptedHttp server({response});
    const auto answer = answer_to(*client, get(server.url("/")));
    REQUIRE(answer.has_value());
    REQUIRE(answer->date.has_value() == row.seconds.has_value());
    if (row.seconds) CHECK(std::chrono::system_clock::to_time_t(*answer->date) == *row.seconds);
  }
}

TEST_CASE("a header of the caller's own is signed too") {
  const auto client = started();
  const ScriptedHttp server({http_response(200, "{}")});
  aws::HttpRequest request = get(server.url("/"));
  request.method = "POST";
  request.headers = {"Content-Type: application/x-amz-json-1.0",
                     "X-Amz-Target: AmazonSQS.ReceiveMessage"};
  request.body = config::Secret("{}");
  request.signing = signing("token");
  REQUIRE(answer_to(*client, std::move(request)).has_value());
  const ReceivedRequest received = server.received().at(0);
  CHECK(received.headers.at("authorization") ==
        expected_authorization(received,
                               "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"));
}

TEST_CASE("what libcurl would sign wrongly is not sent: specials in a path, a query") {
  const auto client = started();
  const ScriptedHttp server({});
  for (const std::string path :
       {"/a%4", "/a%4gb", "/a%2fb", "/a@b", "/a*", "/a:b", "/a b", "/a?b=c", "?b", "/#a"}) {
    CAPTURE(path);
    aws::HttpRequest request = get(server.url(path));
    request.signing = signing();
    const auto answer = answer_to(*client, std::move(request));
    REQUIRE(!answer.has_value());
    CHECK(contains(answer.error().sentence(), "cannot be signed"));
  }
  CHECK(server.received().empty());
}

TEST_CASE("status, error type and body come back, whatever the status") {
  const auto client = started();
  for (const unsigned status : {200U, 404U, 429U, 500U}) {
    const ScriptedHttp server({http_response(status, "{\"a\":1}", "SomeException:http://x/")});
    const auto answer = answer_to(*client, get(server.url("/")));
    REQUIRE(answer.has_value());
    CHECK(answer->status == status);
    CHECK(answer->error_type == "SomeException:http://x/");
    CHECK(answer->body == "{\"a\":1}");
  }
}

TEST_CASE("a redirect is an answer like another and is not followed") {
  const auto client = started();
  const ScriptedHttp elsewhere({http_response(200, "stolen")});
  const ScriptedHttp server({fmt::format(
      "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", elsewhere.url("/"))});
  const auto answer = answer_to(*client, get(server.url("/")));
  REQUIRE(answer.has_value());
  CHECK(answer->status == 302);
  CHECK(elsewhere.received().empty());
}

TEST_CASE("a proxy of the environment is not used") {
  const ScriptedHttp proxy({http_response(200, "by proxy")});
  REQUIRE(setenv("http_proxy", proxy.url().c_str(), 1) == 0);
  const auto client = started();
  const ScriptedHttp server({http_response(200, "direct")});
  const auto answer = answer_to(*client, get(server.url("/")));
  unsetenv("http_proxy");
  REQUIRE(answer.has_value());
  CHECK(answer->body == "direct");
}

TEST_CASE("nothing but http and https is asked") {
  const auto client = started();
  for (const char* url :
       {"file:///etc/hostname", "ftp://127.0.0.1/", "dict://127.0.0.1/", "nonsense"})
    CHECK_MESSAGE(!answer_to(*client, get(url)).has_value(), url);
}

TEST_CASE("a body at the bound is taken, and one octet more is a failure") {
  const auto client = started();
  const std::string most(aws::max_response_octets, 'x');
  const std::string chunked =
      fmt::format("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}x\r\n0\r\n\r\n",
                  most.size() + 1,
                  most);
  const ScriptedHttp server({http_response(200, most), http_response(200, most + "x"), chunked});
  const auto taken = answer_to(*client, get(server.url("/")));
  REQUIRE(taken.has_value());
  CHECK(taken->body == most);
  for (int i = 0; i < 2; ++i) {
    const auto refused = answer_to(*client, get(server.url("/")));
    REQUIRE(!refused.has_value());
    CHECK(contains(refused.error().sentence(), "262144 octets"));
  }
}

TEST_CASE("a request may allow a longer body than others") {
  const auto client = started();
  const std::string longer(aws::max_response_octets + 1, 'x');
  const ScriptedHttp server({http_response(200, longer), http_response(200, longer + "x")});
  aws::HttpRequest request = get(server.url("/"));
  request.most_octets = longer.size();
  const auto taken = answer_to(*client, request);
  REQUIRE(taken.has_value());
  CHECK(taken->body.size() == longer.size());
  CHECK(!answer_to(*client, request).has_value());
}

TEST_CASE("a response that breaks off is a failure, not a short answer") {
  const auto client = started();
  for (const std::string broken : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
                                   "",
                                   "220 mail.example ESMTP\r\n"}) {
    CAPTURE(broken);
    const ScriptedHttp server({broken});
    CHECK(!answer_to(*client, get(server.url("/"))).has_value());
  }
}

TEST_CASE("a server that says nothing costs the request's time limit") {
  const auto client = started();
  const ScriptedHttp silent({});
  aws::HttpRequest request = get(silent.url("/"));
  request.within = 100ms;
  const auto began = std::chrono::steady_clock::now();
  const auto answer = answer_to(*client, std::move(request));
  REQUIRE(!answer.has_value());
  CHECK(contains(answer.error().sentence(), silent.url("/")));
  CHECK(std::chrono::steady_clock::now() - began >= 100ms);
  CHECK(std::chrono::steady_clock::now() - began < 10s);
}

TEST_CASE("a silent server holds up no other request") {
  const auto client = started();
  const ScriptedHttp silent({});
  const ScriptedHttp server({http_response(200, "here")});
  Crowd crowd(*client);
  crowd.send(silent.url("/"));
  crowd.send(server.url("/"));
  crowd.run_one_answer();
  CHECK(crowd.failures() == std::deque<std::string>{""});
  client->close();
  crowd.run();
}

TEST_CASE("of the requests that wait at once, the one beyond the bound fails at once") {
  const auto client = started();
  const ScriptedHttp silent({});
  Crowd crowd(*client);
  for (std::size_t i = 0; i < aws::max_requests + 1; ++i) crowd.send(silent.url("/"));
  crowd.run_one_answer();
  REQUIRE(crowd.failures().size() == 1);
  CHECK(contains(crowd.failures().front(), "too many requests"));
  client->close();
  crowd.run();
  CHECK(crowd.failures().size() == aws::max_requests + 1);
}

TEST_CASE("an answered request makes room for another") {
  const auto client = started();
  const ScriptedHttp silent({});
  const ScriptedHttp server({http_response(200, "one"), http_response(200, "two")});
  Crowd crowd(*client);
  for (std::size_t i = 0; i < aws::max_requests - 1; ++i) crowd.send(silent.url("/"));
  for (int i = 0; i < 2; ++i) {
    crowd.send(server.url("/"));
    crowd.run_one_answer();
  }
  CHECK(crowd.failures() == std::deque<std::string>{"", ""});
  client->close();
  crowd.run();
}

TEST_CASE("close() ends requests under way at once, and later ones fail") {
  const auto client = started();
  const ScriptedHttp silent({});
  Crowd crowd(*client);
  crowd.send(silent.url("/"));
  asio::io_context waker;
  std::thread closer([&] {
    silent.await_requests(1);
    client->close();
  });
  const auto began = std::chrono::steady_clock::now();
  crowd.run();
  closer.join();
  CHECK(std::chrono::steady_clock::now() - began < 5s);  // the request itself had 15
  REQUIRE(crowd.failures().size() == 1);
  CHECK(contains(crowd.failures().front(), "stopping"));
  const auto late = answer_to(*client, get(silent.url("/")));
  REQUIRE(!late.has_value());
  CHECK(contains(late.error().sentence(), "stopping"));
}

TEST_CASE("a request that is stopped ends at once, and no other with it") {
  const auto client = started();
  const ScriptedHttp silent({});
  Crowd crowd(*client);
  std::stop_source stop;
  crowd.send(silent.url("/stopped"), stop.get_token());
  crowd.send(silent.url("/other"));
  std::thread stopper([&] {
    silent.await_requests(1);
    stop.request_stop();
  });
  const auto began = std::chrono::steady_clock::now();
  crowd.run_one_answer();
  stopper.join();
  CHECK(std::chrono::steady_clock::now() - began < 5s);
  REQUIRE(crowd.failures().size() == 1);
  CHECK(contains(crowd.failures().front(), "/stopped"));
  CHECK(contains(crowd.failures().front(), "stopping"));
  crowd.send(silent.url("/late"), stop.get_token());
  crowd.run_one_answer();
  CHECK(contains(crowd.failures().at(1), "/late"));
  client->close();
  crowd.run();
  CHECK(contains(crowd.failures().at(2), "/other"));
}

TEST_CASE("a host is looked for at the addresses given, and nowhere else") {
  const auto client = started();
  ScriptedHttp server({http_response(200, "here"), http_response(200, "here again")});
  const auto ask = [&](std::vector<std::string> addresses) {
    aws::HttpRequest request = get(fmt::format("http://hook.invalid:{}/", server.port()));
    request.addresses = std::move(addresses);
    return answer_to(*client, std::move(request));
  };
  const auto found = ask({"127.0.0.1"});
  REQUIRE(found.has_value());
  CHECK(found->body == "here");
  CHECK_FALSE(ask({"127.0.0.9"}).has_value());  // where nobody listens
  CHECK(ask({"127.0.0.9", "127.0.0.1"}).has_value());
}

TEST_CASE("a body that may be cut is cut, and a URL that is a secret is not shown") {
  const auto client = started();
  ScriptedHttp server({http_response(200, std::string(100'000, 'x'))});
  aws::HttpRequest request = get(server.url("/hunter2"));
  request.most_octets = 1000;
  request.cuts_body = true;
  const auto cut = answer_to(*client, request);
  REQUIRE(cut.has_value());
  CHECK(cut->status == 200);
  CHECK(cut->body.size() <= 1000);
  request.url = "http://127.0.0.1:1/hunter2";
  request.called = "the webhook";
  const auto failed = answer_to(*client, request);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().sentence().starts_with("the webhook could not be asked"));
  CHECK_FALSE(contains(failed.error().sentence(), "hunter2"));
}

TEST_CASE(
    "TLS: a server is asked only under an authority that is known and a name that is its own") {
  const Certificate certificate;
  const auto answer_under = [&](const std::filesystem::path& ca_file, const std::string& host) {
    const ScriptedHttp server(
        {http_response(200, "secured")}, certificate.certificate(), certificate.private_key());
    const auto client = started(ca_file);
    auto answer = answer_to(*client, get(fmt::format("https://{}:{}/", host, server.port())));
    return std::pair(answer ? answer->body : answer.error().sentence(), server.received().size());
  };
  const auto [known, known_sent] = answer_under(certificate.certificate(), "127.0.0.1");
  CHECK(known == "secured");
  CHECK(known_sent == 1);
  const auto [unknown, unknown_sent] = answer_under({}, "127.0.0.1");
  CHECK(contains(unknown, "certificate"));
  CHECK(unknown_sent == 0);
  const auto [wrong, wrong_sent] = answer_under(certificate.certificate(), "127.0.0.2");
  CHECK(contains(wrong, "127.0.0.2"));
  CHECK(wrong_sent == 0);
}
