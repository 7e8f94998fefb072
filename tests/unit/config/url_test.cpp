#include "relay/config/url.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_SUITE("relay/config/url") {
  TEST_CASE("a URL gives scheme, host and port") {
    struct Row {
      std::string text;
      bool https;
      std::string host;
      std::uint16_t port;
    };
    const Row rows[] = {
        {"https://hooks.example.com", true, "hooks.example.com", 443},
        {"https://Hooks.EXAMPLE.com/a?b=c:d@e", true, "hooks.example.com", 443},
        {"http://127.0.0.1:4566/000000000000/q", false, "127.0.0.1", 4566},
        {"http://localhost?x", false, "localhost", 80},
        {"https://[::1]", true, "::1", 443},
        {"https://[2001:DB8::1]:65535/", true, "2001:db8::1", 65535},
    };
    for (const Row& row : rows) {
      CAPTURE(row.text);
      const auto url = config::parse_url(row.text);
      REQUIRE(url.has_value());
      CHECK(url->https == row.https);
      CHECK(url->host == row.host);
      CHECK(url->port == row.port);
    }
  }

  TEST_CASE("what another reader could take for another host is no URL") {
    for (const std::string text : {"",
                                   "https://",
                                   "https:///path",
                                   "https://:443/",
                                   "HTTPS://example.com",
                                   "//example.com",
                                   "ftp://example.com",
                                   "file:///etc/passwd",
                                   "https://user@example.com",
                                   "https://user:password@example.com/",
                                   "https://example.com#fragment",
                                   "https://example.com\\@evil.example",
                                   "https://exam ple.com",
                                   "https://example.com/\r\nHost: x",
                                   "https://ex%61mple.com",
                                   "https://example.com:0",
                                   "https://example.com:65536",
                                   "https://example.com:",
                                   "https://example.com:8443x",
                                   "https://::1/",
                                   "https://[::1",
                                   "https://[::1]x",
                                   "https://[127.0.0.1]/",
                                   "https://\xc3\xbc.example"}) {
      CAPTURE(text);
      CHECK_FALSE(config::parse_url(text).has_value());
    }
  }

  TEST_CASE("a URL has at most 2048 octets") {
    const std::string start = "https://example.com/";
    const std::string longest = start + std::string(config::max_url_octets - start.size(), 'x');
    CHECK(config::parse_url(longest).has_value());
    CHECK_FALSE(config::parse_url(longest + "x").has_value());
  }

  TEST_CASE("an ARN names a standard topic") {
    const std::string begin = "arn:aws:sns:eu-central-1:111122223333:";
    for (const std::string& arn :
         {begin + "ses-events",
          begin + std::string(256, 'x'),
          std::string("arn:aws-cn:sns:cn-north-1:111122223333:E_1"),
          std::string("arn:aws-us-gov:sns:us-gov-west-1:111122223333:e")}) {
      CAPTURE(arn);
      CHECK(config::is_topic_arn(arn));
    }
    for (const std::string& arn : {std::string(),
                                   std::string("ses-events"),
                                   begin,
                                   begin + std::string(257, 'x'),
                                   begin + "events.fifo",
                                   begin + "events:subscription",
                                   begin + "*",
                                   std::string("arn:aws:sqs:eu-central-1:111122223333:events"),
                                   std::string("arn:other:sns:eu-central-1:111122223333:events"),
                                   std::string("arn:aws:sns:everywhere:111122223333:events"),
                                   std::string("arn:aws:sns::111122223333:events"),
                                   std::string("arn:aws:sns:eu-central-1:11112222333:events"),
                                   std::string("arn:aws:sns:eu-central-1:11112222333x:events")}) {
      CAPTURE(arn);
      CHECK_FALSE(config::is_topic_arn(arn));
    }
  }
}
