#include "relay/cli/queue_commands.hpp"

#include "policy/reason.hpp"
#include "relay/cli/admin_client.hpp"
#include "relay/cli/queue_print.hpp"
#include "relay/observe/escape.hpp"
#include "relay/spool/entry.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cli {

namespace {

namespace json = boost::json;

constexpr std::size_t page_entries = 200;

/// What a command needs: its options, and where it prints.
struct Options {
  std::string state, app, domain, reason, word;
  std::optional<std::size_t> limit;
  bool json = false;
};

class Console {
 public:
  Console(SocketPath socket, std::ostream& out, std::ostream& err)
      : socket_(std::move(socket)), out_(out), err_(err) {}

  int list(Options options);
  int show(const Options& options);
  int trace(const Options& options);
  int health();

 private:
  std::optional<Answer> ask(const std::string& target);
  std::optional<json::object> ask_json(const std::string& target);
  int complain(std::string_view sentence);
  std::optional<std::size_t> list_pages(const Options& options,
                                        std::size_t printed_before,
                                        std::size_t most);
  void print_json(const json::object& object) {
    out_ << observe::printable_json(json::serialize(object)) << '\n';
  }

  SocketPath socket_;
  std::ostream& out_;
  std::ostream& err_;
};

int Console::complain(std::string_view sentence) {
  err_ << observe::escaped(sentence) << '\n';
  return 1;
}

std::optional<Answer> Console::ask(const std::string& target) {
  std::filesystem::path socket;
  try {
    socket = socket_();
  } catch (const std::runtime_error& failure) {
    complain(failure.what());
    return std::nullopt;
  }
  auto answer = ask_relay(socket, target);
  if (!answer) {
    complain(answer.error().sentence());
    return std::nullopt;
  }
  return std::move(*answer);
}

// The object of a good answer; what else came has been said.
std::optional<json::object> Console::ask_json(const std::string& target) {
  const auto answer = ask(target);
  if (!answer) return std::nullopt;
  boost::system::error_code error;
  json::value body = json::parse(answer->body, error);
  if (error || !body.is_object()) {
    complain(
        "The relay's answer is no JSON: is this command of the same version as the running relay?");
    return std::nullopt;
  }
  if (answer->status == 200) return std::move(body.as_object());
  complain(body.as_object().contains("error")
               ? std::string(body.as_object().at("error").as_string())
               : fmt::format("The relay answered with status {}.", answer->status));
  return std::nullopt;
}

std::string list_target(const Options& options, std::string_view after, std::size_t limit) {
  std::string target = fmt::format("/api/v1/queue?limit={}", limit);
  const std::pair<std::string_view, std::string_view> filters[] = {{"state", options.state},
                                                                   {"app", options.app},
                                                                   {"domain", options.domain},
                                                                   {"reason", options.reason},
                                                                   {"after", after}};
  for (const auto& [name, value] : filters) {
    if (!value.empty()) target += fmt::format("&{}={}", name, url_encoded(value));
  }
  return target;
}

// Prints the entries that fit, page by page, up to `most`; gives how many, or nothing if that
// failed.
std::optional<std::size_t> Console::list_pages(const Options& options,
                                               std::size_t printed_before,
                                               std::size_t most) {
  std::size_t printed = 0;
  std::string after;
  do {
    const auto page = ask_json(list_target(options, after, std::min(page_entries, most - printed)));
    if (!page) return std::nullopt;
    for (const json::value& entry : page->at("entries").as_array()) {
      if (options.json) {
        print_json(entry.as_object());
      } else {
        if (printed_before + printed == 0) print_heading(out_);
        print_row(out_, entry.as_object());
      }
      ++printed;
    }
    after = shown(*page, "next");
  } while (!after.empty() && printed < most);
  return printed;
}

// Without --state: what is in the queue, not what has left it.
int Console::list(Options options) {
  const std::vector<std::string> states =
      options.state.empty() ? std::vector<std::string>{"queued", "in_delivery", "in_doubt", "held"}
                            : std::vector<std::string>{options.state};
  const std::size_t most = options.limit.value_or(std::numeric_limits<std::size_t>::max());
  std::size_t printed = 0;
  for (const std::string& state : states) {
    if (printed == most) break;
    options.state = state;
    const auto more = list_pages(options, printed, most - printed);
    if (!more) return 1;
    printed += *more;
  }
  if (printed == 0 && !options.json) out_ << "There is no such message in the queue.\n";
  return 0;
}

int Console::show(const Options& options) {
  const auto found = ask_json("/api/v1/queue/" + url_encoded(options.word));
  if (!found) return 1;
  if (options.json) {
    print_json(*found);
  } else {
    print_life(out_, *found);
  }
  return 0;
}

int Console::trace(const Options& options) {
  const auto found = ask_json("/api/v1/trace?word=" + url_encoded(options.word));
  if (!found) return 1;
  const json::array& matches = found->at("matches").as_array();
  if (matches.empty()) {
    return complain(
        "Nothing is known of " + options.word +
        ": give a queue id, Message-ID, SES message id, recipient, or the reference of a refusal.");
  }
  for (const json::value& match : matches) {
    if (options.json) {
      print_json(match.as_object());
    } else {
      print_life(out_, match.as_object());
    }
  }
  return 0;
}

int Console::health() {
  const auto answer = ask("/readyz");
  if (!answer) return 1;
  if (answer->status == 200) {
    out_ << "ready\n";
    return 0;
  }
  std::istringstream lines(answer->body);
  for (std::string line; std::getline(lines, line);) complain(line);
  return 1;
}

void add_filters(CLI::App& command, Options& options) {
  command
      .add_option(
          "--state",
          options.state,
          "queued, in_delivery, in_doubt, held, sent or failed; default: all but the last two")
      ->check([](const std::string& word) {
        return spool::state_of(word) ? std::string() : "there is no state " + word;
      });
  command.add_option("--app", options.app, "only of this app");
  command.add_option("--domain", options.domain, "only of this sender domain");
  command.add_option("--reason", options.reason, "only held or failed for this reason")
      ->check([](const std::string& word) {
        return policy::reason_of(word) ? std::string() : "there is no reason " + word;
      });
  command.add_option("--limit", options.limit, "at most so many")->check(CLI::PositiveNumber);
}

}  // namespace

