#include "relay/observe/log.hpp"

#include "relay/observe/folding.hpp"
#include "relay/observe/line_writer.hpp"

#include <openssl/rand.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace observe {

namespace {

using LogLevel = spdlog::level::level_enum;
using Time = std::chrono::system_clock::time_point;

constexpr const char* text_pattern = "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
constexpr const char* json_pattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

// Where spdlog's formatted lines go.
class GatheringSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  GatheringSink(LineWriter& writer, const std::string& pattern)
      : base_sink(
            std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc)),
        writer_(writer) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    line_.clear();
    formatter_->format(message, line_);
    writer_.put(std::string_view(line_.data(), line_.size()));
  }
  void flush_() override { writer_.hurry(); }

 private:
  LineWriter& writer_;
  spdlog::memory_buf_t line_;
};

LogLevel level_of(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::debug:
      return LogLevel::debug;
    case config::LogLevel::info:
      return LogLevel::info;
    case config::LogLevel::warning:
      return LogLevel::warn;
    case config::LogLevel::error:
      return LogLevel::err;
  }
  return LogLevel::info;
}

LogLevel level_of(policy::EventKind kind) {
  switch (kind) {
    case policy::EventKind::in_doubt:
      return LogLevel::debug;  // every delivery passes through it
    case policy::EventKind::refused:
    case policy::EventKind::accepted:
    case policy::EventKind::sent:
    case policy::EventKind::deferred:
    case policy::EventKind::released:
    case policy::EventKind::settled:
    case policy::EventKind::repeated:
    case policy::EventKind::dropped:
    case policy::EventKind::superseded:
    case policy::EventKind::left_out:
    case policy::EventKind::delivered:
    case policy::EventKind::delayed:
    case policy::EventKind::noted:
      return LogLevel::info;
    case policy::EventKind::held:
    case policy::EventKind::resent:
    case policy::EventKind::failed:
    case policy::EventKind::expired:
    case policy::EventKind::throttled:
    case policy::EventKind::bounced:
    case policy::EventKind::complained:
    case policy::EventKind::rejected:
      return LogLevel::warn;
    case policy::EventKind::quarantined:
      return LogLevel::err;
  }
  return LogLevel::err;
}

bool folds(policy::EventKind kind) {
  return kind == policy::EventKind::refused || kind == policy::EventKind::throttled;
}

std::string random_key() {
  std::array<unsigned char, 32> key{};
  if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) {
    throw std::runtime_error("The system gives no random numbers: the log cannot hash addresses.");
  }
  return {key.begin(), key.end()};
}

LogOptions with_key(LogOptions options) {
  if (options.address_key.empty()) options.address_key = random_key();
  return options;
}

// What a line has in common with those that repeat it: an event its kind, app and reason, any other
// line all its texts.
std::vector<Field> what_folds(Fields fields) {
  constexpr auto keys = std::to_array<std::string_view>({"event", "app", "reason"});
  const bool event = fields.front().key == keys.front();
  std::vector<Field> common;
  std::ranges::copy_if(fields, std::back_inserter(common), [&](const Field& field) {
    return event ? std::ranges::find(keys, field.key) != keys.end()
                 : field.kind == Field::Kind::text;
  });
  return common;
}

}  // namespace

struct Log::State {
  explicit State(LogOptions given);

  [[nodiscard]] FieldStyle style() const { return {format, addresses, options.address_key}; }
  [[nodiscard]] bool wanted(LogLevel level) const;
  void say(LogLevel level, std::string_view what, std::initializer_list<Field> given);
  void write(Time at, LogLevel level, Fields fields, bool folds);
  void write_body(Time at, LogLevel level, config::LogFormat in, const std::string& body);
  [[nodiscard]] bool repeats(LogLevel level, config::LogFormat in, const std::string& body);
  void tell_repeated(bool all);
  std::optional<std::chrono::milliseconds> tick();

  LogOptions options;
  std::atomic<config::LogFormat> format;
  std::atomic<config::LogAddresses> addresses;
  std::mutex folding_mutex;
  Folding folding;
  std::array<spdlog::logger, 2> loggers;  // by LogFormat
  LineWriter writer;                      // last: its thread uses what is above
};

Log::State::State(LogOptions given)
    : options(with_key(std::move(given))),
      format(options.rules.format),
      addresses(options.rules.addresses),
      folding(options.fold_window),
      loggers{spdlog::logger("text", std::make_shared<GatheringSink>(writer, text_pattern)),
              spdlog::logger("json", std::make_shared<GatheringSink>(writer, json_pattern))},
      writer({.descriptor = options.descriptor,
              .pending_octets = options.pending_octets,
              .gather = options.gather},
             [this] { return tick(); }) {
  for (spdlog::logger& each : loggers) {
    each.set_level(level_of(options.rules.level));
    each.flush_on(LogLevel::err);
  }
}

