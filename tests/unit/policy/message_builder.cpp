#include "tests/unit/policy/message_builder.hpp"

#include "mail/header_fields.hpp"

namespace support {

policy::AppFacts site() {
  policy::AppFacts app;
  app.name = "site";
  app.domains.push_back({.name = "example.com"});
  return app;
}

std::string message(std::string_view header_lines, std::string_view body) {
  std::string text;
  const std::string lower = '\n' + mail::to_lower(header_lines);
  if (lower.find("\nfrom") == std::string::npos) text = "From: noreply@example.com\n";
  text += header_lines;
  text += "\n\n";
  text += body;
  return policy::normalise_line_ends(text);
}

std::string with_part(std::string_view part) {
  return message("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b",
                 "--b\nContent-Type: text/plain\n\nhello\n--b\n" + std::string(part) + "\n--b--\n");
}

std::string related(const std::string& html, const std::string& image) {
  return message("MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b",
                 "--b\nContent-Type: text/html\n\n" + html + "\n--b\n" + image + "\n--b--\n");
}

std::string png_part(const std::string& fields, std::size_t octets) {
  std::string image(support::png);
  image.resize(octets, 'x');
  return "Content-Type: image/png; name=logo.png\nContent-Transfer-Encoding: base64\n" + fields +
         "\n" + base64(image);
}

std::string verdict_on(std::string_view octets) { return verdict_on(octets, site()); }

std::string verdict_on(std::string_view octets, const policy::AppFacts& app) {
  const auto verdict = policy::judge_message(app, policy::summarise(octets, app.rules));
  return verdict ? std::string(policy::word(verdict->reason)) : "accept";
}

std::string base64(std::string_view octets) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < octets.size(); i += 3) {
    unsigned group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group =
          group * 256 + (i + j < octets.size() ? static_cast<unsigned char>(octets[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      const bool padding = i + j > octets.size();
      out.push_back(padding ? '=' : alphabet[(group >> (18 - 6 * j)) & 63U]);
    }
    if (i % 57 == 54) out += "\r\n";
  }
  return out;
}

}  // namespace support
