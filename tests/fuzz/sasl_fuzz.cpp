// An AUTH exchange with any lines: no credential over its bounds, and base64 that is its own
// inverse.
#include "relay/proto/base64.hpp"
#include "relay/proto/sasl.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_base64(std::string_view text) {
  const auto octets = smtp::base64_decode(text);
  if (octets) require(smtp::base64_encode(*octets) == text);
  require(smtp::base64_decode(smtp::base64_encode(text)) == text);
}

void check_word(const std::string& word) {
  require(!word.empty() && word.size() <= smtp::max_credential_octets);
  require(word.find('\0') == word.npos);
}

/// True when the exchange is over.
bool check_step(const smtp::SaslStep& step) {
  if (std::holds_alternative<smtp::Challenge>(step)) return false;
  if (const auto* credential = std::get_if<smtp::Credential>(&step)) {
    check_word(credential->user);
    check_word(credential->password);
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view first = text.substr(0, text.find('\n'));
  text.remove_prefix(first.size());
  const auto mechanism = smtp::mechanism_of(first.substr(0, first.find(' ')));
  if (!mechanism) return 0;

  const std::size_t space = first.find(' ');
  std::optional<std::string_view> initial_response;
  if (space != first.npos) initial_response = first.substr(space + 1);
  smtp::SaslExchange exchange(*mechanism);
  bool over = check_step(exchange.begin(initial_response));
  while (!over && !text.empty()) {
    text.remove_prefix(1);
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size());
    check_base64(line);
    over = check_step(exchange.resume(line));
  }
  return 0;
}
