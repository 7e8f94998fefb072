#include "relay/cli/stats_command.hpp"

#include "relay/cli/shown.hpp"
#include "relay/config/values.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

namespace {

namespace json = boost::json;

struct StatsOptions {
  std::string app;
  bool json = false;
};

std::string percent(const json::object& object, std::string_view name) {
  constexpr double hundred = 100.0;
  return fmt::format("{:.3g} %", object.at(name).to_number<double>() * hundred);
}

/// "12 (attachment 8, bulk 4)"
std::string refused(const json::array& reasons) {
  std::uint64_t all = 0;
  std::string each;
  for (const json::value& reason : reasons) {
    const json::object& row = reason.as_object();
    all += row.at("count").to_number<std::uint64_t>();
    each +=
        fmt::format("{}{} {}", each.empty() ? "" : ", ", shown(row, "reason"), shown(row, "count"));
  }
  return each.empty() ? "0" : fmt::format("{} ({})", all, each);
}

/// Of an app that sends as several domains, each one's part.
void print_shares(std::ostream& out, const json::array& domains) {
  std::set<std::string> names;
  std::vector<std::vector<std::string>> rows{
      {"  WINDOW", "DOMAIN", "SENT", "BOUNCED", "SHARE", "COMPLAINED", "SHARE"}};
  for (const json::value& each : domains) {
    const json::object& part = each.as_object();
    names.insert(shown(part, "domain"));
    rows.push_back({"  " + config::duration_text(part.at("window").to_number<std::int64_t>()),
                    shown(part, "domain"),
                    shown(part, "sent"),
                    shown(part, "bounces"),
                    percent(part, "bounce_ratio"),
                    shown(part, "complaints"),
                    percent(part, "complaint_ratio")});
  }
  if (names.size() > 1) print_table(out, rows);
}

void print(std::ostream& out, const json::object& stats) {
  out << shown(stats, "app") << '\n';
  print_line(out, "since", moment(stats, "started_at") + ", when the relay started");
  print_line(out, "accepted", shown(stats, "accepted"));
  print_line(out, "refused", refused(stats.at("refused").as_array()));
  print_line(out, "in all", "of what SES told so far");
  print_line(out, "delivered", shown(stats, "delivered"));
  print_line(out, "bounced", shown(stats, "bounced"));
  print_line(out, "complained", shown(stats, "complained"));
  std::vector<std::vector<std::string>> rows{
      {"  WINDOW", "SENT", "WHAT", "CAME BACK", "SHARE", "PROVED", "LIMIT", "LEVEL"}};
  for (const json::value& each : stats.at("measures").as_array()) {
    const json::object& measure = each.as_object();
    rows.push_back({"  " + config::duration_text(measure.at("window").to_number<std::int64_t>()),
                    shown(measure, "sent"),
                    shown(measure, "feedback"),
                    shown(measure, "events"),
                    percent(measure, "ratio"),
                    percent(measure, "proved"),
                    percent(measure, "limit"),
                    shown(measure, "level")});
  }
  print_table(out, rows);
  print_shares(out, stats.at("domains").as_array());
}

int show_stats(Console& console, const StatsOptions& options) {
  const std::string query = options.app.empty() ? "" : "?app=" + url_encoded(options.app);
  const auto found = console.ask_json({"/api/v1/stats" + query});
  if (!found) return 1;
  const json::array& apps = found->at("apps").as_array();
  for (const json::value& each : apps) {
    if (options.json)
      console.print_json(each.as_object());
    else
      print(console.out(), each.as_object());
  }
  if (apps.empty() && !options.json)
    console.out() << "There is no app: `postern app add` makes one.\n";
  return 0;
}

}  // namespace

void add_stats_command(CLI::App& root, const std::shared_ptr<Console>& console, int& exit_code) {
  const auto options = std::make_shared<StatsOptions>();
  CLI::App* stats = add_command(
      root, "stats", "what became of each app's mail, and its reputation", exit_code, [=] {
        return show_stats(*console, *options);
      });
  stats->add_option("--app", options->app, "only of this app");
  stats->add_flag("--json", options->json, "JSON, one object an app");
}

}  // namespace cli
