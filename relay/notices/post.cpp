#include "relay/notices/post.hpp"

#include "policy/reply.hpp"

#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace notices {
namespace {

namespace json = boost::json;

constexpr std::size_t most_sentence = 1000;
constexpr std::size_t most_name = 255;

/// RFC 3339.
std::string moment(WallTime at) {
  return fmt::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(at));
}

json::object head(std::string_view id, WallTime at, std::string_view kind) {
  return {{"id", id}, {"at", moment(at)}, {"kind", kind}};
}

json::array refused_in(const policy::Digest& digest) {
  json::array lines;
  for (const policy::RefusedAlike& alike : digest.refused)
    lines.push_back({{"app", alike.app},
                     {"reason", alike.reason ? policy::word(*alike.reason) : ""},
                     {"sentence", policy::printable(alike.sentence, most_sentence)},
                     {"count", alike.count},
                     {"first", moment(alike.first)},
                     {"last", moment(alike.last)},
                     {"reference", policy::printable(alike.reference)}});
  return lines;
}

json::array held_in(const policy::Digest& digest) {
  json::array lines;
  for (const policy::HeldAlike& held : digest.held)
    lines.push_back(
        {{"app", held.app}, {"reason", policy::word(held.reason)}, {"count", held.count}});
  return lines;
}

/// "example.com of shop"
std::string topic(const Alert& alert) {
  std::string about = policy::printable(alert.about, most_name);
  std::string app = policy::printable(alert.app, most_name);
  if (app.empty() || app == about) return about;
  return about.empty() ? app : about + " of " + app;
}

}  // namespace

Post post_of(const ToldAlert& told, std::string id, WallTime at) {
  const Alert& alert = told.alert;
  json::object body = head(id, at, word(alert.kind));
  body["app"] = alert.app;
  body["about"] = policy::printable(alert.about, most_name);
  body["sentence"] = policy::printable(alert.sentence, most_sentence);
  if (told.more > 0) body["more"] = told.more;
  return {std::move(id), json::serialize(body)};
}

Post post_of(const policy::Digest& digest, std::string id, WallTime at) {
  json::object body = head(id, at, "digest");
  body["app"] = digest.app;
  body["about"] = "";
  body["sentence"] = policy::sentence_of(digest);
  body["refused"] = refused_in(digest);
  body["held"] = held_in(digest);
  return {std::move(id), json::serialize(body)};
}

std::string signature(const config::Secret& secret, std::int64_t seconds, std::string_view body) {
  const std::string text = fmt::format("{}.{}", seconds, body);
  const std::string& key = secret.reveal();
  std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(),
           key.data(),
           static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()),
           text.size(),
           code.data(),
           &size) == nullptr)
    throw std::runtime_error("OpenSSL has no HMAC-SHA256: the webhook needs it.");
  std::string value = fmt::format("t={},v1=", seconds);
  for (unsigned i = 0; i < size; ++i) value += fmt::format("{:02x}", code[i]);
  return value;
}

policy::Letter letter_of(const ToldAlert& told, std::string to, WallTime at) {
  const Alert& alert = told.alert;
  const std::string about = topic(alert);
  policy::Letter letter;
  letter.to = std::move(to);
  letter.subject = "Alert: " + std::string(word(alert.kind)) + (about.empty() ? "" : ", " + about);
  letter.text = policy::wrap("", policy::printable(alert.sentence, most_sentence), "") + "\r\n";
  if (!about.empty()) letter.text += policy::wrap("About: ", about, "  ");
  letter.text += "Seen:  " + policy::minute_of(at) + "\r\n";
  if (told.more > 0)
    letter.text +=
        "\r\n" + policy::wrap("",
                              std::to_string(told.more) +
                                  " more of the same were not mailed since the last one: there is "
                                  "one mail an hour.",
                              "");
  return letter;
}

}  // namespace notices
