#include "relay/spool/envelope_record.hpp"

#include <cstdint>

namespace spool {
namespace {

constexpr char version = 1;

void put_number(std::string& record, std::size_t number) {
  for (unsigned shift = 0; shift < 32; shift += 8)
    record += static_cast<char>(number >> shift & 0xffU);
}

void put_path(std::string& record, char type, std::string_view path) {
  record += type;
  put_number(record, path.size());
  record += path;
}

/// Takes four octets off the front.
std::optional<std::uint32_t> take_number(std::string_view& rest) {
  if (rest.size() < 4) return std::nullopt;
  std::uint32_t number = 0;
  for (unsigned i = 0; i < 4; ++i)
    number |= static_cast<std::uint32_t>(static_cast<unsigned char>(rest[i])) << 8U * i;
  rest.remove_prefix(4);
  return number;
}

}  // namespace

std::string encode(const policy::Envelope& envelope) {
  std::string record(1, version);
  put_path(record, 'R', envelope.reverse_path);
  for (const auto& path : envelope.forward_paths) put_path(record, 'F', path);
  record += 'E';
  put_number(record, envelope.forward_paths.size() + 1);
  return record;
}

std::optional<policy::Envelope> decode_envelope(std::string_view rest) {
  if (rest.empty() || rest.front() != version) return std::nullopt;
  rest.remove_prefix(1);
  policy::Envelope envelope;
  for (std::uint32_t fields = 0; !rest.empty(); ++fields) {
    const char type = rest.front();
    rest.remove_prefix(1);
    const auto number = take_number(rest);
    if (!number) return std::nullopt;
    if (type == 'E') {
      if (*number != fields || fields == 0 || !rest.empty()) return std::nullopt;
      return envelope;
    }
    if (type != (fields == 0 ? 'R' : 'F') || *number > rest.size()) return std::nullopt;
    const auto path = rest.substr(0, *number);
    rest.remove_prefix(*number);
    if (fields == 0)
      envelope.reverse_path = path;
    else
      envelope.forward_paths.emplace_back(path);
  }
  return std::nullopt;
}

}  // namespace spool
