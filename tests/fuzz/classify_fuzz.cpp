// A reply of any text: it has a class with a word, its settlement is within bounds, and no reply
// ahead of MAIL fails a message. The input is phase, code (two octets), then lines: reverse-path,
// forward path, text.
#include "relay/proto/settlement.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string next_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string line(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

bool ahead_of_mail(smtp::Phase phase) {
  return phase < smtp::Phase::mail || phase == smtp::Phase::quit;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  if (size < 3) return 0;
  const auto phase =
      static_cast<smtp::Phase>(octets[0] % (static_cast<int>(smtp::Phase::quit) + 1));
  const int code = 200 + (octets[1] * 256 + octets[2]) % 400;
  std::string_view rest(reinterpret_cast<const char*>(octets) + 3, size - 3);
  policy::Envelope envelope;
  envelope.reverse_path = next_line(rest);
  envelope.forward_paths.push_back(next_line(rest));
  const smtp::UpstreamReply reply{code, std::string(rest)};

  const smtp::ReplyClass result = smtp::classify(phase, reply, false, envelope);
  require(!smtp::word(result).empty());
  require(code >= 400 || result == smtp::ReplyClass::taken || result == smtp::ReplyClass::broken ||
          result == smtp::ReplyClass::credentials);
  require(smtp::upstream_id(reply).size() <= 128);
  require(code >= 400 || !smtp::ends_session(reply));
  const smtp::Settlement settled =
      smtp::settle({}, {.result = result, .random = octets[2] * 0x01010101U});
  require(settled.fate != smtp::Fate::fail || (code >= 500 && !ahead_of_mail(phase)));
  require((settled.fate == smtp::Fate::hold) == settled.reason.has_value());
  require(settled.retry_in.count() >= 0 && settled.retry_in <= smtp::RetryRules{}.max * 5 / 4);
  return 0;
}
