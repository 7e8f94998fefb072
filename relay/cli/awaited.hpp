#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cli {

/// A command of the outer face whose feature has not landed yet.
struct Awaited {
  std::string_view command;  ///< "app"
  std::string_view instead;  ///< what to do until then, completes "until then"; may be empty
};

[[nodiscard]] std::span<const Awaited> awaited_commands() noexcept;

/// The sentence that refuses a command line (without the program's name) that begins with an
/// awaited command, or nothing.
[[nodiscard]] std::optional<std::string> refuse_awaited(std::span<const char* const> arguments);

}  // namespace cli
