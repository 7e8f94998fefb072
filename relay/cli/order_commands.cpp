#include "relay/cli/order_commands.hpp"

#include "relay/cli/selection.hpp"
#include "relay/cli/shown.hpp"
#include "relay/http/bounds.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

namespace cli {

namespace {

namespace json = boost::json;

/// A command of the table below.
struct Verb {
  const char* name;
  const char* what;
  std::string_view done;    ///< "3 messages …"
  std::string_view states;  ///< "no … message": what it can be done to
};

constexpr auto verbs = std::to_array<Verb>(
    {{"retry", "try to deliver now what waits for its time", "made due", "queued or in-doubt"},
     {"hold", "keep queued messages until they are released", "held", "queued"},
     {"release", "let held messages go", "released", "held"},
     {"drop", "give messages up for good", "dropped", "queued, held or in-doubt"}});

struct OrderOptions {
  Selection selection;
  bool dry_run = false, json = false;
};

std::string messages(std::uint64_t count) {
  return fmt::format("{} message{}", count, count == 1 ? "" : "s");
}

// What became of a queue id that the order did not touch.
std::string sentence_of(const json::object& left_alone) {
  const std::string state = shown(left_alone, "state");
  const std::string id = shown(left_alone, "id");
  if (state.empty()) return fmt::format("There is no message {}, or it is past its retention.", id);
  if (state == "in_delivery")
    return fmt::format("{} is being delivered just now: try again in a moment.", id);
  return fmt::format("{} was left alone: it is {}.", id, state);
}

std::string outcome(const Verb& verb, const json::object& done) {
  const std::uint64_t superseded = count_in(done, "superseded");
  std::string sentence = fmt::format("{} {}{}",
                                     messages(count_in(done, "matched") - superseded),
                                     done.at("dry_run").as_bool() ? "would be " : "",
                                     verb.done);
  if (superseded > 0) sentence += fmt::format(", {} superseded by a newer copy", superseded);
  return sentence + ".";
}

int report(Console& console,
           const Verb& verb,
           const OrderOptions& options,
           const json::object& done) {
  const json::array& left_alone = done.at("left_alone").as_array();
  const bool matched = count_in(done, "matched") > 0;
  const bool complete = done.at("complete").as_bool();
  if (options.json) console.print_json(done);
  if (!options.json && matched) console.out() << outcome(verb, done) << '\n';
  for (const json::value& each : left_alone) console.complain(sentence_of(each.as_object()));
  if (!complete) {
    return console.complain(
        "The spool failed, is stopping or has too many orders waiting, so this is not all: look "
        "at the relay's log and give the order again.");
  }
  if (!matched && left_alone.empty())
    return console.complain(fmt::format("No {} message matches.", verb.states));
  return left_alone.empty() ? 0 : 1;
}

int order(Console& console, const Verb& verb, const OrderOptions& options) {
  const Selection& selection = options.selection;
  if (selection.ids.empty() && !selection.filtered() && !selection.all) {
    throw CLI::ValidationError(fmt::format("queue {}", verb.name),
                               "say which messages: queue ids, --app, --domain, --reason, "
                               "--state, --older-than or --all");
  }
  if (selection.ids.size() > http::most_ordered_ids) {
    throw CLI::ValidationError(
        fmt::format("queue {}", verb.name),
        fmt::format("give at most {} queue ids at once", http::most_ordered_ids));
  }
  json::object body = body_of(selection);
  body["dry_run"] = options.dry_run;
  // A little more than the relay takes for it.
  const auto done = console.ask_json({.target = fmt::format("/api/v1/queue/{}", verb.name),
                                      .body = json::serialize(body),
                                      .limit = std::chrono::minutes(31)});
  return done ? report(console, verb, options, *done) : 1;
}

}  // namespace

void add_order_commands(CLI::App& queue, const std::shared_ptr<Console>& console, int& exit_code) {
  for (const Verb& verb : verbs) {
    const auto options = std::make_shared<OrderOptions>();
    CLI::App* command = add_command(
        queue, verb.name, verb.what, exit_code, [=] { return order(*console, verb, *options); });
    CLI::Option* ids = command->add_option("ID", options->selection.ids, "queue ids");
    CLI::Option* all = command->add_flag("--all", options->selection.all, "all messages");
    all->excludes(ids);
    for (CLI::Option* filter : add_filters(*command, options->selection))
      filter->excludes(ids)->excludes(all);
    command->add_flag("--dry-run", options->dry_run, "only say how many messages it would be");
    command->add_flag("--json", options->json, "the outcome as one JSON object");
  }
}

}  // namespace cli
