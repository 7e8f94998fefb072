#include "relay/notices/webhook.hpp"

#include "relay/config/networks.hpp"
#include "relay/net/ask.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace notices {
namespace {

namespace asio = net::asio;
using namespace std::chrono_literals;

constexpr auto look_up_within = 5s;
constexpr unsigned most_doublings = 7;

bool may_be_sent_again(unsigned status) { return status == 408 || status == 429 || status >= 500; }

}  // namespace

Webhook::Webhook(Parts parts, const config::Webhook& settings)
    : parts_(std::move(parts)),
      settings_(settings),
      url_(config::parse_url(settings.url.reveal()).value_or(config::Url{})),
      resolver_(parts_.executor),
      pause_(parts_.executor) {}

mail::Result<std::shared_ptr<Webhook>> Webhook::make(Parts parts, const config::Webhook& settings) {
  auto http = aws::HttpClient::start(settings.tls_ca_file);
  if (!http) return http.error();
  std::shared_ptr<Webhook> webhook(new Webhook(std::move(parts), settings));
  webhook->http_ = std::move(*http);
  return webhook;
}

void Webhook::post(Post post) {
  if (stopped_) return;
  if (waiting_.size() >= most_waiting) {
    // The first may be under way: the one behind it goes.
    waiting_.erase(waiting_.begin() + 1);
    parts_.metrics.webhook_post("dropped");
  }
  waiting_.push_back({std::move(post), parts_.clock.monotonic()});
  if (std::exchange(running_, true)) return;
  net::spawn(
      parts_.executor, [self = shared_from_this()] { return self->run(); }, parts_.sink, [] {});
}

std::deque<Post> Webhook::stop() {
  stopped_ = true;
  std::deque<Post> left;
  for (Waiting& each : waiting_) left.push_back(each.post);
  pause_.cancel();
  resolver_.cancel();
  http_->close();
  return left;
}

asio::awaitable<void> Webhook::run() {
  while (!stopped_ && !waiting_.empty()) {
    const End end = co_await send(waiting_.front().post);
    if (stopped_) break;
    settle(end);
    if (end != End::failed || waiting_.empty()) continue;
    pause_.expires_after(parts_.first_pause * (1U << std::min(failures_ - 1, most_doublings)));
    co_await pause_.async_wait(net::tup);
  }
  running_ = false;
}

void Webhook::settle(End end) {
  if (end == End::failed) {
    ++failures_;
    if (parts_.clock.monotonic() - waiting_.front().since < given_up_after) return;
    parts_.metrics.webhook_post("given_up");
  } else {
    failures_ = 0;
    parts_.metrics.webhook_post(end == End::delivered ? "delivered" : "refused");
  }
  waiting_.pop_front();
}

/// What it is posted to was looked at, and is all that is connected to: a name that leads elsewhere
/// a moment later leads nobody astray.
asio::awaitable<Webhook::End> Webhook::send(const Post& post) {
  auto found = co_await addresses();
  if (!found) co_return failed(found.error().sentence());
  const std::int64_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(parts_.clock.now().time_since_epoch())
          .count();
  aws::HttpRequest request;
  request.method = "POST";
  request.url = settings_.url.reveal();
  request.called = "the webhook";
  request.addresses = std::move(*found);
  request.headers = {"Content-Type: application/json",
                     "User-Agent: Postern",
                     "Expect:",
                     "Postern-Id: " + post.id,
                     "Postern-Signature: " + signature(settings_.secret, seconds, post.body)};
  request.body = config::Secret(post.body);
  request.within = within;
  request.most_octets = most_response;
  request.cuts_body = true;
  const auto answer = co_await http_->send(std::move(request));
  if (!answer) co_return failed(answer.error().sentence());
  if (answer->status / 100 == 2) co_return End::delivered;
  const std::string why = fmt::format("it answered {}", answer->status);
  if (may_be_sent_again(answer->status)) co_return failed(why);
  parts_.log.error("the webhook refused a post, which is not sent again",
                   {{"id", post.id},
                    {"why", answer->status / 100 == 3 ? why + ": no redirect is followed" : why}});
  co_return End::refused;
}

Webhook::End Webhook::failed(const std::string& why) {
  if (!stopped_) parts_.log.error("the webhook could not be told", {{"why", why}});
  return End::failed;
}

asio::awaitable<mail::Result<std::vector<std::string>>> Webhook::addresses() {
  using Found = std::vector<std::string>;
  auto question = [this](std::function<void(Found)> done) {
    resolver_.async_resolve(
        url_.host,
        std::to_string(url_.port),
        [done = std::move(done)](const boost::system::error_code&, const auto& results) {
          Found found;
          for (const auto& one : results) found.push_back(one.endpoint().address().to_string());
          done(std::move(found));
        });
  };
  Found found = (co_await net::ask<Found>(question, look_up_within)).value_or(Found());
  if (found.empty())
    co_return mail::failure("no address was found for " + url_.host +
                            ": check the name and this machine's name servers");
  Found allowed;
  std::ranges::copy_if(found, std::back_inserter(allowed), [this](const std::string& address) {
    return config::is_public(address) || config::is_within(address, settings_.allow);
  });
  if (allowed.empty())
    co_return mail::failure(fmt::format(
        "{} leads to {}, which is not public: list its network in operator.webhook_allow, or "
        "correct the name",
        url_.host,
        fmt::join(found, ", ")));
  co_return mail::Result<Found>(std::move(allowed));
}

}  // namespace notices
