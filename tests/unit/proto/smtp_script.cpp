#include "smtp_script.hpp"

#include "mail/header_fields.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <utility>
#include <variant>

namespace test {
namespace {

constexpr std::string_view queue_id = "01TESTQUEUEID";

/// `*` stands for any run of characters.
bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (matches(pattern.substr(1), text.substr(i))) return true;
    }
    return false;
  }
  return !text.empty() && pattern.front() == text.front() &&
         matches(pattern.substr(1), text.substr(1));
}

/// `\r`, `\n`, `\0`, `\t`, `\\` and `\xHH` in client lines.
std::string unescaped(std::string_view text) {
  std::string octets;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      octets += text[i];
      continue;
    }
    const char c = text[++i];
    constexpr std::string_view names = "rn0t\\";
    constexpr std::string_view meant("\r\n\0\t\\", 5);
    if (c == 'x') {
      octets += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      octets += meant.at(names.find(c));
    }
  }
  return octets;
}

/// Takes the first line off `said`, without its CRLF.
std::string take_line(std::string& said) {
  const std::size_t end = said.find("\r\n");
  REQUIRE_MESSAGE(end != std::string::npos, "no further server line; left: " << said);
  std::string line = said.substr(0, end);
  said.erase(0, end + 2);
  return line;
}

}  // namespace

std::shared_ptr<policy::AppFacts> shop() {
  auto app = std::make_shared<policy::AppFacts>();
  app->name = "shop";
  app->contact = "web@example.com";
  app->domains.push_back({"example.com", false, policy::DomainStatus::verified});
  app->limits.queued_messages = 20000;
  return app;
}

smtp::ServerOptions listener_options(std::string_view listener) {
  smtp::ServerOptions options;
  options.hostname = "relay.example.com";
  options.session_reference = "R0";
  options.auth = listener != "bound";
  options.app = listener == "bound" ? "shop" : "";
  options.starttls = listener == "starttls" || listener == "remote";
  options.encrypted = listener == "tls";
  options.plain_text_ok = listener == "bound" || listener == "starttls";
  return options;
}

