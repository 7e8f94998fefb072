#include "relay/feedback/sns_certificates.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>

namespace feedback {

namespace asio = net::asio;

namespace {

/// By then the HTTP client has given up.
constexpr std::chrono::seconds attempt_within = certificate_within + std::chrono::seconds(1);

using Monotonic = std::chrono::steady_clock::time_point;

struct Kept {
  std::string url;
  SigningKey key;
  Monotonic until;
};

/// A fetch under way, or one that failed a moment ago.
struct Attempt {
  Attempt(const asio::any_io_executor& executor, Monotonic now)
      : ended(executor, attempt_within), forgotten_at(now + attempt_within) {}
  asio::steady_timer ended;  ///< for those who wait: cancelled with the outcome
  std::optional<mail::Result<SigningKey>> outcome;
  Monotonic forgotten_at;
};

mail::Result<SigningKey> read_answer(const mail::Result<aws::HttpResponse>& answer, WallTime now) {
  if (!answer) return answer.error();
  if (answer->status != 200)
    return mail::failure(
        fmt::format("SNS's certificate was asked for and answered with {}.", answer->status));
  if (answer->body.size() > longest_certificate)
    return mail::failure("SNS's certificate is longer than a certificate can be.");
  return SigningKey::read(answer->body, now);
}

}  // namespace

struct SnsCertificates::Shelf {
  Fetch fetch;
  const net::Clock& clock;
  std::deque<Kept> kept;  ///< the latest last
  std::map<std::string, std::shared_ptr<Attempt>> attempts;

  void forget() {
    const Monotonic now = clock.monotonic();
    std::erase_if(kept, [now](const Kept& key) { return key.until <= now; });
    std::erase_if(attempts,
                  [now](const auto& attempt) { return attempt.second->forgotten_at <= now; });
  }

  void settle(const std::string& url, Attempt& attempt, mail::Result<SigningKey> outcome) {
    const Monotonic now = clock.monotonic();
    if (outcome) {
      if (kept.size() == most_signing_keys) kept.pop_front();
      kept.push_back({url, *outcome, now + signing_key_kept});
    }
    attempt.outcome = std::move(outcome);
    attempt.forgotten_at = *attempt.outcome ? now : now + certificate_failure_kept;
    attempt.ended.cancel();
  }
};

SnsCertificates::SnsCertificates(Fetch fetch, const net::Clock& clock)
    : shelf_(std::make_shared<Shelf>(std::move(fetch), clock)) {}
SnsCertificates::SnsCertificates(SigningKey fixed) : fixed_(std::move(fixed)) {}
SnsCertificates::~SnsCertificates() = default;

asio::awaitable<mail::Result<SigningKey>> SnsCertificates::key(std::string url) {
  if (fixed_) co_return *fixed_;
  const auto shelf = shelf_;
  shelf->forget();
  const auto kept = std::ranges::find(shelf->kept, url, &Kept::url);
  if (kept != shelf->kept.end()) co_return kept->key;
  if (const auto other = shelf->attempts.find(url); other != shelf->attempts.end()) {
    const auto attempt = other->second;
    if (!attempt->outcome) co_await attempt->ended.async_wait(net::tup);
    if (attempt->outcome) co_return *attempt->outcome;
    co_return mail::failure("SNS's certificate did not come in time.");
  }
  if (shelf->attempts.size() == most_certificate_fetches)
    co_return mail::failure("Too many certificates of SNS are asked for at once.");
  const auto executor = co_await asio::this_coro::executor;
  const auto attempt = std::make_shared<Attempt>(executor, shelf->clock.monotonic());
  shelf->attempts[url] = attempt;
  aws::HttpRequest request;
  request.url = url;
  request.within = request.connect_within = certificate_within;
  const auto answer = co_await shelf->fetch(std::move(request));
  shelf->settle(url, *attempt, read_answer(answer, shelf->clock.now()));
  co_return *attempt->outcome;
}

}  // namespace feedback