bool Log::State::wanted(LogLevel level) const { return loggers.front().should_log(level); }

void Log::State::write_body(Time at,
                            LogLevel level,
                            config::LogFormat in,
                            const std::string& body) {
  loggers[static_cast<std::size_t>(in)].log(at, spdlog::source_loc{}, level, body);
}

void Log::State::write(Time at, LogLevel level, Fields fields, bool folds) {
  const FieldStyle in = style();
  if (folds && repeats(level, in.format, body_of(what_folds(fields), in))) return;
  write_body(at, level, in.format, body_of(fields, in));
}

void Log::State::say(LogLevel level, std::string_view what, std::initializer_list<Field> given) {
  if (!wanted(level)) return;
  std::vector<Field> fields{Field("message", what)};
  fields.insert(fields.end(), given.begin(), given.end());
  write(options.now(), level, fields, level >= LogLevel::warn);
}

// The folding's key is all of the line that will say how often it was repeated: level, format and
// body. The format is kept, because it may change before that line is due.
bool Log::State::repeats(LogLevel level, config::LogFormat in, const std::string& body) {
  const std::string key{static_cast<char>(level), static_cast<char>(in)};
  const std::lock_guard lock(folding_mutex);
  return !folding.first(key + body, options.now());
}

void Log::State::tell_repeated(bool all) {
  const Time now = options.now();
  std::vector<Repeated> repeated;
  {
    const std::lock_guard lock(folding_mutex);
    repeated = folding.end_windows(now, all);
  }
  for (const Repeated& each : repeated) {
    const auto level = static_cast<LogLevel>(each.key[0]);
    const auto in = static_cast<config::LogFormat>(each.key[1]);
    const std::array count{Field("repeated", each.count)};
    const std::string separator = in == config::LogFormat::json ? "," : " ";
    write_body(now, level, in, each.key.substr(2) + separator + body_of(count, {.format = in}));
  }
}

// On the writer's thread after each batch.
std::optional<std::chrono::milliseconds> Log::State::tick() {
  tell_repeated(false);
  if (const std::uint64_t lines = writer.take_unreported(); lines > 0) {
    const std::array fields{
        Field("message",
              "Log lines were dropped, because standard error was not read fast enough."),
        Field("lines", lines)};
    write(options.now(), LogLevel::warn, fields, false);
  }
  const std::lock_guard lock(folding_mutex);
  const auto end = folding.next_end();
  if (!end) return std::nullopt;
  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(*end - options.now());
  return std::clamp<std::chrono::milliseconds>(
      rest, std::chrono::milliseconds(1), options.fold_window);
}

Log::Log(LogOptions options) : state_(std::make_unique<State>(std::move(options))) {}

Log::~Log() {
  state_->tell_repeated(true);
  state_->writer.stop();
}

void Log::event(const policy::Event& event, Fields more) {
  const LogLevel level = level_of(event.kind);
  if (!state_->wanted(level)) return;
  const std::string_view reason = event.reason ? policy::word(*event.reason) : std::string_view();
  std::vector<Field> fields;
  fields.reserve(7 + more.size());
  const auto add = [&fields](std::string_view key, std::string_view value) {
    if (!value.empty()) fields.emplace_back(key, value);
  };
  add("event", policy::word(event.kind));
  add("id", event.queue_id);
  add("reference", event.reference);
  add("app", event.app);
  add("domain", event.domain);
  add("reason", reason);
  fields.insert(fields.end(), more.begin(), more.end());
  add("detail", event.detail);
  state_->write(event.at, level, fields, folds(event.kind));
}

void Log::debug(std::string_view what, std::initializer_list<Field> fields) {
  state_->say(LogLevel::debug, what, fields);
}
void Log::info(std::string_view what, std::initializer_list<Field> fields) {
  state_->say(LogLevel::info, what, fields);
}
void Log::warn(std::string_view what, std::initializer_list<Field> fields) {
  state_->say(LogLevel::warn, what, fields);
}
void Log::error(std::string_view what, std::initializer_list<Field> fields) {
  state_->say(LogLevel::err, what, fields);
}

void Log::rules(const config::Log& rules) {
  state_->format = rules.format;
  state_->addresses = rules.addresses;
  for (spdlog::logger& each : state_->loggers) each.set_level(level_of(rules.level));
}

void Log::flush() {
  state_->tell_repeated(false);
  state_->writer.flush();
}

std::uint64_t Log::dropped() const { return state_->writer.dropped(); }

}  // namespace observe