std::vector<std::filesystem::path> files_with(const std::filesystem::path& folder,
                                              std::string_view suffix) {
  const std::filesystem::path tests = std::filesystem::path(POSTERN_TESTS_DIR) / folder;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(tests)) {
    if (entry.path().filename().string().ends_with(suffix)) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

// --- the driver's stand-in ---

ScriptedDriver::ScriptedDriver(smtp::ServerOptions options) : session(std::move(options)) {
  step_ = session.start();
  note();
}

bool ScriptedDriver::closed() const { return std::holds_alternative<smtp::Close>(step_.next); }

std::string ScriptedDriver::take_output() { return std::exchange(output_, {}); }

void ScriptedDriver::note() {
  output_ += step_.output;
  if (step_.refused) refusals.push_back(*step_.refused);
  if (const auto* commit = std::get_if<smtp::Commit>(&step_.next)) commits.push_back(*commit);
}

void ScriptedDriver::resume(smtp::Input input) {
  if (resumed_++ == fail_at) {
    failed = true;
    committing_when_failed = std::holds_alternative<smtp::Commit>(step_.next);
    switch (failure) {
      case Failure::timed_out:
        input = smtp::TimedOut{};
        break;
      case Failure::draining:
        input = smtp::Draining{};
        break;
      case Failure::not_stored:
        input = smtp::NotStored{};
        break;
      case Failure::store_timed_out:
        input = smtp::StoreTimedOut{};
        break;
      case Failure::gone:
        return;
    }
  }
  step_ = session.resume(std::move(input));
  note();
  if (failed) said_when_failed = step_.output;
}

void ScriptedDriver::happen(std::string_view event) {
  if (event == "timed-out") return resume(smtp::TimedOut{});
  if (event == "draining") return resume(smtp::Draining{});
  if (event == "early-talk") return resume(smtp::EarlyTalk{});
  if (event == "app-blocked") {
    app_->blocked = true;
  } else if (event == "app-gone") {
    app_.reset();
  } else if (event == "line-ends-normalised") {
    app_->rules.line_ends = policy::LineEnds::normalise;
  } else if (event.starts_with("message-size ")) {
    app_->limits.message_size = std::stoull(std::string(event.substr(13)));
  } else if (event == "too-many-failures") {
    session_over_ = true;
  } else {
    store_ = event;
  }
}

void ScriptedDriver::run() {
  while (!closed() && !failed) {
    auto input = answer();
    if (!input) return;
    resume(std::move(*input));
  }
}

std::optional<smtp::Input> ScriptedDriver::answer() {
  if (std::holds_alternative<smtp::ReadLine>(step_.next)) return read_line();
  if (const auto* read = std::get_if<smtp::ReadContent>(&step_.next)) {
    return read_content(read->limit);
  }
  if (std::holds_alternative<smtp::StartTls>(step_.next)) return shake_hands();
  if (const auto* credential = std::get_if<smtp::Authenticate>(&step_.next)) {
    const bool right = credential->user == "shop" && credential->password == shop_password;
    return smtp::Authenticated{right ? app_ : nullptr, session_over_};
  }
  if (std::holds_alternative<smtp::Begin>(step_.next)) return facts();
  return stored();
}

std::optional<smtp::Input> ScriptedDriver::read_line() {
  const std::size_t end = input_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  line_ = input_.substr(0, end);
  input_.erase(0, end + 1);
  if (end + 1 > smtp::max_line_octets) return smtp::LineTooLong{};
  if (!line_.ends_with('\r')) return smtp::BadLineEnd{};
  line_.pop_back();
  if (line_.find_first_of(std::string_view("\r\0", 2)) != line_.npos) return smtp::BadLineEnd{};
  if (mail::starts_with_ignoring_case(line_, "EHLO") && !input_.empty()) return smtp::EarlyTalk{};
  return smtp::Line{line_};
}

std::optional<smtp::Input> ScriptedDriver::read_content(std::uint64_t limit) {
  if (!reader_) reader_.emplace(limit);
  input_.erase(0, reader_->feed(input_));
  if (!reader_->complete()) return std::nullopt;
  const bool too_big = reader_->too_big();
  auto octets = reader_->take();
  reader_.reset();
  return smtp::Content{std::move(octets), too_big};
}

std::optional<smtp::Input> ScriptedDriver::shake_hands() {
  if (!input_.empty()) return smtp::EarlyTalk{};
  if (!std::exchange(handshake_, false)) return std::nullopt;
  return smtp::TlsStarted{};
}

std::optional<smtp::Input> ScriptedDriver::facts() const {
  if (store_ == "over-quota") {
    return smtp::Refuse{
        {policy::Reason::quota, std::nullopt, "Not sent: shop has used its messages", {}}};
  }
  if (store_ == "queue-full") return smtp::Facts{app_, true, {20000, 0}};
  return smtp::Facts{app_, store_ != "store-full"};
}

smtp::Input ScriptedDriver::stored() const {
  if (store_ == "store-fails") return smtp::NotStored{};
  if (store_ == "store-times-out") return smtp::StoreTimedOut{};
  return smtp::Stored{std::string(queue_id)};
}

std::string talk(ScriptedDriver& driver, std::string_view octets) {
  (void)driver.take_output();
  driver.send(octets);
  driver.run();
  return driver.take_output();
}

std::string last_code(const std::string& said) {
  if (said.size() < 2) return "";
  const std::size_t before = said.rfind("\r\n", said.size() - 3);
  return said.substr(before == said.npos ? 0 : before + 2, 3);
}

// --- the script ---

SmtpScript::SmtpScript(const std::filesystem::path& file) : name_(file.filename().string()) {
  std::ifstream in(file);
  REQUIRE(in.good());
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with("listener: ")) {
      listener_ = line.substr(10);
    } else if (line.size() >= 2 && line[1] == ':') {
      lines_.push_back({line[0], line.size() > 3 ? line.substr(3) : "", number});
    } else {
      REQUIRE_MESSAGE(line.starts_with("runs: "), name_ << ':' << number << ": " << line);
    }
  }
}

