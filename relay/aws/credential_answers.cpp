#include "relay/aws/credential_answers.hpp"

#include "relay/aws/members.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace aws {
namespace {

namespace json = boost::json;

/// The octets between the first `<name>` and the `</name>` that follows it; empty if there are
/// none. Enough of XML for what STS answers: nothing in it that is read has attributes or entities.
std::string_view element(std::string_view xml, std::string_view name) {
  const std::string open = fmt::format("<{}>", name), close = fmt::format("</{}>", name);
  const auto begin = xml.find(open);
  if (begin == std::string_view::npos) return {};
  xml.remove_prefix(begin + open.size());
  const auto end = xml.find(close);
  return end == std::string_view::npos ? std::string_view() : xml.substr(0, end);
}

/// What the members or elements of an answer come to.
mail::Result<LentCredentials> lent(std::string_view access_key_id,
                                   std::string_view secret_access_key,
                                   std::string_view session_token,
                                   std::string_view expiration) {
  if (access_key_id.empty() || secret_access_key.empty())
    return mail::failure("something without an access key in it");
  if (!fits_a_header(access_key_id, config::max_secret_octets) ||
      !fits_a_header(secret_access_key, config::max_secret_octets) ||
      !fits_a_header(session_token, max_token_octets))
    return mail::failure("keys that cannot be keys: too long, or with strange octets in them");
  LentCredentials found;
  found.credentials.access_key_id = config::Secret(std::string(access_key_id));
  found.credentials.secret_access_key = config::Secret(std::string(secret_access_key));
  found.credentials.session_token = config::Secret(std::string(session_token));
  if (expiration.empty()) return found;
  found.expires = parse_moment(expiration);
  if (!found.expires) return mail::failure("keys without the time at which they expire");
  return found;
}

std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : view(*text);
}

/// A number of exactly so many digits at `at`.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int number = 0;
  const char* const end = text.data() + at + count;
  const auto [stop, failed] = std::from_chars(text.data() + at, end, number);
  if (failed != std::errc() || stop != end || text[at] == '-') return std::nullopt;
  return number;
}

}  // namespace

mail::Result<LentCredentials> parse_lent_json(std::string_view text) {
  boost::system::error_code failed;
  const json::value value = json::parse(text, failed);
  const json::object* object = failed ? nullptr : value.if_object();
  if (object == nullptr) return mail::failure("something that is no JSON object");
  const std::string_view code = text_of(*object, "Code");
  if (!code.empty() && code != "Success")
    return mail::failure(fmt::format("{}: {}", quoted(code), quoted(text_of(*object, "Message"))));
  return lent(text_of(*object, "AccessKeyId"),
              text_of(*object, "SecretAccessKey"),
              text_of(*object, "Token"),
              text_of(*object, "Expiration"));
}

mail::Result<LentCredentials> parse_lent_xml(std::string_view xml) {
  const std::string_view credentials = element(xml, "Credentials");
  return lent(element(credentials, "AccessKeyId"),
              element(credentials, "SecretAccessKey"),
              element(credentials, "SessionToken"),
              element(credentials, "Expiration"));
}

std::string sts_error(std::string_view xml) {
  const std::string_view error = element(xml, "Error");
  const std::string_view code = element(error, "Code");
  if (code.empty()) return {};
  return fmt::format("{}: {}", quoted(code.substr(0, 90)), quoted(element(error, "Message")));
}

bool may_lend(std::string_view uri) {
  constexpr std::array<std::string_view, 5> hosts{
      "localhost", "169.254.170.2", "169.254.170.23", "[::1]", "[fd00:ec2::23]"};
  const auto parsed = boost::urls::parse_uri(boost::core::string_view(uri.data(), uri.size()));
  if (!parsed || parsed->has_userinfo()) return false;
  const std::string host = parsed->host();
  if (host.empty()) return false;
  if (parsed->scheme_id() == boost::urls::scheme::https) return true;
  if (parsed->scheme_id() != boost::urls::scheme::http) return false;
  if (parsed->host_type() == boost::urls::host_type::ipv4)
    if (parsed->host_ipv4_address().is_loopback()) return true;
  return std::ranges::find(hosts, std::string_view(host)) != hosts.end();
}

std::optional<std::chrono::system_clock::time_point> parse_moment(std::string_view text) {
  constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() <= shape.size() || text.back() != 'Z') return std::nullopt;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] != 'd' && text[i] != shape[i]) return std::nullopt;
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

}  // namespace aws
