#pragma once

#include "policy/reply.hpp"
#include "relay/proto/sasl.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

namespace smtp {

/// Where a server session stands: the first four wait for a command, each of the others for one
/// kind of Input.
enum class Stage : std::uint8_t {
  fresh,       ///< no EHLO yet, on this connection or since STARTTLS
  ready,       ///< between transactions
  envelope,    ///< MAIL was taken, no RCPT yet
  recipients,  ///< at least one RCPT was taken
  sasl,        ///< a line of an AUTH exchange
  credential,  ///< Authenticated
  tls,         ///< TlsStarted
  facts,       ///< Facts or Refuse, for MAIL
  weighing,    ///< Weighed or NotStored, at DATA
  content,     ///< Content
  store,       ///< Stored, NotStored or StoreTimedOut
  closed,      ///< nothing more
};

enum class Verb : std::uint8_t {
  ehlo,
  helo,
  mail,
  rcpt,
  data,
  rset,
  noop,
  quit,
  vrfy,
  help,
  starttls,
  auth,
  not_implemented,  ///< known and not offered: BDAT, EXPN, ETRN, TURN …
};

/// MAIL FROM and RCPT TO as written: the path without angle brackets.
struct PathArguments {
  std::string_view path;
  std::uint64_t size = 0;  ///< declared by SIZE (RFC 1870), 0 if not
};
struct AuthArguments {
  Mechanism mechanism{};
  std::optional<std::string_view> initial_response;
};
/// Why a command's arguments are refused.
struct SyntaxFault {
  policy::Status status;
  std::string_view text;
};
/// Views into the command line.
using Arguments = std::variant<std::monostate, PathArguments, AuthArguments, SyntaxFault>;

/// A row of the one table of verbs.
struct VerbRow {
  std::string_view word;
  Verb verb;                                 ///< what to do
  unsigned legal;                            ///< stages in which it may be said: bits `1 << Stage`
  Arguments (*read)(std::string_view text);  ///< checks the syntax of what follows the verb
};

[[nodiscard]] std::span<const VerbRow> verbs() noexcept;
[[nodiscard]] constexpr bool legal_in(const VerbRow& row, Stage stage) noexcept {
  return (row.legal >> static_cast<unsigned>(stage) & 1U) != 0;
}

/// A command line (RFC 5321 4.1.1) without CRLF.
struct Command {
  std::string_view word;
  std::string_view arguments;    ///< white space at both ends cut off
  const VerbRow* row = nullptr;  ///< null for an unknown verb
};
[[nodiscard]] Command read_command(std::string_view line) noexcept;

/// Whether a line is the request line of HTTP: some program speaks to the wrong port, or is made to
/// (SSRF). A known method is enough, because older requests name no version.
[[nodiscard]] bool is_http_request(std::string_view line) noexcept;

}  // namespace smtp
