#include "relay/cli/awaited.hpp"

#include <fmt/format.h>

#include <array>

namespace cli {
namespace {

constexpr std::array table{
    Awaited{"recipient", ""},
};

/// The first one or two words of the command line.
std::string words(std::span<const char* const> arguments, std::size_t count) {
  return fmt::format("{}", fmt::join(arguments.first(std::min(count, arguments.size())), " "));
}

}  // namespace

std::span<const Awaited> awaited_commands() noexcept { return table; }

std::optional<std::string> refuse_awaited(std::span<const char* const> arguments) {
  for (const Awaited& awaited : table) {
    if (words(arguments, 1) != awaited.command && words(arguments, 2) != awaited.command) continue;
    const std::string until =
        awaited.instead.empty() ? "" : fmt::format("; until then {}", awaited.instead);
    return fmt::format(
        "The feature behind `postern {}` has not landed yet{}.", awaited.command, until);
  }
  return std::nullopt;
}

}  // namespace cli
