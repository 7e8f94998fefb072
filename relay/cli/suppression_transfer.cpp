#include "relay/cli/suppression_transfer.hpp"

#include "relay/cli/shown.hpp"
#include "relay/cli/suppression_csv.hpp"
#include "relay/http/bounds.hpp"
#include "relay/spool/durable_file.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <istream>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cli {

namespace {

namespace json = boost::json;

struct TransferOptions {
  std::string app, file;
  bool json = false, dry_run = false;
};

constexpr std::string_view standard_input = "-";
constexpr std::size_t most_mistakes_shown = 100;
/// Of one request: the relay takes 64 KiB.
constexpr std::size_t longest_batch = std::size_t{60} * 1024;

std::optional<std::string> read_file(Console& console, const std::string& name, std::istream& in) {
  std::ifstream file;
  if (name != standard_input) file.open(name, std::ios::binary);
  std::istream& stream = name == standard_input ? in : file;
  std::string text(longest_list + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad() || (name != standard_input && !file.is_open())) {
    console.complain(name + " cannot be read: give a CSV file, or - for standard input.");
    return std::nullopt;
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() <= longest_list) return text;
  console.complain(name + " is longer than 64 MiB: split it.");
  return std::nullopt;
}

std::optional<std::set<std::string>> known_apps(Console& console) {
  const auto found = console.ask_list("/api/v1/apps", "apps");
  if (!found) return std::nullopt;
  std::set<std::string> names;
  for (const json::value& app : *found) names.insert(shown(app.as_object(), "name"));
  return names;
}

int complain_of(Console& console, const std::string& file, const ListReading& reading) {
  const std::size_t all = reading.mistakes.size();
  for (std::size_t i = 0; i < std::min(all, most_mistakes_shown); ++i)
    console.complain(fmt::format("{}: {}", file, reading.mistakes[i]));
  if (all > most_mistakes_shown)
    console.complain(fmt::format("{}: {} more mistakes", file, all - most_mistakes_shown));
  return console.complain("Nothing is imported: mend the list, and import it again.");
}

json::object entry_of(const ListedAddress& listed) {
  json::object entry;
  put(entry, "address", listed.address);
  put(entry, "cause", listed.cause);
  put(entry, "since", listed.since);
  put(entry, "until", listed.until);
  return entry;
}

/// Sends the entries of one app, as many at once as the relay takes; false if it refused some.
class Importer {
 public:
  explicit Importer(Console& console) : console_(console) {}

  bool take(const ListedAddress& listed) {
    json::object entry = entry_of(listed);
    const std::size_t length = json::serialize(entry).size() + 1;
    const bool fits = listed.app == app_ && batch_.size() < http::most_imported &&
                      octets_ + length <= longest_batch;
    if (!fits && !send()) return false;
    app_ = listed.app;
    octets_ += length;
    batch_.emplace_back(std::move(entry));
    return true;
  }

  bool send() {
    if (batch_.empty()) return true;
    json::object body{{"app", app_}};
    body["entries"] = std::move(batch_);
    const auto done = console_.ask_json({"/api/v1/suppressions/import", json::serialize(body)});
    if (!done) return false;
    imported_ += done->at("changed").to_number<std::size_t>();
    batch_.clear();
    octets_ = 0;
    return true;
  }

  [[nodiscard]] std::size_t imported() const noexcept { return imported_; }

 private:
  Console& console_;
  std::string app_;
  json::array batch_;
  std::size_t octets_ = 0, imported_ = 0;
};

std::string over_words(std::size_t over) {
  return over == 0 ? "" : fmt::format(" The time of {} was over already.", over);
}

int say(Console& console,
        const TransferOptions& options,
        const ListReading& reading,
        std::size_t count) {
  if (options.json) {
    console.print_json(
        {{"dry_run", options.dry_run}, {"addresses", count}, {"over", reading.over}});
    return 0;
  }
  console.out() << fmt::format("{} addresses {}.{}\n",
                               count,
                               options.dry_run ? "would be imported" : "are imported",
                               over_words(reading.over));
  return 0;
}

int import_list(Console& console, const TransferOptions& options, std::istream& in) {
  const auto text = read_file(console, options.file, in);
  if (!text) return 1;
  const auto apps = known_apps(console);
  if (!apps) return 1;
  ListReading reading =
      read_address_list(*text, options.app, *apps, std::chrono::system_clock::now());
  if (!reading.mistakes.empty()) return complain_of(console, options.file, reading);
  if (options.dry_run) return say(console, options, reading, reading.addresses.size());
  std::ranges::stable_sort(reading.addresses, {}, &ListedAddress::app);
  Importer importer(console);
  const bool all =
      std::ranges::all_of(reading.addresses,
                          [&](const ListedAddress& listed) { return importer.take(listed); }) &&
      importer.send();
  if (all) return say(console, options, reading, importer.imported());
  return console.complain(
      fmt::format("{} of {} addresses are imported: when that is mended, import the list again.",
                  importer.imported(),
                  reading.addresses.size()));
}

bool write_list(Console& console, const TransferOptions& options, std::ostream& out) {
  const std::string query = options.app.empty() ? "" : "?app=" + url_encoded(options.app);
  out << list_heading();
  return console.ask_pages(
      "/api/v1/suppressions" + query, "suppressions", [&out](const json::array& page) {
        for (const json::value& each : page) out << list_line(each.as_object());
      });
}

int export_list(Console& console, const TransferOptions& options) {
  if (options.file.empty()) return write_list(console, options, console.out()) ? 0 : 1;
  const std::filesystem::path file(options.file);
  if (std::filesystem::exists(file))
    return console.complain(options.file + " is there already: name another file.");
  if (const auto made = spool::make_private_file(file); !made)
    return console.complain(made.error().sentence());
  std::ofstream out(file, std::ios::binary);
  const bool all = write_list(console, options, out);
  out.close();
  if (all && out && spool::flush_file(file)) return 0;
  if (all) console.complain(options.file + " cannot be written: look at the disk.");
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  return 1;
}

}  // namespace

void add_suppression_transfer(CLI::App& suppression,
                              const std::shared_ptr<Console>& console,
                              std::istream& in,
                              int& exit_code) {
  const auto options = std::make_shared<TransferOptions>();
  CLI::App* imports = add_command(
      suppression, "import", "mail the addresses of a list no more", exit_code, [=, &in] {
        return import_list(*console, *options, in);
      });
  imports->add_option("--app", options->app, "whose mail, whatever the list says");
  imports->add_flag("--dry-run", options->dry_run, "read the list, and change nothing");
  imports->add_flag("--json", options->json, "the outcome as one JSON object");
  imports->add_option("FILE", options->file, "CSV; - is standard input")->required();
  CLI::App* exports =
      add_command(suppression, "export", "the addresses as CSV, to import again", exit_code, [=] {
        return export_list(*console, *options);
      });
  exports->add_option("--app", options->app, "only of this app");
  exports->add_option("FILE", options->file, "a new file (default: standard output)");
}

}  // namespace cli
