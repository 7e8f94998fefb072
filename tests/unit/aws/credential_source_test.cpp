#include "relay/aws/credential_source.hpp"

#include "run_awaitable.hpp"
#include "scripted_http.hpp"
#include "stepped_clock.hpp"

#include <doctest/doctest.h>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

using namespace std::chrono_literals;
using aws::CredentialOrigin;

namespace {

namespace asio = boost::asio;

using Variables = std::map<std::string, std::string>;

aws::CredentialVariables read_from(const Variables& variables) {
  return aws::credential_variables([&](const char* name) -> const char* {
    const auto variable = variables.find(name);
    return variable == variables.end() ? nullptr : variable->second.c_str();
  });
}

std::string moment(std::chrono::system_clock::time_point at) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", std::chrono::floor<std::chrono::seconds>(at));
}

/// A lender's answer: credentials of that key that hold so long from now on.
std::string lent(const std::string& key, std::chrono::seconds holds) {
  return http_response(
      200,
      fmt::format(
          R"({{"AccessKeyId":"{}","SecretAccessKey":"hush","Token":"tok","Expiration":"{}"}})",
          key,
          moment(std::chrono::system_clock::now() + holds)));
}

class TokenFile {
 public:
  explicit TokenFile(const std::string& token) { write(token); }
  TokenFile(const TokenFile&) = delete;
  TokenFile& operator=(const TokenFile&) = delete;
  ~TokenFile() { std::filesystem::remove(path_); }
  void write(const std::string& token) const { std::ofstream(path_, std::ios::binary) << token; }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                fmt::format("postern-token-{}-{}", getpid(), fmt::ptr(this));
};

/// A source whose lenders are all one scripted server.
struct Scene {
  Scene(Variables variables, std::vector<std::string> responses)
      : server(std::move(responses)), source(make(variables).value()) {}

  mail::Result<std::unique_ptr<aws::CredentialSource>> make(const Variables& variables) {
    aws::CredentialSource::Settings settings;
    settings.configured = configured;
    settings.configured.region = "eu-central-1";
    settings.variables = read_from(variables);
    settings.container_endpoint = settings.instance_endpoint = settings.sts_endpoint = server.url();
    return aws::CredentialSource::make(*http, clock, std::move(settings));
  }
  mail::Result<aws::Credentials> now() {
    return run_awaitable([&] { return source->now(); });
  }
  /// The access key, or the sentence why there is none.
  std::string key_now() {
    const auto found = now();
    return found ? found->access_key_id.reveal() : found.error().sentence();
  }

  config::Aws configured;
  ScriptedHttp server;
  SteppedClock clock;
  std::unique_ptr<aws::HttpClient> http = aws::HttpClient::start().value();
  std::unique_ptr<aws::CredentialSource> source;
};

bool contains(const std::string& text, std::string_view piece) {
  return text.find(piece) != std::string::npos;
}

const Variables keys{{"AWS_ACCESS_KEY_ID", "AKIDENV"},
                     {"AWS_SECRET_ACCESS_KEY", "env/secret"},
                     {"AWS_SESSION_TOKEN", "env+token=="}};
