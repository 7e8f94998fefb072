// Foreign text on its way into a log line, a terminal and JSON: whatever comes, one line of
// harmless UTF-8 leaves, within its bound, and JSON stays JSON.
#include "relay/observe/addresses.hpp"
#include "relay/observe/escape.hpp"
#include "relay/observe/field.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool harmless(std::string_view text) {
  return text.find_first_of(std::string_view("\0\n\r\t\x1b\x7f", 6)) == std::string_view::npos &&
         text.find("\u202e") == std::string_view::npos &&
         text.find("\u009b") == std::string_view::npos && observe::valid_utf8(text) == text;
}

void check_escape(std::string_view text) {
  for (const std::size_t most : {std::size_t{0}, std::size_t{7}, std::size_t{200}}) {
    const std::string shown = observe::escaped(text, most);
    require(shown.size() <= most && harmless(shown));
  }
  require(harmless(observe::escaped(text)));
}

void check_json(std::string_view text) {
  const std::string json = boost::json::serialize(boost::json::value(observe::valid_utf8(text)));
  const std::string printable = observe::printable_json(json);
  require(harmless(printable));
  require(boost::json::parse(printable) == boost::json::parse(json));
}

void check_line(std::string_view text) {
  const std::array fields{observe::Field("a", text), observe::Field::identifier("b", text)};
  for (const auto addresses :
       {config::LogAddresses::masked, config::LogAddresses::hashed, config::LogAddresses::full}) {
    require(harmless(observe::body_of(fields, {config::LogFormat::text, addresses, "key"})));
    const std::string json =
        "{" + observe::body_of(fields, {config::LogFormat::json, addresses, "key"}) + "}";
    require(harmless(json) && boost::json::parse(json).as_object().size() == 2);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(octets), size);
  check_escape(text);
  check_json(text);
  check_line(text);
  (void)observe::with_addresses(text, config::LogAddresses::masked, "key");
  return 0;
}
