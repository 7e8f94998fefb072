#include "relay/proto/verbs.hpp"

#include "mail/header_fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <system_error>

namespace smtp {
namespace {

using mail::equals_ignoring_case;

constexpr policy::Status bad_arguments{501, 5, 4};
constexpr policy::Status unknown_parameter{555, 5, 4};

/// Cuts the next word off the front of `text`, spaces before it too.
std::string_view next_argument(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

/// Where the path ends that begins with the `<` at the front of `text`; a quoted string may hold a
/// `>`.
std::size_t closing_bracket(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '>' && !quoted) return i;
    if (text[i] == '"') quoted = !quoted;
    if (text[i] == '\\' && quoted) ++i;
  }
  return text.npos;
}

/// Cuts a path off the front of `text`: `<…>`, or a bare word as hand-made scripts write it.
/// Nothing if it is neither.
std::optional<std::string_view> cut_path(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (!text.starts_with('<')) {
    const std::string_view word = next_argument(text);
    if (word.empty() || word.find_first_of("<>") != word.npos) return std::nullopt;
    return word;
  }
  const std::size_t end = closing_bracket(text);
  if (end == text.npos) return std::nullopt;
  const std::string_view path = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  if (!text.empty() && text.front() != ' ') return std::nullopt;
  return path;
}

/// A parameter of MAIL, `KEYWORD[=VALUE]`. AUTH= (RFC 4954 5) is read and not used: a submission
/// names its own sender.
std::optional<SyntaxFault> read_mail_parameter(std::string_view word, PathArguments& mail) {
  const std::size_t equals = std::min(word.find('='), word.size());
  const std::string_view keyword = word.substr(0, equals);
  const std::string_view value = word.substr(std::min(equals + 1, word.size()));
  if (equals_ignoring_case(keyword, "SIZE")) {
    const char* const end = value.data() + value.size();
    const auto [stop, failed] = std::from_chars(value.data(), end, mail.size);
    if (value.empty() || stop != end || failed != std::errc()) {
      return SyntaxFault{bad_arguments, "SIZE takes a number of octets"};
    }
    return std::nullopt;
  }
  if (equals_ignoring_case(keyword, "BODY")) {
    if (equals_ignoring_case(value, "7BIT") || equals_ignoring_case(value, "8BITMIME"))
      return std::nullopt;
    return SyntaxFault{bad_arguments, "BODY takes 7BIT or 8BITMIME"};
  }
  if (equals_ignoring_case(keyword, "AUTH") && !value.empty()) return std::nullopt;
  return SyntaxFault{unknown_parameter, "This parameter of MAIL is not offered here"};
}

/// What MAIL and RCPT share; `text` keeps the parameters.
std::optional<std::string_view> read_path(std::string_view& text, std::string_view keyword) {
  if (!mail::starts_with_ignoring_case(text, keyword)) return std::nullopt;
  text.remove_prefix(keyword.size());
  return cut_path(text);
}

Arguments read_mail(std::string_view text) {
  const auto path = read_path(text, "FROM:");
  if (!path) return SyntaxFault{bad_arguments, "Write MAIL FROM:<address>"};
  PathArguments mail{*path};
  for (auto word = next_argument(text); !word.empty(); word = next_argument(text)) {
    if (const auto fault = read_mail_parameter(word, mail)) return *fault;
  }
  return mail;
}

Arguments read_rcpt(std::string_view text) {
  const auto path = read_path(text, "TO:");
  if (!path) return SyntaxFault{bad_arguments, "Write RCPT TO:<address>"};
  if (!next_argument(text).empty()) {
    return SyntaxFault{unknown_parameter, "No parameter of RCPT is offered here"};
  }
  return PathArguments{*path};
}

Arguments read_auth(std::string_view text) {
  const std::string_view word = next_argument(text);
  const auto mechanism = mechanism_of(word);
  if (word.empty()) return SyntaxFault{bad_arguments, "Write AUTH PLAIN or AUTH LOGIN"};
  if (!mechanism) return SyntaxFault{{504, 5, 4}, "Offered are AUTH PLAIN and AUTH LOGIN"};
  AuthArguments auth{*mechanism, std::nullopt};
  if (const auto response = next_argument(text); !response.empty())
    auth.initial_response = response;
  if (!next_argument(text).empty())
    return SyntaxFault{bad_arguments, "AUTH takes one initial response"};
  return auth;
}

Arguments read_none(std::string_view text) {
  if (text.empty()) return {};
  return SyntaxFault{bad_arguments, "This command takes no argument"};
}

/// Any name is taken: address literals, localhost, container ids.
Arguments read_name(std::string_view text) {
  if (!text.empty()) return {};
  return SyntaxFault{bad_arguments, "Write your name behind it"};
}

Arguments read_any(std::string_view /*text*/) { return {}; }

constexpr unsigned in(std::initializer_list<Stage> stages) {
  unsigned bits = 0;
  for (const Stage stage : stages) bits |= 1U << static_cast<unsigned>(stage);
  return bits;
}
constexpr unsigned anywhere = in({Stage::fresh, Stage::ready, Stage::envelope, Stage::recipients});

constexpr std::array table{
    VerbRow{"EHLO", Verb::ehlo, anywhere, read_name},
    VerbRow{"HELO", Verb::helo, anywhere, read_name},
    VerbRow{"MAIL", Verb::mail, in({Stage::ready}), read_mail},
    VerbRow{"RCPT", Verb::rcpt, in({Stage::envelope, Stage::recipients}), read_rcpt},
    VerbRow{"DATA", Verb::data, in({Stage::recipients}), read_none},
    VerbRow{"RSET", Verb::rset, anywhere, read_none},
    VerbRow{"NOOP", Verb::noop, anywhere, read_any},
    VerbRow{"QUIT", Verb::quit, anywhere, read_none},
    VerbRow{"VRFY", Verb::vrfy, anywhere, read_name},
    VerbRow{"HELP", Verb::help, anywhere, read_any},
    VerbRow{"STARTTLS", Verb::starttls, in({Stage::ready}), read_none},
    VerbRow{"AUTH", Verb::auth, in({Stage::ready}), read_auth},
    VerbRow{"BDAT", Verb::not_implemented, anywhere, read_any},
    VerbRow{"EXPN", Verb::not_implemented, anywhere, read_any},
    VerbRow{"ETRN", Verb::not_implemented, anywhere, read_any},
    VerbRow{"ATRN", Verb::not_implemented, anywhere, read_any},
    VerbRow{"TURN", Verb::not_implemented, anywhere, read_any},
    VerbRow{"BURL", Verb::not_implemented, anywhere, read_any},
    VerbRow{"SEND", Verb::not_implemented, anywhere, read_any},
    VerbRow{"SOML", Verb::not_implemented, anywhere, read_any},
    VerbRow{"SAML", Verb::not_implemented, anywhere, read_any},
};

}  // namespace

std::span<const VerbRow> verbs() noexcept { return table; }

Command read_command(std::string_view line) noexcept {
  Command command;
  command.word = line.substr(0, line.find_first_of(" \t"));
  command.arguments = mail::trim(line.substr(command.word.size()));
  const auto row = std::ranges::find_if(
      table, [&](const VerbRow& r) { return equals_ignoring_case(r.word, command.word); });
  if (row != table.end()) command.row = &*row;
  return command;
}

bool is_http_request(std::string_view line) noexcept {
  constexpr std::array<std::string_view, 10> methods{
      "GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "DELETE", "PATCH", "PRI", "TRACE"};
  const std::string_view word = line.substr(0, line.find_first_of(" \t"));
  return line.find(" HTTP/") != line.npos ||
         std::ranges::any_of(methods, [&](auto m) { return equals_ignoring_case(m, word); });
}

}  // namespace smtp
