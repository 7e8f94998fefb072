#include "relay/domains/dns/message.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace domains {
namespace {

using policy::DnsAnswer;
using policy::DnsOutcome;
using policy::DnsRecord;
using policy::RecordType;

constexpr std::uint16_t type_a = 1, type_ns = 2, type_cname = 5, type_ptr = 12, type_mx = 15,
                        type_txt = 16, type_aaaa = 28, type_opt = 41;
constexpr unsigned rcode_no_error = 0, rcode_no_name = 3;

std::uint16_t number_of(RecordType type) {
  switch (type) {
    case RecordType::txt:
      return type_txt;
    case RecordType::cname:
      return type_cname;
    case RecordType::mx:
      return type_mx;
    case RecordType::ns:
      return type_ns;
    case RecordType::a:
      return type_a;
    case RecordType::aaaa:
      return type_aaaa;
    case RecordType::ptr:
      return type_ptr;
  }
  return 0;
}

std::string word_of(unsigned rcode) {
  static constexpr std::array words{
      "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
  return rcode < words.size() ? words[rcode] : "RCODE " + std::to_string(rcode);
}

void append(std::vector<std::uint8_t>& octets, std::uint16_t number) {
  octets.push_back(static_cast<std::uint8_t>(number >> 8U));
  octets.push_back(static_cast<std::uint8_t>(number & 0xFFU));
}

/// Reads on from a place in a message. Past its end, or at a malformed name, it is broken for good,
/// and gives zeros and empty names.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> octets, std::size_t at = 0)
      : octets_(octets), at_(at) {}

  [[nodiscard]] bool broken() const noexcept { return broken_; }
  [[nodiscard]] std::size_t at() const noexcept { return at_; }

  std::string_view take(std::size_t length) {
    if (broken_ || octets_.size() - at_ < length) {
      broken_ = true;
      return {};
    }
    const auto* from = reinterpret_cast<const char*>(octets_.data()) + at_;
    at_ += length;
    return {from, length};
  }

  std::uint32_t number(std::size_t length) {
    std::uint32_t value = 0;
    for (const char octet : take(length)) value = value << 8U | static_cast<std::uint8_t>(octet);
    return value;
  }

  std::uint16_t number16() { return static_cast<std::uint16_t>(number(2)); }

  /// In wire form, lower case, pointers resolved: each must lead further back than the last
  /// (RFC 1035, 4.1.4), so that none goes round.
  std::string name() {
    std::string wire;
    std::size_t after = 0;  // where reading goes on; 0: no pointer yet
    std::size_t bound = at_;
    while (true) {
      const std::uint32_t length = number(1);
      if (broken_) return {};
      if (length >= 0xC0U) {
        const std::size_t target = (length & 0x3FU) << 8U | number(1);
        if (broken_ || target >= bound) return fail();
        if (after == 0) after = at_;
        at_ = bound = target;
        continue;
      }
      if (length > longest_label || wire.size() + 1 + length > longest_name) return fail();
      wire += static_cast<char>(length);
      for (const char octet : take(length)) wire += lower(octet);
      if (broken_) return {};
      if (length == 0) break;
    }
    if (after != 0) at_ = after;
    return wire;
  }

 private:
  std::string fail() {
    broken_ = true;
    return {};
  }

  std::span<const std::uint8_t> octets_;
  std::size_t at_ = 0;
  bool broken_ = false;
};

/// A record of the answer section, its own part unread yet.
struct Entry {
  std::string owner;
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  std::size_t at = 0;  ///< of RDATA
  std::size_t length = 0;
};

std::optional<std::vector<Entry>> read_entries(Reader& reader, unsigned count) {
  std::vector<Entry> entries;
  for (unsigned i = 0; i < count && !reader.broken(); ++i) {
    Entry entry;
    entry.owner = reader.name();
    entry.type = reader.number16();
    const bool internet = reader.number16() == class_in;
    const std::uint32_t ttl = reader.number(4);
    entry.ttl = ttl > std::numeric_limits<std::int32_t>::max() ? 0 : ttl;  // RFC 2181, 8
    entry.length = reader.number16();
    entry.at = reader.at();
    reader.take(entry.length);
    if (internet) entries.push_back(std::move(entry));
  }
  if (reader.broken()) return std::nullopt;
  return entries;
}

/// None where RDATA is not what its type says.
std::optional<DnsRecord> read_record(std::span<const std::uint8_t> octets, const Entry& entry) {
  Reader reader(octets.first(entry.at + entry.length), entry.at);
  DnsRecord record;
  switch (entry.type) {
    case type_txt:
      do {
        record.strings.emplace_back(reader.take(reader.number(1)));
        record.text += record.strings.back();
      } while (!reader.broken() && reader.at() < entry.at + entry.length);
      break;
    case type_mx: {
      const std::string preference = std::to_string(reader.number16());
      record.text = preference + ' ' + shown_name(reader.name());
      break;
    }
    case type_a: {
      boost::asio::ip::address_v4::bytes_type address{};
      std::ranges::copy(reader.take(address.size()), address.begin());
      record.text = boost::asio::ip::address_v4(address).to_string();
      break;
    }
    case type_aaaa: {
      boost::asio::ip::address_v6::bytes_type address{};
      std::ranges::copy(reader.take(address.size()), address.begin());
      record.text = boost::asio::ip::address_v6(address).to_string();
      break;
    }
    default:
      record.text = shown_name(reader.name());
  }
  if (reader.broken() || reader.at() != entry.at + entry.length) return std::nullopt;
  return record;
}

constexpr std::uint32_t no_ttl = std::numeric_limits<std::uint32_t>::max();

/// Where the CNAMEs lead from the question's name, as far as they stay in the zone.
struct Chain {
  std::string end;  ///< in wire form
  std::uint32_t ttl = no_ttl;
  bool endless = false;
};

std::optional<Chain> follow(std::span<const std::uint8_t> octets,
                            const std::vector<Entry>& entries,
                            const WireQuestion& question,
                            std::string_view zone) {
  Chain chain{.end = question.name};
  if (question.type == type_cname) return chain;
  for (std::size_t aliases = 0; is_within(chain.end, zone); ++aliases) {
    const auto alias = std::ranges::find_if(entries, [&chain](const Entry& entry) {
      return entry.type == type_cname && entry.owner == chain.end;
    });
    if (alias == entries.end()) break;
    chain.endless = aliases == most_aliases;
    if (chain.endless) break;
    Reader reader(octets.first(alias->at + alias->length), alias->at);
    chain.end = reader.name();
    chain.ttl = std::min(chain.ttl, alias->ttl);
    if (reader.broken()) return std::nullopt;
  }
  return chain;
}

/// The answer of a message whose RCODE is NOERROR or NXDOMAIN, which speaks of the chain's end
/// (RFC 6604). None: malformed.
std::optional<DnsAnswer> collect(std::span<const std::uint8_t> octets,
                                 const std::vector<Entry>& entries,
                                 const WireQuestion& question,
                                 std::string_view zone,
                                 unsigned rcode) {
  const auto chain = follow(octets, entries, question, zone);
  if (!chain) return std::nullopt;
  if (chain->endless)
    return failed_answer("more than " + std::to_string(most_aliases) +
                         " CNAMEs, or a circle of them");
  const bool in_zone = is_within(chain->end, zone);
  const bool exists = rcode != rcode_no_name || !in_zone;
  DnsAnswer answer{.outcome = exists ? DnsOutcome::no_data : DnsOutcome::no_name};
  if (chain->end != question.name) answer.canonical_name = shown_name(chain->end);
  std::uint32_t ttl = chain->ttl;
  std::size_t size = 0;
  for (const Entry& entry : entries) {
    if (!in_zone || entry.type != question.type || entry.owner != chain->end) continue;
    const auto record = read_record(octets, entry);
    if (!record) return std::nullopt;
    size += record->text.size();
    if (answer.records.size() == most_records)
      return failed_answer("the answer is larger than " + std::to_string(most_records) +
                           " records");
    if (size > most_octets) return failed_answer("the answer is larger than 64 KiB");
    answer.records.push_back(*record);
    ttl = std::min(ttl, entry.ttl);
  }
  if (!answer.records.empty()) answer.outcome = DnsOutcome::found;
  if (ttl != no_ttl) answer.ttl = ttl;
  return answer;
}

}  // namespace

