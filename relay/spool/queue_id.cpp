#include "relay/spool/queue_id.hpp"

#include <algorithm>

namespace spool {
namespace {

constexpr std::int64_t epoch = 1'577'836'800'000;  // 2020-01-01T00:00:00Z
constexpr int random_bits = 22;
constexpr std::int64_t last_millisecond = (std::int64_t{1} << 41) - 1;
constexpr std::int64_t furthest_behind = std::int64_t{1000} << random_bits;
constexpr std::size_t length = 13;
constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

}  // namespace

QueueId QueueId::make(std::int64_t unix_milliseconds, std::uint32_t random) noexcept {
  const auto since = std::clamp<std::int64_t>(unix_milliseconds - epoch, 0, last_millisecond);
  return QueueId((since << random_bits) | (random & ((1U << random_bits) - 1)));
}

QueueId QueueIds::next(std::int64_t unix_milliseconds, std::uint32_t random) noexcept {
  const std::int64_t wanted = QueueId::make(unix_milliseconds, random).value();
  std::int64_t last = last_.load(), id = wanted;
  do {
    const bool follows = wanted > last || last - wanted > furthest_behind;
    id = follows ? wanted : last + 1;
  } while (!last_.compare_exchange_weak(last, id));
  return QueueId(id);
}

std::optional<QueueId> QueueId::parse(std::string_view text) noexcept {
  if (text.size() != length) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    const auto digit = alphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    if (value >> 58U != 0) return std::nullopt;  // would not fit in 63 bits
    value = value << 5U | digit;
  }
  return QueueId(static_cast<std::int64_t>(value));
}

std::string QueueId::text() const {
  std::string shown(length, '0');
  auto rest = static_cast<std::uint64_t>(value_);
  for (auto at = shown.rbegin(); at != shown.rend(); ++at, rest >>= 5U) *at = alphabet[rest & 31U];
  return shown;
}

std::int64_t QueueId::unix_milliseconds() const noexcept { return (value_ >> random_bits) + epoch; }

}  // namespace spool
