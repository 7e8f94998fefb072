#pragma once

#include "policy/envelope.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace spool {

/// The envelope as a stored record that proves itself whole: a version octet, then typed fields (R
/// reverse-path, F forward-path) of four length octets and text, closed by an end field E that
/// holds the number of fields.
[[nodiscard]] std::string encode(const policy::Envelope& envelope);

/// Nothing unless the record is whole: cut, lengthened or with another version it is damaged.
[[nodiscard]] std::optional<policy::Envelope> decode_envelope(std::string_view record);

}  // namespace spool
