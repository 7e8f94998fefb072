#include "relay/http/sns_endpoint.hpp"

#include "relay/http/allowance.hpp"
#include "relay/http/bounds.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace http {

namespace {

using Take = std::function<asio::awaitable<SnsAnswer>(std::string body)>;

asio::awaitable<Response> take_post(Take take,
                                    std::shared_ptr<Allowance> allowance,
                                    Request request) {
  SnsAnswer answer{503, "Too many posts came at once: send it again later."};
  if (allowance->take(std::chrono::steady_clock::now()))
    answer = co_await take(std::move(request.body));
  co_return Response{.status = answer.status, .body = std::move(answer.sentence) + "\n"};
}

}  // namespace

Routes sns_routes(const Sources& sources, SnsRate rate) {
  auto allowance = std::make_shared<Allowance>(rate.per_second, rate.burst);
  Handler post = [take = sources.sns, allowance](Request request) {
    return take_post(take, allowance, std::move(request));
  };
  return {{"/feedback/sns",
           {.post = std::move(post), .any_type = true, .body_octets = longest_sns_post}}};
}

}  // namespace http
