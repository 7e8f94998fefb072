#include "relay/cli/console.hpp"

#include "relay/cli/shown.hpp"
#include "relay/observe/escape.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace cli {

namespace json = boost::json;

namespace {

constexpr std::string_view no_json =
    "The relay's answer is no JSON: is this command of the same version as the running relay?";

std::optional<json::object> object_of(const std::string& text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.as_object());
}

}  // namespace

Console::Console(SocketPath socket, std::ostream& out, std::ostream& err)
    : socket_(std::move(socket)), out_(out), err_(err) {}

void Console::print_json(const json::object& object) {
  out_ << observe::printable_json(json::serialize(object)) << '\n';
}

void Console::print_text(std::string_view text) {
  const auto harmless = [](char c) { return c >= ' ' && c < '\x7f'; };
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);)
    out_ << (std::ranges::all_of(line, harmless) ? line : observe::escaped(line)) << '\n';
}

int Console::complain(std::string_view sentence) {
  err_ << observe::escaped(sentence) << '\n';
  return 1;
}

std::optional<std::string> Console::hindrance() {
  const auto answer = ask_relay(socket_(), {.target = "/healthz"});
  return answer ? std::nullopt : std::optional(std::string(answer.error().sentence()));
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
  const auto text = ask_text(std::move(asked));
  if (!text) return std::nullopt;
  auto object = object_of(*text);
  if (!object) complain(no_json);
  return object;
}

std::optional<std::string> Console::ask_text(Request asked) {
  auto answer = ask(std::move(asked));
  if (!answer) return std::nullopt;
  if (answer->status / 100 == 2) return std::move(answer->body);
  const auto object = object_of(answer->body);
  const json::value* sentence = object ? object->if_contains("error") : nullptr;
  if (sentence != nullptr && sentence->is_string()) {
    complain(std::string_view(sentence->as_string()));
  } else {
    complain(no_json);
  }
  return std::nullopt;
}

bool Console::ask_pages(const std::string& target,
                        std::string_view member,
                        const std::function<void(json::array)>& take,
                        std::string_view parameter,
                        std::size_t most) {
  constexpr std::size_t page_size = 200;
  std::size_t taken = 0;
  std::string next;
  do {
    const std::size_t limit = std::min(page_size, most - taken);
    std::string asked = fmt::format(
        "{}{}limit={}", target, target.find('?') == std::string::npos ? '?' : '&', limit);
    if (!next.empty()) asked += fmt::format("&{}={}", parameter, url_encoded(next));
    auto page = ask_json({asked});
    if (!page) return false;
    json::array& members = page->at(member).as_array();
    taken += members.size();
    next = shown(*page, "next");
    take(std::move(members));
  } while (!next.empty() && taken < most);
  return true;
}

std::optional<json::array> Console::ask_list(const std::string& target,
                                             std::string_view member,
                                             std::string_view parameter,
                                             std::size_t most) {
  json::array all;
  const auto take = [&all](json::array members) {
    std::ranges::move(members, std::back_inserter(all));
  };
  if (!ask_pages(target, member, take, parameter, most)) return std::nullopt;
  return all;
}

int Console::change(Request asked, bool as_json, std::string_view sentence) {
  const auto done = ask_json(std::move(asked));
  if (!done) return 1;
  if (as_json) {
    print_json(*done);
  } else {
    out_ << observe::escaped(sentence) << '\n';
  }
  return 0;
}

void put(json::object& body, std::string_view name, const std::string& text) {
  if (!text.empty()) body[name] = text;
}

CLI::App* add_command(
    CLI::App& above, const char* name, const char* what, int& exit_code, std::function<int()> run) {
  CLI::App* command = above.add_subcommand(name, what);
  command->callback([&exit_code, run = std::move(run)] { exit_code = run(); });
  return command;
}

}  // namespace cli