std::optional<WireQuestion> wire_question(const policy::DnsQuestion& question) {
  auto name = wire_name(question.name);
  if (!name) return std::nullopt;
  return WireQuestion{.name = std::move(*name), .type = number_of(question.type)};
}

std::vector<std::uint8_t> query(const WireQuestion& question, std::uint16_t id) {
  std::vector<std::uint8_t> octets;
  constexpr std::uint16_t no_flags = 0, no_records = 0, one = 1;
  for (const std::uint16_t part : {id, no_flags, one, no_records, no_records, one})
    append(octets, part);
  octets.insert(octets.end(), question.name.begin(), question.name.end());
  append(octets, question.type);
  append(octets, class_in);
  octets.push_back(0);  // the OPT record's owner, the root; RFC 6891, 6.1.2
  append(octets, type_opt);
  append(octets, largest_udp_reply);
  for (int part = 0; part < 3; ++part) append(octets, 0);  // extended RCODE, flags, no options
  return octets;
}

std::optional<Reply> read_reply(std::span<const std::uint8_t> octets,
                                const WireQuestion& question,
                                std::string_view zone) {
  Reader reader(octets);
  Reply reply{.id = reader.number16()};
  const unsigned flags = reader.number16();
  const unsigned questions = reader.number16();
  const unsigned answers = reader.number16();
  reader.take(4);  // how many of authority and additional, which are not read
  const bool is_reply = (flags & 0xF800U) == 0x8000U;
  const unsigned rcode = flags & 0x000FU;
  const bool negative = rcode != rcode_no_error && rcode != rcode_no_name;
  if (reader.broken() || !is_reply || questions > 1) return std::nullopt;
  if (questions == 0 && !negative) return std::nullopt;  // a refusal may leave the question out
  if (questions == 1 && (reader.name() != question.name || reader.number16() != question.type ||
                         reader.number16() != class_in))
    return std::nullopt;
  reply.authoritative = (flags & 0x0400U) != 0;
  reply.truncated = (flags & 0x0200U) != 0;
  if (negative) reply.answer = failed_answer(word_of(rcode));
  if (negative || reply.truncated) return reply;
  const auto entries = read_entries(reader, answers);
  if (!entries) return std::nullopt;
  auto answer = collect(octets, *entries, question, zone, rcode);
  if (!answer) return std::nullopt;
  reply.answer = std::move(*answer);
  return reply;
}

DnsAnswer failed_answer(std::string why) {
  return {.outcome = DnsOutcome::failed, .why = std::move(why)};
}

}  // namespace domains
