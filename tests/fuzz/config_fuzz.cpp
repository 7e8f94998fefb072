// The whole reading of a configuration file, files that it names included. Whatever the text: a
// configuration or at least one mistake, each of them inside the text and printable.
#include "relay/config/config.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(octets), size);
  const config::Reading reading = config::read_text(text, "/nonexistent/postern.yml");
  if (reading.config.has_value() != reading.mistakes.empty()) std::abort();
  for (const config::Mistake& mistake : reading.mistakes) {
    if (mistake.line == 0 || mistake.line > size + 2 || mistake.text.empty()) std::abort();
    for (const char c : mistake.text)
      if (static_cast<unsigned char>(c) < 0x20) std::abort();
  }
  if (reading.config) static_cast<void>(config::app_facts(*reading.config));
  return 0;
}
