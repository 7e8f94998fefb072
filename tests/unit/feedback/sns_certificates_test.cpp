#include "relay/feedback/sns_certificates.hpp"

#include "samples.hpp"
#include "sns_signer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

using namespace std::chrono_literals;
using feedback::SigningKey;
using feedback::SnsCertificates;

namespace {

namespace asio = boost::asio;

class HeldClock final : public net::Clock {
 public:
  [[nodiscard]] std::chrono::system_clock::time_point now() const override {
    return moment("2026-09-14T09:30:00Z");
  }
  [[nodiscard]] std::chrono::steady_clock::time_point monotonic() const override {
    return std::chrono::steady_clock::time_point(passed);
  }
  std::uint32_t random() override { return 4; }
  std::chrono::seconds passed{1000};
};

/// Certificates asked for on one context, from a server that answers when it is told to.
class Scene {
 public:
  explicit Scene(std::string pem) : pem_(std::move(pem)) {}

  HeldClock clock;
  unsigned status = 200;
  bool answers = true;
  std::map<std::string, std::size_t> fetches;
  std::vector<std::string> failures;
  std::size_t keys = 0;

  void ask(const std::string& url) {
    auto start = [this, url]() -> asio::awaitable<void> {
      const auto key = co_await certificates_.key(url);
      if (key) ++keys;
      if (!key) failures.push_back(key.error().sentence());
    };
    net::spawn(
        context_.get_executor(), start, [](std::string_view what) { FAIL(what); }, [] {});
    context_.restart();
    context_.poll();
  }

  /// Lets all answers come that wait.
  void answer() {
    answers = true;
    silence_.cancel();
    context_.restart();
    context_.poll();
  }

  [[nodiscard]] std::size_t all_fetches() const {
    std::size_t all = 0;
    for (const auto& [url, count] : fetches) all += count;
    return all;
  }

 private:
  asio::awaitable<mail::Result<aws::HttpResponse>> fetch(aws::HttpRequest request) {
    CHECK(request.method == "GET");
    CHECK(request.within == 5s);
    CHECK_FALSE(request.signing);
    ++fetches[request.url];
    if (!answers) co_await silence_.async_wait(net::tup);
    if (status == 0) co_return mail::failure("it could not be asked");
    aws::HttpResponse response;
    response.status = status;
    response.body = pem_;
    co_return response;
  }

  std::string pem_;
  asio::io_context context_{1};
  asio::steady_timer silence_{context_, asio::steady_timer::time_point::max()};
  SnsCertificates certificates_{
      [this](aws::HttpRequest request) { return fetch(std::move(request)); }, clock};
};

std::string pem() {
  static const SnsSigner signer;
  return signer.certificate(moment("2026-09-14T09:30:00Z"), std::chrono::hours(24 * 365));
}

std::string url(std::size_t n) {
  return fmt::format("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-{:032x}.pem",
                     n);
}

}  // namespace

TEST_CASE("a certificate is fetched once a day") {
  Scene scene(pem());
  scene.ask(url(1));
  scene.ask(url(1));
  scene.clock.passed += 24h - 1s;
  scene.ask(url(1));
  CHECK(scene.fetches[url(1)] == 1);
  scene.clock.passed += 1s;
  scene.ask(url(1));
  CHECK(scene.fetches[url(1)] == 2);
  CHECK(scene.keys == 4);
}

TEST_CASE("those who ask while a certificate is fetched wait for the same fetch") {
  Scene scene(pem());
  scene.answers = false;
  for (int i = 0; i < 20; ++i) scene.ask(url(1));
  CHECK(scene.all_fetches() == 1);
  CHECK(scene.keys == 0);
  scene.answer();
  CHECK(scene.keys == 20);
  CHECK(scene.all_fetches() == 1);
}

TEST_CASE("a failure is remembered for half a minute") {
  struct Row {
    unsigned status;
    std::string body;
  };
  const Row rows[] = {{0, pem()},
                      {404, pem()},
                      {302, pem()},
                      {200, "<html>"},
                      {200, ""},
                      {200, pem() + std::string(feedback::longest_certificate, '\n')}};
  for (const auto& row : rows) {
    CAPTURE(row.status);
    Scene scene(row.body);
    scene.status = row.status;
    scene.ask(url(1));
    scene.ask(url(1));
    scene.clock.passed += 29s;
    scene.ask(url(1));
    CHECK(scene.failures.size() == 3);
    CHECK(scene.all_fetches() == 1);
    scene.clock.passed += 1s;
    scene.ask(url(1));
    CHECK(scene.all_fetches() == 2);
    CHECK(scene.keys == 0);
  }
}

TEST_CASE("a certificate of the greatest length is read") {
  std::string longest = pem();
  longest.resize(feedback::longest_certificate, '\n');
  Scene scene(longest);
  scene.ask(url(1));
  CHECK(scene.keys == 1);
}

TEST_CASE("a flood of certificate URLs fetches eight in half a minute, and what is known stays") {
  Scene scene(pem());
  scene.ask(url(0));
  REQUIRE(scene.keys == 1);
  scene.status = 404;
  for (std::size_t i = 1; i <= 1000; ++i) scene.ask(url(i));
  CHECK(scene.all_fetches() == 1 + feedback::most_certificate_fetches);
  CHECK(scene.failures.size() == 1000);
  scene.ask(url(0));
  CHECK(scene.keys == 2);
  CHECK(scene.fetches[url(0)] == 1);
  scene.clock.passed += 30s;
  for (std::size_t i = 1; i <= 1000; ++i) scene.ask(url(i));
  CHECK(scene.all_fetches() == 1 + 2 * feedback::most_certificate_fetches);
}

TEST_CASE("fetches under way are as few as failures") {
  Scene scene(pem());
  scene.answers = false;
  for (std::size_t i = 0; i < 100; ++i) scene.ask(url(i));
  CHECK(scene.all_fetches() == feedback::most_certificate_fetches);
  CHECK(scene.failures.size() == 100 - feedback::most_certificate_fetches);
  scene.answer();
  CHECK(scene.keys == feedback::most_certificate_fetches);
}

TEST_CASE("the eight latest keys are kept") {
  Scene scene(pem());
  for (std::size_t i = 0; i <= feedback::most_signing_keys; ++i) {
    scene.ask(url(i));
    scene.clock.passed += 1s;
  }
  CHECK(scene.keys == 1 + feedback::most_signing_keys);
  for (std::size_t i = 1; i <= feedback::most_signing_keys; ++i) scene.ask(url(i));
  CHECK(scene.all_fetches() == 1 + feedback::most_signing_keys);
  scene.ask(url(0));
  CHECK(scene.fetches[url(0)] == 2);
}

TEST_CASE("a key of the configuration stands for all, and nothing is fetched") {
  const auto now = moment("2026-09-14T09:30:00Z");
  const SnsSigner signer;
  SnsCertificates certificates(SigningKey::read(signer.certificate(now), now).value());
  std::optional<SigningKey> key;
  asio::io_context context(1);
  auto start = [&]() -> asio::awaitable<void> {
    const auto found = co_await certificates.key(url(1));
    if (found) key = *found;
  };
  net::spawn(
      context.get_executor(), start, [](std::string_view what) { FAIL(what); }, [] {});
  context.run();
  REQUIRE(key.has_value());
  const auto message = feedback::parse_sns_message(signer.post(SnsSigner::notification()));
  CHECK(key->signed_this(*message));
}