void add_queue_commands(
    CLI::App& root, SocketPath socket, std::ostream& out, std::ostream& err, int& exit_code) {
  const auto console = std::make_shared<Console>(std::move(socket), out, err);
  const auto options = std::make_shared<Options>();
  const auto add =
      [&](CLI::App& above, const char* name, const char* what, std::function<int()> run) {
        CLI::App* command = above.add_subcommand(name, what);
        command->callback([&exit_code, run = std::move(run)] { exit_code = run(); });
        return command;
      };
  CLI::App* queue = root.add_subcommand("queue", "the spool");
  queue->require_subcommand(1);
  CLI::App* list =
      add(*queue, "list", "what waits, and for what", [=] { return console->list(*options); });
  add_filters(*list, *options);
  CLI::App* show =
      add(*queue, "show", "one message and its life", [=] { return console->show(*options); });
  show->add_option("ID", options->word, "queue id")->required();
  CLI::App* trace = add(root, "trace", "the life of a message: each step with its time", [=] {
    return console->trace(*options);
  });
  trace
      ->add_option("WORD",
                   options->word,
                   "queue id, Message-ID, SES message id, recipient, or reference of a refusal")
      ->required();
  for (CLI::App* command : {list, show, trace})
    command->add_flag("--json", options->json, "one JSON object a line");
  add(root, "healthcheck", "exit 0 when the running relay is ready", [=] {
    return console->health();
  });
}

}  // namespace cli
