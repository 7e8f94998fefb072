#include "relay/cli/send_test_command.hpp"

#include "relay/cli/queue_print.hpp"
#include "relay/cli/selection.hpp"
#include "relay/cli/shown.hpp"
#include "relay/config/values.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>

namespace cli {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto look_again = 100ms;
constexpr std::int64_t longest_wait = 3600;
constexpr std::size_t id_letters = 13;

// Steps that end the wait: well, and not.
constexpr auto told = std::to_array<std::string_view>(
    {"delivered", "bounced", "complained", "rejected", "delayed", "settled", "noted"});
constexpr auto failures = std::to_array<std::string_view>(
    {"held", "failed", "expired", "dropped", "quarantined", "bounced", "rejected"});

struct SendTestOptions {
  std::string app, from, to, wait = "60s";
  bool json = false;
};

bool one_of(std::string_view word, const auto& words) {
  return std::ranges::find(words, word) != words.end();
}

/// Follows one message and prints each step.
class Follower {
 public:
  Follower(Console& console, bool as_json) : console_(console), json_(as_json) {}

  void step(std::string_view what, const std::string& detail) {
    const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
    if (json_) {
      console_.print_json({{"after", seconds}, {"step", what}, {"detail", detail}});
    } else {
      console_.print_text(fmt::format("{:8.3f} s  {:<10}  {}\n", seconds, what, detail));
    }
    console_.out().flush();
  }

  /// Until SES has told what became of it, or without a feed until SES has it. Gives the exit code.
  int follow(const std::string& id, bool feed, std::chrono::seconds wait) {
    const auto end = began_ + wait;
    for (;;) {
      const auto life = console_.ask_json({"/api/v1/queue/" + url_encoded(id)});
      if (!life) return 1;
      take(*life);
      if (!trouble_.empty())
        return console_.complain(fmt::format(
            "The message did not arrive ({}): `postern trace {}` shows all of it.", trouble_, id));
      if (told_ || (sent_ && !feed)) return 0;
      if (Clock::now() >= end) break;
      std::this_thread::sleep_for(look_again);
    }
    if (!sent_)
      return console_.complain(fmt::format(
          "SES has not taken it within {} s: `postern doctor` says why.", wait.count()));
    step("no event", "SES has it, but told nothing of it in this time");
    return console_.complain(
        "No event of SES came: look from the event destination to the topic to the queue "
        "(`postern doctor`).");
  }

 private:
  void take(const json::object& life) {
    const json::array& timeline = life.at("timeline").as_array();
    for (; seen_ < timeline.size(); ++seen_) {
      const json::object& event = timeline[seen_].as_object();
      const std::string kind = shown(event, "event"), reason = shown(event, "reason");
      const std::string words = words_of(event);
      step(kind, reason.empty() ? words : fmt::format("[{}] {}", reason, words));
      if (one_of(kind, failures)) trouble_ = reason.empty() ? kind : reason;
      told_ = told_ || one_of(kind, told);
      if (kind == "sent") signed_by(life);
    }
  }

  void signed_by(const json::object& life) {
    sent_ = true;
    const json::object* entry = life.at("entry").if_object();
    if (entry == nullptr) return;
    step("ses id", shown(*entry, "upstream_id"));
    const std::string domain = shown(*entry, "domain");
    const auto found = console_.ask_json({"/api/v1/domains/" + url_encoded(domain)});
    if (found) step("signed", fmt::format("d={} s={}", domain, shown(*found, "signs")));
  }

  Console& console_;
  bool json_;
  Clock::time_point began_ = Clock::now();
  std::size_t seen_ = 0;
  bool sent_ = false, told_ = false;
  std::string trouble_;
};

int send_test(Console& console, const SendTestOptions& options) {
  Follower follower(console, options.json);
  const json::object body{{"app", options.app}, {"from", options.from}, {"to", options.to}};
  const auto answer = console.ask_json(
      {.target = "/api/v1/send-test", .body = json::serialize(body), .limit = 40s});
  if (!answer) return 1;
  const std::string id = shown(*answer, "queue_id"), reply = shown(*answer, "reply");
  follower.step("policy", reply.empty() ? "no reply" : reply);
  if (id.size() != id_letters)
    return console.complain(reply.empty() ? "The relay ended the session: see its log."
                                          : "The message was refused; the reply says what to do.");
  const std::chrono::seconds wait(config::parse_duration(options.wait).value_or(0));
  return follower.follow(id, is_set(*answer, "feed"), wait);
}

}  // namespace

void add_send_test_command(CLI::App& root,
                           const std::shared_ptr<Console>& console,
                           int& exit_code) {
  const auto options = std::make_shared<SendTestOptions>();
  CLI::App* command = add_command(
      root, "send-test", "one message through the whole path, step by step", exit_code, [=] {
        return send_test(*console, *options);
      });
  command->add_option("--app", options->app, "whose mail it is")->required();
  command->add_option("--from", options->from, "an address of one of the app's domains")
      ->required();
  command->add_option("--to", options->to, "who gets it")->required();
  command->add_option("--wait", options->wait, "how long for SES and its event (default: 60s)")
      ->check([](const std::string& text) { return refuse_duration(text, 1, longest_wait); });
  command->add_flag("--json", options->json, "one JSON object a step");
}

}  // namespace cli
