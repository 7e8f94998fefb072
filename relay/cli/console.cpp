#include "relay/cli/console.hpp"

#include "relay/observe/escape.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>

namespace cli {

namespace json = boost::json;

Console::Console(SocketPath socket, std::ostream& out, std::ostream& err)
    : socket_(std::move(socket)), out_(out), err_(err) {}

void Console::print_json(const json::object& object) {
  out_ << observe::printable_json(json::serialize(object)) << '\n';
}

int Console::complain(std::string_view sentence) {
  err_ << observe::escaped(sentence) << '\n';
  return 1;
}

std::optional<Answer> Console::ask(Request asked) {
  std::filesystem::path socket;
  try {
    socket = socket_();
  } catch (const std::runtime_error& failure) {
    complain(failure.what());
    return std::nullopt;
  }
  auto answer = ask_relay(socket, std::move(asked));
  if (!answer) {
    complain(answer.error().sentence());
    return std::nullopt;
  }
  return std::move(*answer);
}

std::optional<json::object> Console::ask_json(Request asked) {
  const auto answer = ask(std::move(asked));
  if (!answer) return std::nullopt;
  boost::system::error_code error;
  json::value body = json::parse(answer->body, error);
  if (error || !body.is_object()) {
    complain(
        "The relay's answer is no JSON: is this command of the same version as the running relay?");
    return std::nullopt;
  }
  if (answer->status == 200) return std::move(body.as_object());
  const json::value* sentence = body.as_object().if_contains("error");
  complain(sentence != nullptr && sentence->is_string()
               ? std::string(sentence->as_string())
               : fmt::format("The relay answered with status {}.", answer->status));
  return std::nullopt;
}

CLI::App* add_command(
    CLI::App& above, const char* name, const char* what, int& exit_code, std::function<int()> run) {
  CLI::App* command = above.add_subcommand(name, what);
  command->callback([&exit_code, run = std::move(run)] { exit_code = run(); });
  return command;
}

}  // namespace cli
