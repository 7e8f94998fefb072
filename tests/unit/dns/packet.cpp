#include "packet.hpp"

#include <algorithm>

namespace packet {

Octets name(const std::string& text) {
  const std::string wire =
      domains::wire_question({.name = text, .type = policy::RecordType::a}).value().name;
  return {wire.begin(), wire.end()};
}

Octets number16(std::uint16_t number) {
  return {static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number & 0xFFU)};
}

Octets strings(const std::vector<std::string>& strings) {
  Octets octets;
  for (const std::string& string : strings) {
    octets.push_back(static_cast<std::uint8_t>(string.size()));
    octets.insert(octets.end(), string.begin(), string.end());
  }
  return octets;
}

Octets record(const Octets& owner, std::uint16_t type, const Octets& rdata, std::uint32_t ttl) {
  return owner + number16(type) + number16(1) + number16(static_cast<std::uint16_t>(ttl >> 16U)) +
         number16(static_cast<std::uint16_t>(ttl & 0xFFFFU)) +
         number16(static_cast<std::uint16_t>(rdata.size())) + rdata;
}

Octets message(std::uint16_t id,
               std::uint16_t flags,
               const Octets& question,
               const std::vector<Octets>& answers) {
  Octets octets = number16(id) + number16(flags) + number16(1) +
                  number16(static_cast<std::uint16_t>(answers.size())) + number16(0) + number16(0) +
                  question;
  for (const Octets& answer : answers) octets = std::move(octets) + answer;
  return octets;
}

Octets question(const std::string& text, std::uint16_t type) {
  return name(text) + number16(type) + number16(1);
}

Octets reply(const Octets& query, std::uint16_t flags, const std::vector<Octets>& answers) {
  const auto end = std::find(query.begin() + 12, query.end(), 0) + 5;
  const auto id = static_cast<std::uint16_t>(query[0] << 8U | query[1]);
  return message(id, flags, Octets(query.begin() + 12, end), answers);
}

std::string asked(const Octets& query) {
  return domains::shown_name({reinterpret_cast<const char*>(query.data()) + 12, query.size() - 12});
}

Octets operator+(Octets left, const Octets& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

}  // namespace packet
