// The content reader against a plain reading of RFC 5321 4.5.2, for any cuts into chunks.
#include "relay/proto/data_framing.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace {

constexpr std::uint64_t limit = 512;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Expected {
  std::string content;
  std::size_t taken = 0;
};

/// What the octets say when they are all at hand.
std::optional<Expected> read_plainly(std::string_view wire) {
  const std::string lines = "\r\n" + std::string(wire);
  const std::size_t end = lines.find("\r\n.\r\n");
  if (end == std::string::npos) return std::nullopt;
  Expected expected{lines.substr(0, end + 2), end + 3};
  for (std::size_t at = 0; (at = expected.content.find("\r\n.", at)) != std::string::npos;
       at += 2) {
    expected.content.erase(at + 2, 1);
  }
  expected.content.erase(0, 2);
  return expected;
}

/// Feeds chunks whose lengths come from `cuts`; gives how many octets were taken.
std::size_t feed(smtp::ContentReader& reader, std::string_view wire, std::string_view cuts) {
  std::size_t taken = 0;
  for (std::size_t i = 0; taken < wire.size() && !reader.complete(); ++i) {
    const std::size_t length =
        cuts.empty() ? wire.size() : 1U + static_cast<unsigned char>(cuts[i % cuts.size()]) % 16U;
    taken += reader.feed(wire.substr(taken, length));
  }
  return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = std::min<std::size_t>(size == 0 ? 0 : data[0] % 8U, size);
  const std::string_view wire = all.substr(cut);
  const auto expected = read_plainly(wire);

  smtp::ContentReader reader(limit);
  const std::size_t taken = feed(reader, wire, all.substr(0, cut));
  require(reader.complete() == expected.has_value());
  if (!expected) return 0;
  require(taken == expected->taken);
  require(reader.received() == expected->content.size());
  require(reader.too_big() == (expected->content.size() > limit));
  require(*reader.take() == (expected->content.size() > limit ? "" : expected->content));

  const std::string framed = smtp::frame(expected->content);
  smtp::ContentReader again(framed.size());
  require(again.feed(framed) == framed.size());
  require(again.complete() && *again.take() == expected->content);
  return 0;
}
