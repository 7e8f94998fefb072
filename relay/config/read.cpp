#include "relay/config/check.hpp"
#include "relay/config/files.hpp"
#include "relay/config/key_files.hpp"
#include "relay/config/parts.hpp"
#include "relay/config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace config {
namespace {

constexpr std::array level_words{Word<LogLevel>{"debug", LogLevel::debug},
                                 Word<LogLevel>{"info", LogLevel::info},
                                 Word<LogLevel>{"warning", LogLevel::warning},
                                 Word<LogLevel>{"error", LogLevel::error}};
constexpr std::array format_words{Word<LogFormat>{"text", LogFormat::text},
                                  Word<LogFormat>{"json", LogFormat::json}};
constexpr std::array address_words{Word<LogAddresses>{"masked", LogAddresses::masked},
                                   Word<LogAddresses>{"hashed", LogAddresses::hashed},
                                   Word<LogAddresses>{"full", LogAddresses::full}};

constexpr std::array in_doubt_words{Word<InDoubtAction>{"auto", InDoubtAction::automatic},
                                    Word<InDoubtAction>{"wait", InDoubtAction::wait},
                                    Word<InDoubtAction>{"resend", InDoubtAction::resend},
                                    Word<InDoubtAction>{"hold", InDoubtAction::hold}};

unsigned thread_count(std::int64_t asked) {
  constexpr unsigned most_by_itself = 4;
  if (asked > 0) return static_cast<unsigned>(asked);
  return std::clamp(std::thread::hardware_concurrency(), 1U, most_by_itself);
}

void read_process(const Section& root, Config& config) {
  config.threads = thread_count(root.integer("threads").value_or(0));
  root.read("drain", config.drain);
  config.hostname = machine_name();
  root.read("hostname", config.hostname);
  if (!is_host(config.hostname))
    root.mistake("hostname",
                 fmt::format("{} is not a host name: write one like relay.example.com",
                             in_quotes(config.hostname)));
  config.data_dir = "/var/lib/postern";
  root.read("data_dir", config.data_dir);
  root.read("data_dir_durable", config.data_dir_durable);
  root.read("master_key_file", config.master_key_file);
}

void read_queue(const Section& section, Queue& queue) {
  section.read("retry_first", queue.retry_first);
  section.read("retry_max", queue.retry_max);
  section.read("expire", queue.expire);
  section.read("expire_urgent", queue.expire_urgent);
  section.read("hold_expire", queue.hold_expire);
  if (queue.retry_max < queue.retry_first)
    section.mistake(section.has("retry_max") ? "retry_max" : "retry_first",
                    "`retry_max` is shorter than `retry_first`: make it longer");
  if (section.has("expire_urgent") && queue.expire_urgent > queue.expire)
    section.mistake("expire_urgent", "`expire_urgent` is longer than `expire`: make it shorter");
  queue.expire_urgent = std::min(queue.expire_urgent, queue.expire);
}

void read_times(const Section& root, Config& config) {
  root.section("policy").section("duplicates").read("window", config.duplicates_window);
  read_queue(root.section("queue"), config.queue);
  const Section in_doubt = root.section("in_doubt");
  in_doubt.read("action", in_doubt_words, config.in_doubt.action);
  in_doubt.read("wait", config.in_doubt.wait);
  const Section retention = root.section("retention");
  retention.read("failed_content", config.retention.failed_content);
  retention.read("timeline", config.retention.timeline);
  retention.read("refusals", config.retention.refusals);
}

void read_log(const Section& root, Log& log) {
  const Section section = root.section("log");
  section.read("level", level_words, log.level);
  section.read("format", format_words, log.format);
  section.read("addresses", address_words, log.addresses);
}

Config read_config(const Section& root) {
  Config config;
  read_process(root, config);
  read_listeners(root, config);
  read_upstreams(root, config);
  read_domains(root, config);
  read_apps(root, config);
  read_operator(root, config);
  read_dns(root, config.dns);
  read_aws(root, config, config.aws);
  read_feedback(root, config.feedback);
  read_policy(root, config);
  read_times(root, config);
  root.section("spool").read_size("reserve", config.spool_reserve);
  root.section("spool").read_size("keep_size", config.spool_keep_size);
  read_log(root, config.log);
  check_listeners(root, config);
  check_feedback(root, config);
  check_upstreams(root, config);
  check_domains(root, config);
  check_apps(root, config);
  return config;
}

void by_line(std::vector<Mistake>& mistakes) {
  std::ranges::stable_sort(mistakes, [](const Mistake& a, const Mistake& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
}

}  // namespace

Reading read_text(std::string_view text, const std::filesystem::path& file) {
  Tree tree = read_tree(text);
  Reading reading;
  reading.mistakes = std::move(tree.mistakes);
  if (!tree.root) {
    by_line(reading.mistakes);
    return reading;
  }

  Findings findings;
  check_tree(*tree.root, keys(), findings);
  const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  Config config = read_config(Section(&*tree.root, folder, findings));
  config.file = std::filesystem::absolute(file);
  config.secret_files = std::move(findings.secret_files);
  if (!config.private_key.empty()) config.secret_files.push_back(config.private_key);
  for (const Domain& domain : config.domains)
    if (!domain.key_file.empty()) config.secret_files.push_back(domain.key_file);
  std::ranges::move(findings.mistakes, std::back_inserter(reading.mistakes));
  reading.warnings = std::move(findings.warnings);
  by_line(reading.mistakes);
  by_line(reading.warnings);
  if (reading.mistakes.empty()) reading.config = std::move(config);
  return reading;
}

Reading read(const std::filesystem::path& file) {
  const auto text = read_file(file, max_file_octets);
  if (text) return read_text(text->text, file);
  Reading reading;
  reading.mistakes.push_back({0, 0, text.error().sentence()});
  return reading;
}

}  // namespace config
