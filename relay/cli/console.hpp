#pragma once

#include "relay/cli/admin_client.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
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

  /// Why the relay cannot be asked, and what to do; nothing if it can. Says nothing.
  [[nodiscard]] std::optional<std::string> hindrance();
  /// Nothing if there is no answer, and then it has been said why.
  [[nodiscard]] std::optional<Answer> ask(Request asked);
  /// The object of a good answer; for any other it has been said why.
  [[nodiscard]] std::optional<boost::json::object> ask_json(Request asked);
  /// The text of a good answer that is no JSON; for any other it has been said why.
  [[nodiscard]] std::optional<std::string> ask_text(Request asked);
  /// Hands over, page by page, the members of a list {member: […], "next"} whose next page is asked
  /// by `parameter`, at most `most` of them. False if a page did not come: it has been said why.
  [[nodiscard]] bool ask_pages(const std::string& target,
                               std::string_view member,
                               const std::function<void(boost::json::array)>& take,
                               std::string_view parameter = "after",
                               std::size_t most = static_cast<std::size_t>(-1));
  /// All of them at once.
  [[nodiscard]] std::optional<boost::json::array> ask_list(
      const std::string& target,
      std::string_view member,
      std::string_view parameter = "after",
      std::size_t most = static_cast<std::size_t>(-1));

  /// Asks for a change, and says that it is made, or prints the answer. Gives the exit code.
  int change(Request asked, bool as_json, std::string_view sentence);

  [[nodiscard]] std::ostream& out() { return out_; }
  void print_json(const boost::json::object& object);  ///< on one line
  /// Lines that people paste elsewhere: as they are, but for what a terminal would act upon.
  void print_text(std::string_view text);
  int complain(std::string_view sentence);  ///< gives exit code 1

 private:
  SocketPath socket_;
  std::ostream& out_;
  std::ostream& err_;
};

/// Adds a member to a body, unless it is empty.
void put(boost::json::object& body, std::string_view name, const std::string& text);

/// Adds a command that runs while the arguments are parsed, and sets the exit code.
CLI::App* add_command(
    CLI::App& above, const char* name, const char* what, int& exit_code, std::function<int()> run);

}  // namespace cli
