#include "relay/cli/manual.hpp"

#include "relay/cli/command_tree.hpp"

#include <fmt/format.h>

namespace cli {
namespace {

/// Text that roff neither runs nor changes; what stands in backquotes becomes bold.
std::string roff(std::string_view text) {
  std::string made;
  bool bold = false;
  for (const char c : text) {
    if (c == '`') {
      made += bold ? "\\fR" : "\\fB";
      bold = !bold;
    } else if (c == '\\') {
      made += "\\e";
    } else if (c == '-') {
      made += "\\-";
    } else {
      made += c;
    }
  }
  if (bold) made += "\\fR";
  const bool control = made.starts_with('.') || made.starts_with('\'');
  return control ? "\\&" + made : made;
}

std::string heading(std::string_view name, int section) {
  return fmt::format(".TH {} {} \"\" \"postern {}\" \"Postern\"\n", name, section, POSTERN_VERSION);
}

std::string option_entry(const ShownOption& option) {
  std::string names;
  for (const std::string& name : option.names)
    names += fmt::format("{}\\fB{}\\fR", names.empty() ? "" : ", ", roff(name));
  const std::string value =
      option.value.empty() ? "" : fmt::format(" \\fI{}\\fR", roff(option.value));
  return fmt::format(".TP\n{}{}\n{}\n", names, value, roff(option.meaning));
}

/// `postern app add [OPTIONS] NAME`.
std::string usage(const ShownCommand& command) {
  std::string line = fmt::format(".B postern{}\n", roff(command.path));
  line += command.below.empty() ? "[\\fIOPTIONS\\fR]" : "\\fICOMMAND\\fR";
  for (const ShownOption& option : command.options) {
    if (!option.is_argument) continue;
    const std::string name = fmt::format("\\fI{}\\fR", roff(option.names.front()));
    line += option.required ? " " + name : fmt::format(" [{}]", name);
  }
  return line + "\n";
}

std::string command_section(const ShownCommand& command) {
  std::string text =
      fmt::format(".SS \"postern{}\"\n{}\n", roff(command.path), roff(command.meaning));
  text += ".PP\n" + usage(command);
  for (const ShownOption& option : command.options) text += option_entry(option);
  if (command.footer.empty()) return text;
  text += ".PP\n.nf\n";
  for (std::size_t at = 0; at < command.footer.size();) {
    const std::size_t end = std::min(command.footer.find('\n', at), command.footer.size());
    text += roff(std::string_view(command.footer).substr(at, end - at)) + "\n";
    at = end + 1;
  }
  return text + ".fi\n";
}

constexpr std::string_view exit_status =
    ".SH \"EXIT STATUS\"\n"
    "0 done, 1 refused or failed, 2 wrong usage; \\fBpostern sendmail\\fR has the codes of "
    "sysexits.h.\n";
constexpr std::string_view files_of_commands =
    ".SH FILES\n"
    ".TP\n\\fI/etc/postern/postern.yml\\fR\nThe configuration, unless the current folder has "
    "\\fIconf/postern.yml\\fR.\n"
    ".TP\n\\fI/etc/postern/sendmail.yml\\fR\nThe settings of \\fBpostern sendmail\\fR.\n"
    ".SH \"SEE ALSO\"\n"
    ".BR postern.yml (5)\n";

std::string key_entry(const config::Key& key) {
  const bool has_file = key.kind == config::Kind::secret;
  std::string text = fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(key.path), roff(key.meaning));
  text += fmt::format("It is {}", roff(config::describe_kind(key)));
  if (has_file)
    text += fmt::format(", or the path of its file as \\fB{}_file\\fR", roff(key.name()));
  if (!key.preset.empty()) text += fmt::format("; default: {}", roff(key.preset));
  return text + ".\n";
}

}  // namespace

std::string manual_of_commands(const CLI::App& root) {
  const auto commands = command_tree(root);
  std::string text = heading("POSTERN", 1);
  text += fmt::format(".SH NAME\npostern \\- {}\n", roff(commands.front().meaning));
  text += ".SH SYNOPSIS\n" + usage(commands.front());
  text +=
      ".SH DESCRIPTION\nMail of a web application goes in by SMTP, is judged, kept, signed, and "
      "handed to Amazon SES.\nErrors go to standard error, a sentence each with what to do.\n";
  text += ".SH OPTIONS\n";
  for (const ShownOption& option : commands.front().options) text += option_entry(option);
  text += ".SH COMMANDS\n";
  for (const ShownCommand& command : commands)
    if (!command.path.empty()) text += command_section(command);
  text += exit_status;
  return text += files_of_commands;
}

std::string manual_of_file(std::string_view name,
                           std::string_view path,
                           std::string_view purpose,
                           config::KeyTable table) {
  std::string capitals(name);
  for (char& c : capitals) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  std::string text = heading(capitals, 5);
  text += fmt::format(".SH NAME\n{} \\- {}\n", name, roff(purpose));
  text += fmt::format(
      ".SH DESCRIPTION\n\\fI{}\\fR is YAML and read strictly: an unknown key, a wrong type or a "
      "missing file is a mistake, said with its line and column.\nRelative paths start at the "
      "file's folder.\nSizes take \\fBKiB\\fR and \\fBMiB\\fR, durations \\fBs\\fR, \\fBm\\fR, "
      "\\fBh\\fR and \\fBd\\fR.\n.SH KEYS\n",
      roff(path));
  for (const config::Key& key : table)
    if (key.kind != config::Kind::awaited) text += key_entry(key);
  return text + ".SH \"SEE ALSO\"\n.BR postern (1)\n";
}

}  // namespace cli
