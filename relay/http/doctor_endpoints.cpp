#include "relay/http/doctor_endpoints.hpp"

#include "relay/http/answers.hpp"
#include "relay/http/body.hpp"
#include "relay/http/entry_json.hpp"
#include "relay/observe/escape.hpp"

#include <boost/json/array.hpp>

#include <string>
#include <utility>

namespace http {

namespace {

namespace json = boost::json;

constexpr std::size_t longest_address = 320;

asio::awaitable<Response> examine(Sources sources, Call call) {
  if (const auto mistake = Body(call.body).mistake()) co_return error_response(400, *mistake);
  const doctor::Findings findings = co_await sources.examine();
  json::array shown;
  for (const doctor::Finding& finding : findings)
    shown.push_back(json::object{{"check", finding.check},
                                 {"grade", doctor::word(finding.grade)},
                                 {"what", observe::valid_utf8(finding.what)},
                                 {"mend", text_or_null(finding.mend)}});
  co_return json_response({{"findings", std::move(shown)}});
}

asio::awaitable<Response> send_test(Sources sources, Call call) {
  Body body(call.body);
  TestMail mail;
  mail.app = body.text("app").value_or("");
  mail.from = body.text("from", longest_address).value_or("");
  mail.to = body.text("to", longest_address).value_or("");
  if (mail.app.empty() || mail.from.empty() || mail.to.empty())
    body.refuse("Give `app`, `from` and `to`.");
  if (const auto mistake = body.mistake()) co_return error_response(400, *mistake);
  if (!sources.registry->catalog()->apps.contains(mail.app))
    co_return error_response(404, "There is no app of that name.");
  const TestAnswer answer = co_await sources.send_test(std::move(mail));
  co_return json_response({{"queue_id", text_or_null(answer.queue_id)},
                           {"reply", text_or_null(answer.reply)},
                           {"feed", answer.feed}});
}

}  // namespace

Endpoints doctor_endpoints(const Sources& sources) {
  return {{"/api/v1/doctor", {.post = operation(Access::socket, sources, examine)}},
          {"/api/v1/send-test", {.post = operation(Access::socket, sources, send_test)}}};
}

}  // namespace http