const Variables in_container{{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/1"}};

Variables with(Variables variables, const Variables& more) {
  variables.insert(more.begin(), more.end());
  return variables;
}

/// Awaited side by side on one context.
template <class Start>
void run_together(std::vector<Start> starts) {
  asio::io_context context(1);
  for (Start& start : starts)
    net::spawn(
        context.get_executor(), start, [](std::string_view what) { FAIL(what); }, [] {});
  context.run();
}

}  // namespace

TEST_CASE("keys of the configuration win over the environment, its session token included") {
  Scene scene(in_container, {});
  scene.configured.access_key_id = config::Secret("AKIDFILE");
  scene.configured.secret_access_key = config::Secret("file/secret");
  scene.source = scene.make(with(keys, in_container)).value();
  CHECK(scene.source->origin() == CredentialOrigin::configuration);
  const auto found = scene.now();
  REQUIRE(found.has_value());
  CHECK(found->access_key_id.reveal() == "AKIDFILE");
  CHECK(found->secret_access_key.reveal() == "file/secret");
  CHECK(found->session_token.empty());
}

TEST_CASE("keys of the environment win over all that lend") {
  Scene scene(with(keys, in_container), {});
  CHECK(scene.source->origin() == CredentialOrigin::environment);
  const auto found = scene.now();
  REQUIRE(found.has_value());
  CHECK(found->access_key_id.reveal() == "AKIDENV");
  CHECK(found->secret_access_key.reveal() == "env/secret");
  CHECK(found->session_token.reveal() == "env+token==");
  CHECK(scene.server.received().empty());
}

TEST_CASE("of those that lend, web identity goes before the container, and that before EC2") {
  const Variables role{{"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"}, {"AWS_ROLE_ARN", "arn"}};
  Scene scene({}, {});
  CHECK(scene.source->origin() == CredentialOrigin::instance);
  CHECK(scene.make(in_container).value()->origin() == CredentialOrigin::container);
  CHECK(scene.make(with(role, in_container)).value()->origin() == CredentialOrigin::web_identity);
}

TEST_CASE("an environment that cannot be used is refused with what to change, and without keys") {
  const struct {
    Variables variables;
    std::string named;
  } rows[] = {
      {{{"AWS_EC2_METADATA_DISABLED", "True"}}, "aws.access_key_id_file"},
      {{{"AWS_ACCESS_KEY_ID", "AKIDENV"}}, "set both or neither"},
      {{{"AWS_SECRET_ACCESS_KEY", "hush"}}, "set both or neither"},
      {{{"AWS_ACCESS_KEY_ID", "AKID ENV"}, {"AWS_SECRET_ACCESS_KEY", "hush"}},
       "AWS_ACCESS_KEY_ID holds"},
      {{{"AWS_ACCESS_KEY_ID", "AKIDENV"}, {"AWS_SECRET_ACCESS_KEY", "hush\n"}},
       "AWS_SECRET_ACCESS_KEY holds"},
      {{{"AWS_ACCESS_KEY_ID", "AKIDENV"},
        {"AWS_SECRET_ACCESS_KEY", "hush"},
        {"AWS_SESSION_TOKEN", "sometoken\r\nHost: elsewhere"}},
       "AWS_SESSION_TOKEN holds"},
      {{{"AWS_ACCESS_KEY_ID", "AKIDENV"},
        {"AWS_SECRET_ACCESS_KEY", "hush"},
        {"AWS_SESSION_TOKEN", std::string(8193, 't')}},
       "AWS_SESSION_TOKEN holds"},
      {{{"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"}}, "AWS_ROLE_ARN"},
      {{{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.example/"}}, "begin with `/`"},
      {{{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example/"}}, "169.254.170.23"},
      {{{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/"},
        {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "hush\r\nHost: x"}},
       "AWS_CONTAINER_AUTHORIZATION_TOKEN holds"},
  };
  Scene scene({}, {});
  for (const auto& row : rows) {
    const auto made = scene.make(row.variables);
    REQUIRE(!made.has_value());
    const std::string sentence = made.error().sentence();
    CAPTURE(sentence);
    CHECK(contains(sentence, row.named));
    for (const char* key : {"hush", "sometoken", "AKID"}) CHECK(!contains(sentence, key));
  }
}

TEST_CASE("a session token of 8192 octets is taken") {
  Variables variables = keys;
  variables["AWS_SESSION_TOKEN"] = std::string(8192, 't');
  Scene scene(variables, {});
  CHECK(scene.now()->session_token.reveal().size() == 8192);
}

TEST_CASE("a container's answer is what signs from then on, its session token included") {
  Scene scene(in_container, {lent("ASIATASK", 1h)});
  const auto found = scene.now();
  REQUIRE(found.has_value());
  CHECK(found->access_key_id.reveal() == "ASIATASK");
  CHECK(found->secret_access_key.reveal() == "hush");
  CHECK(found->session_token.reveal() == "tok");
  const ReceivedRequest request = scene.server.received().at(0);
  CHECK(request.method == "GET");
  CHECK(request.target == "/v2/credentials/1");
  CHECK(!request.headers.contains("authorization"));
}

TEST_CASE("the token in a file is read anew for each request, and goes before the variable") {
  const TokenFile file("first\n");
  Scene scene(with(in_container,
                   {{"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file.path()},
                    {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "other"}}),
              {lent("ASIA1", 1h), lent("ASIA2", 3h)});
  CHECK(scene.key_now() == "ASIA1");
  file.write("second");
  scene.clock.step(1h);
  CHECK(scene.key_now() == "ASIA2");
  CHECK(scene.server.received().at(0).headers.at("authorization") == "first");
  CHECK(scene.server.received().at(1).headers.at("authorization") == "second");
}

TEST_CASE("a container's token in the environment is sent, to a full URI too") {
  Scene first({}, {lent("ASIA1", 1h)});
  first.source = first
                     .make({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", first.server.url("/creds")},
                            {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "bearer"}})
                     .value();
  CHECK(first.key_now() == "ASIA1");
  CHECK(first.server.received().at(0).target == "/creds");
  CHECK(first.server.received().at(0).headers.at("authorization") == "bearer");
}

TEST_CASE("a token file that is missing, empty, too long or of several lines is told by its name") {
  const TokenFile file("");
  Scene scene(with(in_container, {{"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file.path()}}), {});
  for (const std::string& octets :
       {std::string(), std::string("\n"), std::string("one\ntwo"), std::string(20001, 't')}) {
    file.write(octets);
    scene.clock.step(10s);
    const std::string sentence = scene.key_now();
    CAPTURE(sentence);
    CHECK(contains(sentence, file.path()));
    CHECK(!contains(sentence, "two"));
  }
  std::filesystem::remove(file.path());
  scene.clock.step(10s);
  CHECK(contains(scene.key_now(), "cannot be read"));
  CHECK(scene.server.received().empty());
}

TEST_CASE("a web identity is exchanged for a role, unsigned, its token read anew each time") {
  const TokenFile file("jwt.one-_\n");
  const auto answer = [](const std::string& key) {
    return http_response(
        200,
        fmt::format("<R><Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>hush"
                    "</SecretAccessKey><SessionToken>tok</SessionToken><Expiration>{}</Expiration>"
                    "</Credentials></R>",
                    key,
                    moment(std::chrono::system_clock::now() + 2h)));
  };
  Scene scene({{"AWS_WEB_IDENTITY_TOKEN_FILE", file.path()},
               {"AWS_ROLE_ARN", "arn:aws:iam::1:role/relay"},
               {"AWS_ROLE_SESSION_NAME", "a b"}},
              {answer("ASIA1"), answer("ASIA2")});
  CHECK(scene.key_now() == "ASIA1");
  file.write("jwt.two");
  scene.clock.step(1h + 56min);
  CHECK(scene.key_now() == "ASIA2");
  const ReceivedRequest first = scene.server.received().at(0);
  CHECK(first.method == "POST");
  CHECK(first.target == "/");
  CHECK(!first.headers.contains("authorization"));
  CHECK(first.headers.at("content-type") == "application/x-www-form-urlencoded");
  CHECK(first.body ==
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&"
        "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Frelay&RoleSessionName=a%20b&"
        "WebIdentityToken=jwt.one-_");
  CHECK(contains(scene.server.received().at(1).body, "WebIdentityToken=jwt.two"));
}

TEST_CASE("STS's refusal is told with the role and what to check") {
  const TokenFile file("jwt");
  Scene scene({{"AWS_WEB_IDENTITY_TOKEN_FILE", file.path()}, {"AWS_ROLE_ARN", "arn:role/relay"}},
              {http_response(403,
                             "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not "
                             "authorized to perform sts:AssumeRoleWithWebIdentity</Message>"
                             "</Error></ErrorResponse>")});
  const std::string sentence = scene.key_now();
  for (const char* piece : {"AccessDenied", "arn:role/relay", "trust policy", "403"})
    CHECK(contains(sentence, piece));
}

TEST_CASE("EC2's metadata service is asked by version 2: a token, the role, its credentials") {
  Scene scene({},
              {http_response(200, "session-token"),
               http_response(200, "relay@role\n"),
               lent("ASIAEC2", 6h)});
  CHECK(scene.key_now() == "ASIAEC2");
  const auto received = scene.server.received();
  REQUIRE(received.size() == 3);
  CHECK(received[0].method == "PUT");
  CHECK(received[0].target == "/latest/api/token");
  CHECK(received[0].headers.at("x-aws-ec2-metadata-token-ttl-seconds") == "60");
  CHECK(!received[0].headers.contains("content-type"));
  CHECK(received[1].target == "/latest/meta-data/iam/security-credentials/");
  CHECK(received[2].target == "/latest/meta-data/iam/security-credentials/relay@role");
  for (const std::size_t i : {1U, 2U})
    CHECK(received[i].headers.at("x-aws-ec2-metadata-token") == "session-token");
}

TEST_CASE("a metadata service that gives nothing is told with how to get credentials") {
  const std::string token = http_response(200, "t");
  const struct {
    std::vector<std::string> responses;
    std::string told;
  } rows[] = {
      {{http_response(403, "")}, "403"},
      {{http_response(200, "t\r\nHost: x")}, "no token"},
      {{http_response(200, "")}, "no token"},
      {{token, http_response(404, "")}, "no role"},
      {{token, http_response(500, "")}, "500"},
      {{token, http_response(200, "<html>")}, "no role"},
      {{token, http_response(200, "../../../x")}, "no role"},
      {{""}, "could not be asked"},
  };
  for (const auto& row : rows) {
    Scene scene({}, row.responses);
    const std::string sentence = scene.key_now();
    CAPTURE(sentence);
    CHECK(contains(sentence, row.told));
    CHECK(contains(sentence, "aws.access_key_id_file"));
    CHECK(contains(sentence, "hop limit"));
  }
}

TEST_CASE("a hostile answer is a failure without keys in it; a redirect is not followed") {
  const ScriptedHttp elsewhere({lent("ASIAEVIL", 1h)});
  const std::string rows[] = {
      http_response(200, std::string(aws::max_response_octets + 1, 'x')),
      http_response(200, "hush"),
      http_response(200, R"({"AccessKeyId":"A\r\nHost: x","SecretAccessKey":"hush"})"),
      http_response(200, R"({"AccessKeyId":"A","SecretAccessKey":"hush","Expiration":"soon"})"),
      http_response(401, R"({"code":"Unauthorized","message":"who are you?"})"),
      "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"AccessKeyId\":\"hush\"",
      fmt::format("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
                  elsewhere.url("/")),
  };
  for (const std::string& response : rows) {
    Scene scene(in_container, {response});
    const auto found = scene.now();
    REQUIRE(!found.has_value());
    CAPTURE(found.error().sentence());
    CHECK(contains(found.error().sentence(), "ontainer"));
    CHECK(!contains(found.error().sentence(), "hush"));
    CHECK(found.error().sentence().size() < 600);
  }
  CHECK(elsewhere.received().empty());
}

TEST_CASE("a lender that accepts and says nothing costs five seconds") {
  Scene scene(in_container, {});
  const auto began = std::chrono::steady_clock::now();
  CHECK(contains(scene.key_now(), "could not be asked"));
  CHECK(std::chrono::steady_clock::now() - began < 10s);
}

TEST_CASE("credentials serve until five minutes before their end, and are renewed then") {
  Scene scene(in_container, {lent("ASIA1", 1h), lent("ASIA2", 3h)});
  CHECK(scene.key_now() == "ASIA1");
  scene.clock.step(54min);
  CHECK(scene.key_now() == "ASIA1");
  CHECK(scene.server.received().size() == 1);
  scene.clock.step(2min);
  CHECK(scene.key_now() == "ASIA2");
}

TEST_CASE("while they still hold, credentials serve on when they cannot be renewed; then no more") {
  const std::string broken = http_response(500, "");
  Scene scene(in_container, {lent("ASIA1", 1h), broken, broken, broken});
  CHECK(scene.key_now() == "ASIA1");
  scene.clock.step(56min);
  CHECK(scene.key_now() == "ASIA1");
  CHECK(scene.server.received().size() == 2);
  CHECK(scene.key_now() == "ASIA1");
  CHECK(scene.server.received().size() == 2);  // the failure stands
  scene.clock.step(6s);
  CHECK(scene.key_now() == "ASIA1");
  CHECK(scene.server.received().size() == 3);
  scene.clock.step(5min);
  CHECK(contains(scene.key_now(), "answered 500"));
  CHECK(scene.server.received().size() == 4);
}

TEST_CASE("credentials with less than five minutes left serve a minute; without an end, fifteen") {
  Scene scene(in_container,
              {lent("ASIA1", 3min),
               http_response(200, R"({"AccessKeyId":"ASIA2","SecretAccessKey":"s"})"),
               lent("ASIA3", 3h)});
  CHECK(scene.key_now() == "ASIA1");
  scene.clock.step(59s);
  CHECK(scene.key_now() == "ASIA1");
  scene.clock.step(2s);
  CHECK(scene.key_now() == "ASIA2");
  scene.clock.step(9min);
  CHECK(scene.key_now() == "ASIA2");
  scene.clock.step(6min);
  CHECK(scene.key_now() == "ASIA3");
}

TEST_CASE("credentials that come expired are none, and the clock is blamed") {
  Scene scene(in_container, {lent("ASIA1", -1s)});
  CHECK(contains(scene.key_now(), "clock"));
}

TEST_CASE("who asks during a fetch waits for it: there is one request for all") {
  Scene scene(in_container, {lent("ASIA1", 1h)});
  std::vector<std::string> got;
  const auto ask = [&]() -> asio::awaitable<void> {
    const auto found = co_await scene.source->now();
    got.push_back(found ? found->access_key_id.reveal() : found.error().sentence());
  };
  run_together(std::vector{ask, ask, ask});
  CHECK(got == std::vector<std::string>{"ASIA1", "ASIA1", "ASIA1"});
  CHECK(scene.server.received().size() == 1);
}

TEST_CASE("who asks during a fetch that fails gets its failure") {
  Scene scene(in_container, {http_response(500, "")});
  int failures = 0;
  const auto ask = [&]() -> asio::awaitable<void> {
    const auto found = co_await scene.source->now();
    if (!found && contains(found.error().sentence(), "answered 500")) ++failures;
  };
  run_together(std::vector{ask, ask});
  CHECK(failures == 2);
  CHECK(scene.server.received().size() == 1);
}

TEST_CASE("credentials that AWS refuses are replaced at once, by one request for all") {
  Scene scene(in_container, {lent("ASIA1", 1h), lent("ASIA2", 1h)});
  const auto refused = scene.now();
  REQUIRE(refused.has_value());
  std::vector<std::string> got;
  const auto replace = [&]() -> asio::awaitable<void> {
    const auto found = co_await scene.source->instead_of(*refused);
    got.push_back(found ? found->access_key_id.reveal() : found.error().sentence());
  };
  run_together(std::vector{replace, replace});
  CHECK(got == std::vector<std::string>{"ASIA2", "ASIA2"});
  CHECK(scene.server.received().size() == 2);
}

TEST_CASE("where there are none but those refused, that is a failure") {
  Scene lender(in_container, {lent("ASIA1", 1h), lent("ASIA1", 1h)});
  Scene given(keys, {});
  for (Scene* scene : {&lender, &given}) {
    const auto refused = scene->now();
    REQUIRE(refused.has_value());
    const auto others = run_awaitable([&] { return scene->source->instead_of(*refused); });
    REQUIRE(!others.has_value());
    CHECK(contains(others.error().sentence(), "expired"));
    CHECK(!contains(others.error().sentence(), "AKID"));
  }
}

TEST_CASE("closing the client ends a fetch under way") {
  Scene scene(in_container, {});
  std::thread closer([&] {
    scene.server.await_requests(1);
    scene.http->close();
  });
  const auto began = std::chrono::steady_clock::now();
  CHECK(contains(scene.key_now(), "stopping"));
  CHECK(std::chrono::steady_clock::now() - began < 4s);  // the fetch itself had five
  closer.join();
}

TEST_CASE("the endpoint of a region's token service, China's in its own domain") {
  CHECK(aws::sts_endpoint("eu-central-1") == "https://sts.eu-central-1.amazonaws.com");
  CHECK(aws::sts_endpoint("cn-north-1") == "https://sts.cn-north-1.amazonaws.com.cn");
}