void SmtpScript::check() const {
  ScriptedDriver driver(listener_options(listener_));
  play(driver, true);
}

void SmtpScript::play(ScriptedDriver& driver, bool assertive) const {
  std::string said;
  for (std::size_t i = 0; i < lines_.size() && !driver.failed; ++i) {
    const Line& line = lines_[i];
    if (line.kind == 'C' || line.kind == 'c') {
      driver.send(unescaped(line.text) + (line.kind == 'C' ? "\r\n" : ""));
      const bool more =
          i + 1 < lines_.size() && (lines_[i + 1].kind == 'C' || lines_[i + 1].kind == 'c');
      if (!more) driver.run();
    } else if (line.kind == 'T') {
      driver.handshake();
      driver.run();
    } else if (line.kind == 'E') {
      driver.happen(line.text);
    }
    said += driver.take_output();
    if (assertive) check_line(driver, said, line);
  }
  if (!assertive) return;
  CAPTURE(name_);
  CHECK(said == "");
}

void SmtpScript::check_line(ScriptedDriver& driver, std::string& said, const Line& line) const {
  INFO(name_ << ", line " << line.number << ", " << std::string(1, line.kind) << ": " << line.text);
  switch (line.kind) {
    case 'S': {
      const std::string server_line = take_line(said);
      CHECK_MESSAGE(matches(line.text, server_line), "the server said: " << server_line);
      break;
    }
    case 'X':
      CHECK(said == "");
      CHECK(driver.closed());
      CHECK(driver.step().closed_for == line.text);
      break;
    case 'Q': {
      REQUIRE(!driver.commits.empty());
      const policy::Envelope& envelope = driver.commits.back().envelope;
      std::string paths = "<" + envelope.reverse_path + ">";
      for (const auto& path : envelope.forward_paths) paths += " <" + path + ">";
      CHECK(paths == line.text);
      break;
    }
    default:
      CHECK_MESSAGE(std::string_view("CcTE").find(line.kind) != std::string_view::npos,
                    "a line of this kind is not known");
  }
}

std::size_t SmtpScript::check_failure_at_every_step() const {
  ScriptedDriver whole(listener_options(listener_));
  play(whole, false);
  std::size_t tried = 0;
  for (std::size_t step = 0; step < whole.resumed(); ++step) {
    for (const Failure failure : {Failure::timed_out,
                                  Failure::draining,
                                  Failure::gone,
                                  Failure::not_stored,
                                  Failure::store_timed_out}) {
      check_failure(step, failure);
      ++tried;
    }
  }
  return tried;
}

void SmtpScript::check_failure(std::size_t step, Failure failure) const {
  ScriptedDriver driver(listener_options(listener_));
  driver.fail_at = step;
  driver.failure = failure;
  play(driver, false);
  INFO(name_ << ", step " << step << ", failure " << static_cast<int>(failure));
  REQUIRE(driver.failed);
  const bool committing = driver.committing_when_failed;
  switch (failure) {
    case Failure::timed_out:
    case Failure::draining:
      CHECK(driver.closed());
      CHECK(driver.said_when_failed.substr(0, 4) == (committing ? "" : "421 "));
      CHECK(driver.step().closed_for == (failure == Failure::timed_out ? "timeout" : "drain"));
      break;
    case Failure::not_stored:
      CHECK(driver.closed() != committing);
      CHECK(driver.said_when_failed.substr(0, 10) == (committing ? "451 4.3.0 " : ""));
      CHECK(driver.step().closed_for == (committing ? "" : "fault"));
      break;
    case Failure::store_timed_out:
      CHECK(driver.closed());
      CHECK(driver.said_when_failed == "");
      CHECK(driver.step().closed_for == (committing ? "store-timeout" : "fault"));
      break;
    case Failure::gone:
      return;
  }
  if (!driver.closed()) return;
  const smtp::Step after = driver.session.resume(smtp::Line{"NOOP"});
  CHECK(std::holds_alternative<smtp::Close>(after.next));
  CHECK(after.output == "");
}

}  // namespace test
