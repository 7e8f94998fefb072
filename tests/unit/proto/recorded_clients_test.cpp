#include "smtp_script.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using test::last_code;
using test::listener_options;
using test::login;
using test::message;
using test::ScriptedDriver;
using test::talk;

/// The commands of one recorded connection, each with the code that the client got.
struct Recorded {
  std::vector<std::pair<std::string, std::string>> commands;
};

std::string as_sent(std::string command) {
  if (command.starts_with("<user name")) return "c2hvcA==\r\n";
  if (command.starts_with("<password>"))
    return "cTdYYzBtVjVuVDJiUjlrTDR3WjhzSjFoRzZmRDNwWTBhVTVlSTJvTjd4Qg==\r\n";
  if (command.starts_with("<message:")) return std::string(message) + ".\r\n";
  if (command.starts_with("AUTH PLAIN ")) return std::string(login);
  const std::string mark = " [pipelined]";
  if (command.ends_with(mark)) command.erase(command.size() - mark.size());
  return command + "\r\n";
}

std::map<std::string, Recorded> recorded_connections(const std::filesystem::path& file) {
  std::map<std::string, Recorded> connections;
  std::map<std::string, std::vector<std::string>> replies;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t open = line.find('[');
    const std::size_t close = line.find("] ");
    if (line.empty() || line[0] != ' ' || open == line.npos || close == line.npos) continue;
    const std::string connection = line.substr(open, close - open);
    const std::string kind = line.substr(close + 2, 3);
    const std::string text = line.substr(std::min(close + 5, line.size()));
    if (kind == "C: " && !text.starts_with("<initial response"))
      connections[connection].commands.push_back({text, ""});
    if (kind == "S: " && text.size() > 3 && text[3] == ' ')
      replies[connection].push_back(text.substr(0, 3));
  }
  for (auto& [name, connection] : connections) {
    const auto& codes = replies[name];  // the first is the greeting's
    for (std::size_t i = 0; i < connection.commands.size() && i + 1 < codes.size(); ++i) {
      connection.commands[i].second = codes[i + 1];
    }
  }
  return connections;
}

bool begins_anew(const std::string& command) {
  for (const std::string_view verb :
       {"MAIL", "mail", "RSET", "rset", "QUIT", "quit", "EHLO", "ehlo"}) {
    if (command.starts_with(verb)) return true;
  }
  return false;
}

/// Plays a connection; gives the number of messages that were taken.
std::size_t replay(const Recorded& recorded) {
  ScriptedDriver driver(listener_options("starttls"));
  bool refused_by_policy = false;
  for (const auto& [command, code] : recorded.commands) {
    CAPTURE(command);
    if (begins_anew(command)) refused_by_policy = false;
    if (refused_by_policy) continue;
    const std::size_t refusals = driver.refusals.size();
    const std::string said = talk(driver, as_sent(command));
    refused_by_policy = driver.refusals.size() > refusals;
    if (!refused_by_policy) CHECK(last_code(said) == code);
    if (command != "STARTTLS") continue;
    driver.handshake();
    driver.run();
  }
  return driver.commits.size();
}

TEST_CASE("every recorded client gets the replies that it got when it was recorded") {
  const auto files = test::files_with("corpus/real", ".session.txt");
  CHECK(files.size() >= 100);
  std::size_t taken = 0;
  for (const auto& file : files) {
    const std::string name = file.filename().string();
    CAPTURE(name);
    for (const auto& [number, connection] : recorded_connections(file)) {
      CAPTURE(number);
      taken += replay(connection);
    }
  }
  CHECK(taken == 122);  // of 126: three reverse-paths and one recipient are refused
}

}  // namespace
