#include "relay/cli/queue_commands.hpp"

#include "relay/cli/order_commands.hpp"
#include "relay/cli/queue_print.hpp"
#include "relay/cli/selection.hpp"
#include "relay/cli/shown.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cli {

namespace {

namespace json = boost::json;

constexpr std::size_t page_entries = 200;

struct QueueOptions {
  Selection selection;
  std::string word;
  std::optional<std::size_t> limit;
  bool json = false;
};

std::string list_target(const Selection& selection, std::string_view after, std::size_t limit) {
  std::string target = fmt::format("/api/v1/queue?limit={}", limit);
  const std::pair<std::string_view, std::string_view> filters[] = {{"state", selection.state},
                                                                   {"app", selection.app},
                                                                   {"domain", selection.domain},
                                                                   {"reason", selection.reason},
                                                                   {"after", after}};
  for (const auto& [name, value] : filters) {
    if (!value.empty()) target += fmt::format("&{}={}", name, url_encoded(value));
  }
  if (const auto seconds = older_than_seconds(selection))
    target += fmt::format("&older_than={}", *seconds);
  return target;
}

// Prints the entries that fit, page by page, up to `most`; gives how many, or nothing if that
// failed.
std::optional<std::size_t> list_pages(Console& console,
                                      const QueueOptions& options,
                                      std::size_t printed_before,
                                      std::size_t most) {
  std::size_t printed = 0;
  std::string after;
  do {
    const auto page = console.ask_json(
        {list_target(options.selection, after, std::min(page_entries, most - printed))});
    if (!page) return std::nullopt;
    for (const json::value& entry : page->at("entries").as_array()) {
      if (options.json) {
        console.print_json(entry.as_object());
      } else {
        if (printed_before + printed == 0) print_heading(console.out());
        print_row(console.out(), entry.as_object());
      }
      ++printed;
    }
    after = shown(*page, "next");
  } while (!after.empty() && printed < most);
  return printed;
}

// Without --state: what is in the queue, not what has left it.
int list_queue(Console& console, QueueOptions options) {
  const std::string asked = options.selection.state;
  const std::vector<std::string> states =
      asked.empty() ? std::vector<std::string>{"queued", "in_delivery", "in_doubt", "held"}
                    : std::vector<std::string>{asked};
  const std::size_t most = options.limit.value_or(std::numeric_limits<std::size_t>::max());
  std::size_t printed = 0;
  for (const std::string& state : states) {
    if (printed == most) break;
    options.selection.state = state;
    const auto more = list_pages(console, options, printed, most - printed);
    if (!more) return 1;
    printed += *more;
  }
  if (printed == 0 && !options.json) console.out() << "There is no such message in the queue.\n";
  return 0;
}

int show_entry(Console& console, const QueueOptions& options) {
  const auto found = console.ask_json({"/api/v1/queue/" + url_encoded(options.word)});
  if (!found) return 1;
  if (options.json) {
    console.print_json(*found);
  } else {
    print_life(console.out(), *found);
  }
  return 0;
}

int trace(Console& console, const QueueOptions& options) {
  const auto found = console.ask_json({"/api/v1/trace?word=" + url_encoded(options.word)});
  if (!found) return 1;
  const json::array& matches = found->at("matches").as_array();
  if (matches.empty()) {
    return console.complain(
        "Nothing is known of " + options.word +
        ": give a queue id, Message-ID, SES message id, recipient, or the reference of a refusal.");
  }
  for (const json::value& match : matches) {
    if (options.json) {
      console.print_json(match.as_object());
    } else {
      print_life(console.out(), match.as_object());
    }
  }
  return 0;
}

int health(Console& console) {
  const auto answer = console.ask({"/readyz"});
  if (!answer) return 1;
  if (answer->status == 200) {
    console.out() << "ready\n";
    return 0;
  }
  std::istringstream lines(answer->body);
  for (std::string line; std::getline(lines, line);) console.complain(line);
  return 1;
}

}  // namespace

void add_queue_commands(CLI::App& root, const std::shared_ptr<Console>& console, int& exit_code) {
  const auto options = std::make_shared<QueueOptions>();
  CLI::App* queue = root.add_subcommand("queue", "the spool");
  queue->require_subcommand(1);
  CLI::App* lists = add_command(*queue, "list", "what waits, and for what", exit_code, [=] {
    return list_queue(*console, *options);
  });
  (void)add_filters(*lists, options->selection);
  lists->add_option("--limit", options->limit, "at most so many")->check(CLI::PositiveNumber);
  CLI::App* shows = add_command(*queue, "show", "one message and its life", exit_code, [=] {
    return show_entry(*console, *options);
  });
  shows->add_option("ID", options->word, "queue id")->required();
  add_order_commands(*queue, console, exit_code);
  CLI::App* traces =
      add_command(root, "trace", "the life of a message: each step with its time", exit_code, [=] {
        return trace(*console, *options);
      });
  traces
      ->add_option("WORD",
                   options->word,
                   "queue id, Message-ID, SES message id, recipient, or reference of a refusal")
      ->required();
  for (CLI::App* command : {lists, shows, traces})
    command->add_flag("--json", options->json, "one JSON object a line");
  add_command(root, "healthcheck", "exit 0 when the running relay is ready", exit_code, [=] {
    return health(*console);
  });
}

}  // namespace cli
