// What SES's API answers: the first octet chooses the status, the rest is the body. Whatever comes,
// names that pass can stand in DNS, and an answer that is not done says why in printable text.
#include "relay/aws/ses_identity.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

bool fits_dns(std::string_view text, bool dots) {
  return std::ranges::all_of(text, [dots](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || (dots && c == '.');
  });
}

void require(bool holds) {
  if (!holds) std::abort();
}

void check_identity(std::string_view body) {
  const auto identity = aws::parse_identity(body);
  if (!identity) return require(!identity.error().sentence().empty());
  require(identity->exists);
  require(identity->dkim_tokens.size() <= aws::max_dkim_tokens);
  for (const std::string_view token : identity->dkim_tokens)
    require(!token.empty() && token.size() <= 63 && fits_dns(token, false));
  require(!identity->dkim_hosted_zone.empty() && fits_dns(identity->dkim_hosted_zone, true));
  require(identity->mail_from_domain.size() <= 253 && fits_dns(identity->mail_from_domain, true));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  constexpr std::array<unsigned, 8> statuses{200, 301, 400, 401, 403, 404, 429, 500};
  if (size == 0) return 0;
  const unsigned status = statuses[input[0] % statuses.size()];
  const std::string_view body(reinterpret_cast<const char*>(input) + 1, size - 1);
  check_identity(body);
  for (const std::string_view type : {std::string_view(), body}) {
    const aws::Answer answer = aws::classify("ses:GetEmailIdentity", status, type, body);
    require((answer.outcome == aws::Outcome::done) == (status == 200));
    require(answer.sentence.empty() == (status == 200));
    require(answer.sentence.size() < 1000);
    require(std::ranges::all_of(answer.sentence, [](char c) { return c >= 0x20 && c < 0x7f; }));
  }
  return 0;
}
