#include "relay/http/conditions.hpp"

#include "relay/http/answers.hpp"

#include <fmt/format.h>

#include <charconv>
#include <functional>
#include <string>
#include <utility>

namespace http {

namespace {

Response changed_meanwhile() {
  return error_response(412, "It was changed after you looked: get it again and decide anew.");
}

}  // namespace

Response tagged(const Fields& fields, const boost::json::object& body, std::uint64_t version) {
  Response response = json_response(body);
  std::string tag = fmt::format("\"{}-{:016x}\"", version, std::hash<std::string>{}(response.body));
  if (fields.if_none_match == "*" || fields.if_none_match.find(tag) != std::string::npos)
    response = {.status = 304};
  response.fields["ETag"] = std::move(tag);
  return response;
}

boost::system::result<domains::Expected, Response> expected_version(const Fields& fields,
                                                                    std::uint64_t version) {
  std::string_view tag = fields.if_match;
  if (tag.empty() || tag == "*") return domains::Expected();
  if (tag.starts_with('"')) tag.remove_prefix(1);
  std::uint64_t expected = 0;
  const auto [end, error] = std::from_chars(tag.data(), tag.data() + tag.size(), expected);
  if (error != std::errc() || (*end != '"' && *end != '-'))
    return error_response(400, "Give If-Match as the ETag that was shown, like \"7\".");
  if (expected != version) return changed_meanwhile();
  return domains::Expected(expected);
}

Response refused(const domains::Refused& refusal,
                 const domains::Expected& expected,
                 std::uint64_t version) {
  if (refusal.kind == domains::Refused::Kind::conflict && expected && *expected != version)
    return changed_meanwhile();
  return refused(refusal);
}

Response refused(const domains::Refused& refusal) {
  using Kind = domains::Refused::Kind;
  switch (refusal.kind) {
    case Kind::absent:
      return error_response(404, refusal.sentence);
    case Kind::conflict:
    case Kind::read_only:
      return error_response(409, refusal.sentence);
    case Kind::invalid:
      return error_response(400, refusal.sentence);
    case Kind::failed:
      break;
  }
  return error_response(503, refusal.sentence);
}

}  // namespace http
