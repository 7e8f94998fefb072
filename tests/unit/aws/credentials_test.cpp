#include "relay/aws/credentials.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

namespace {

using Variables = std::map<std::string, std::string>;

mail::Result<aws::Credentials> found_in(const Variables& variables, const config::Aws& configured) {
  return aws::find_credentials(configured, [&](const char* name) -> const char* {
    const auto variable = variables.find(name);
    return variable == variables.end() ? nullptr : variable->second.c_str();
  });
}

const Variables whole{{"AWS_ACCESS_KEY_ID", "AKIDENV"},
                      {"AWS_SECRET_ACCESS_KEY", "env/secret"},
                      {"AWS_SESSION_TOKEN", "env+token=="}};

}  // namespace

TEST_CASE("keys of the configuration win over the environment, its session token included") {
  config::Aws configured;
  configured.access_key_id = config::Secret("AKIDFILE");
  configured.secret_access_key = config::Secret("file/secret");
  const auto found = found_in(whole, configured);
  REQUIRE(found.has_value());
  CHECK(found->access_key_id.reveal() == "AKIDFILE");
  CHECK(found->secret_access_key.reveal() == "file/secret");
  CHECK(found->session_token.empty());
}

TEST_CASE("without keys in the configuration those of the environment are used") {
  const auto found = found_in(whole, {});
  REQUIRE(found.has_value());
  CHECK(found->access_key_id.reveal() == "AKIDENV");
  CHECK(found->secret_access_key.reveal() == "env/secret");
  CHECK(found->session_token.reveal() == "env+token==");
}

TEST_CASE(
    "an environment that cannot be used is refused with what to change and without the keys") {
  const struct {
    Variables variables;
    std::string named;
  } rows[] = {
      {{}, "aws.access_key_id_file"},
      {{{"AWS_SESSION_TOKEN", "sometoken"}}, "aws.access_key_id_file"},
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
  };
  for (const auto& row : rows) {
    const auto found = found_in(row.variables, {});
    REQUIRE(!found.has_value());
    const std::string sentence = found.error().sentence();
    CAPTURE(sentence);
    CHECK(sentence.find(row.named) != std::string::npos);
    for (const char* key : {"hush", "sometoken", "AKID"})
      CHECK(sentence.find(key) == std::string::npos);
  }
}

TEST_CASE("a session token of 8192 octets is taken") {
  Variables variables = whole;
  variables["AWS_SESSION_TOKEN"] = std::string(8192, 't');
  CHECK(found_in(variables, {}).has_value());
}
