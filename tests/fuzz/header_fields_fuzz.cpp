#include "mail/header_fields.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// Reads any octets as a header section: every view must lie inside what was read, in order, and
// within the bounds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(octets), size);
  const mail::HeaderSection section = mail::read_header_section(text);
  if (section.body_offset > size || section.fields.size() > mail::max_header_fields) std::abort();
  const char* reached = text.data();
  for (const mail::Field& field : section.fields) {
    const bool inside = field.raw.data() >= reached &&
                        field.raw.data() + field.raw.size() <= text.data() + section.body_offset;
    if (!inside || field.name.empty() || field.name.find(':') != std::string_view::npos)
      std::abort();
    reached = field.raw.data() + field.raw.size();
    static_cast<void>(mail::unfold(field.value));
  }
  return 0;
}
