// What goes between the relay and its SPF child, either way, and what is read of strangers' records
// before libspf2: whatever is taken is what would have been written, and what is handed on keeps
// its form.
#include "relay/domains/spf/amends.hpp"
#include "relay/domains/spf/messages.hpp"
#include "relay/domains/spf/names.hpp"
#include "relay/domains/spf/records.hpp"
#include "relay/domains/spf/syntax.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

namespace spf = domains::spf;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_messages(std::string_view octets) {
  if (const auto message = spf::decode_from_child(octets)) require(spf::encode(*message) == octets);
  if (const auto question = spf::decode_question(octets)) require(spf::encode(*question) == octets);
  if (const auto answer = spf::decode_answer(octets)) require(spf::encode(*answer) == octets);
  require(spf::printable(octets).size() <= spf::max_why);
}

void check_names(std::string_view octets) {
  const std::string asked = spf::as_asked(octets);
  if (spf::is_askable(asked)) require(spf::as_asked(asked) == asked);
  if (spf::is_sender_domain(octets)) require(spf::is_askable(spf::as_asked(octets)));
}

void check_record(std::string_view octets) {
  policy::DnsAnswer answer;
  answer.outcome = policy::DnsOutcome::found;
  answer.records.emplace_back().text = octets;
  const spf::Selection selected = spf::select_record(answer);
  require(selected.count <= 1);
  static_cast<void>(spf::first_ip4_host(octets));
  if (selected.count == 0 || !selected.is_ascii) return;

  const auto written = spf::normalised(selected.record);
  if (!written) return;
  const auto again = spf::normalised(*written);
  require(again.has_value() && *again == *written);
  const std::string mended =
      spf::without_vain_digits(*written, {{'d', "mail.example.org"}, {'l', "foo"}});
  require(spf::normalised(mended).has_value());
  constexpr std::array<unsigned char, 4> address{192, 0, 2, 1};
  const std::string fewer = spf::without_other_networks(mended, address);
  require(fewer.size() <= mended.size() && spf::normalised(fewer).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  check_messages(octets);
  check_names(octets);
  check_record(octets);
  return 0;
}
