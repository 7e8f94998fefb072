#pragma once

#include "relay/cli/admin_client.hpp"

#include <boost/json/object.hpp>

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string_view>

namespace CLI {
class App;
}

namespace cli {

/// Where the relay's admin socket is; called only when a command runs. May throw std::runtime_error
/// with one sentence.
using SocketPath = std::function<std::filesystem::path()>;

/// What the commands that ask the running relay share: they print answers to `out`, each trouble as
/// one sentence to `err`.
class Console {
 public:
  Console(SocketPath socket, std::ostream& out, std::ostream& err);

  /// Nothing if there is no answer, and then it has been said why.
  [[nodiscard]] std::optional<Answer> ask(Request asked);
  /// The object of a good answer; for any other it has been said why.
  [[nodiscard]] std::optional<boost::json::object> ask_json(Request asked);

  [[nodiscard]] std::ostream& out() { return out_; }
  void print_json(const boost::json::object& object);  ///< on one line
  int complain(std::string_view sentence);             ///< gives exit code 1

 private:
  SocketPath socket_;
  std::ostream& out_;
  std::ostream& err_;
};

/// Adds a command that runs while the arguments are parsed, and sets the exit code.
CLI::App* add_command(
    CLI::App& above, const char* name, const char* what, int& exit_code, std::function<int()> run);

}  // namespace cli
