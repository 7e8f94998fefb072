// The server session with any lines and any answers in any order. A line of the input is a command
// line, or `!x`, an answer of the world; while the session waits for something else than a line,
// its usual answer comes first. What it says must always be SMTP, and what it asks for must have
// been earned.
#include "relay/proto/server_session.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::shared_ptr<const policy::AppFacts> app() {
  auto facts = std::make_shared<policy::AppFacts>();
  facts->name = "shop";
  facts->domains.push_back({"example.com", false, policy::DomainStatus::verified});
  facts->limits.recipients_per_message = 3;
  facts->limits.message_size = 4096;
  return facts;
}

smtp::Content content() {
  constexpr std::string_view message =
      "From: noreply@example.com\r\nTo: alice@example.org\r\nMessage-ID: "
      "<1@example.com>\r\n\r\nHello.\r\n";
  return {std::make_shared<std::string>(message)};
}

smtp::ServerOptions options_from(unsigned bits) {
  smtp::ServerOptions options;
  options.hostname = "relay.example.com";
  options.session_reference = "R0";
  options.starttls = (bits & 1U) != 0;
  options.encrypted = (bits & 2U) != 0;
  options.auth = (bits & 4U) != 0;
  options.plain_text_ok = (bits & 8U) != 0;
  if (!options.auth) options.app = "shop";
  return options;
}

class Session {
 public:
  explicit Session(const smtp::ServerOptions& options)
      : confidential_(options.encrypted || options.plain_text_ok), session_(options) {
    take(session_.start());
  }

  void play(std::string_view line) {
    if (line.starts_with('!')) return resume(event(line.substr(1)));
    for (int i = 0; i < 3 && !waits_for_a_line(); ++i) resume(usual_answer());
    resume(smtp::Line{line});
  }

 private:
  [[nodiscard]] bool waits_for_a_line() const {
    return std::holds_alternative<smtp::ReadLine>(step_.next) ||
           std::holds_alternative<smtp::Close>(step_.next);
  }

  [[nodiscard]] smtp::Input usual_answer() const {
    if (std::holds_alternative<smtp::StartTls>(step_.next)) return smtp::TlsStarted{};
    if (std::holds_alternative<smtp::Authenticate>(step_.next)) return smtp::Authenticated{app()};
    if (std::holds_alternative<smtp::Begin>(step_.next)) return smtp::Facts{app()};
    if (std::holds_alternative<smtp::ReadContent>(step_.next)) return content();
    return smtp::Stored{"01TEST"};
  }

  [[nodiscard]] static smtp::Input event(std::string_view which) {
    switch (which.empty() ? ' ' : which.front()) {
      case 'l':
        return smtp::LineTooLong{};
      case 'b':
        return smtp::BadLineEnd{};
      case 'e':
        return smtp::EarlyTalk{};
      case 'T':
        return smtp::TlsStarted{};
      case 'a':
        return smtp::Authenticated{app()};
      case 'A':
        return smtp::Authenticated{};
      case 'o':
        return smtp::Authenticated{nullptr, true};
      case 'f':
        return smtp::Facts{app()};
      case 'F':
        return smtp::Facts{};
      case 'u':
        return smtp::Facts{app(), false};
      case 'q':
        return smtp::Refuse{{policy::Reason::quota, {}, std::string(which.substr(1)), {}}};
      case 'c':
        return smtp::Content{std::make_shared<std::string>(which.substr(1))};
      case 'C':
        return smtp::Content{nullptr, true};
      case 's':
        return smtp::Stored{"01TEST"};
      case 'n':
        return smtp::NotStored{};
      case 'x':
        return smtp::StoreTimedOut{};
      case 'd':
        return smtp::Draining{};
      default:
        return smtp::TimedOut{};
    }
  }

  void resume(smtp::Input input) {
    const bool closed = std::holds_alternative<smtp::Close>(step_.next);
    const bool storing = std::holds_alternative<smtp::Commit>(step_.next);
    const bool silent = storing && !std::holds_alternative<smtp::Stored>(input) &&
                        !std::holds_alternative<smtp::NotStored>(input);
    if (std::holds_alternative<smtp::TlsStarted>(input) &&
        std::holds_alternative<smtp::StartTls>(step_.next)) {
      confidential_ = true;
    }
    take(session_.resume(std::move(input)));
    if (closed || silent)
      require(step_.output.empty() && std::holds_alternative<smtp::Close>(step_.next));
  }

  void take(smtp::Step step) {
    step_ = std::move(step);
    check_output(step_.output);
    require(step_.closed_for.empty() != std::holds_alternative<smtp::Close>(step_.next));
    if (step_.refused) {
      require(step_.output.find("(" + step_.refused->reference + ") [") != std::string::npos);
      require(step_.output.size() < 300);
    }
    if (const auto* read = std::get_if<smtp::ReadLine>(&step_.next)) {
      require(read->in_transaction == session_.in_transaction());
    }
    if (const auto* begin = std::get_if<smtp::Begin>(&step_.next))
      require(confidential_ && begin->app == "shop");
    if (const auto* credential = std::get_if<smtp::Authenticate>(&step_.next)) {
      require(confidential_ && !credential->user.empty() && !credential->password.empty());
    }
    if (const auto* commit = std::get_if<smtp::Commit>(&step_.next)) {
      require(commit->envelope.forward_paths.size() - 1 < 3 && commit->domain == "example.com");
      require(commit->envelope.reverse_path.ends_with("@example.com") && commit->octets &&
              commit->app);
    }
  }

  static void check_output(std::string_view output) {
    while (!output.empty()) {
      const std::size_t end = output.find("\r\n");
      require(end != output.npos && end >= 4 && end <= 510);
      require(output[0] >= '2' && output[0] <= '5' && (output[3] == ' ' || output[3] == '-'));
      for (const char c : output.substr(0, end)) require(c >= ' ' && c <= '~');
      output.remove_prefix(end + 2);
    }
  }

  bool confidential_;
  smtp::ServerSession session_;
  smtp::Step step_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Session session(options_from(data[0]));
  std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size());
    if (!text.empty()) text.remove_prefix(1);
    session.play(line);
  }
  return 0;
}
