// An upstream that may say anything: the session never writes more than one command, never reveals
// the password, and ends each transaction once. The input is a list of lines; the first octet of
// each chooses what comes back.
#include "relay/proto/client_session.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

namespace {

constexpr std::string_view password = "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGW";

void require(bool holds) {
  if (!holds) std::abort();
}

/// The driver of the session, checking what it is asked for.
class Driver {
 public:
  Driver(bool starttls, bool login)
      : session_({.hostname = "relay.example.com",
                  .starttls = starttls,
                  .user = login ? "AKIAUSER" : "",
                  .password = login ? std::string(password) : ""}) {
    look(session_.start());
  }

  void take(std::string_view line) {
    const char kind = line.empty() ? 'l' : line.front();
    if (!line.empty()) line.remove_prefix(1);
    switch (kind) {
      case 'd':
        return deliver({"shop@example.com", {"a@example.net", "b@example.net"}});
      case 'e':
        return deliver({std::string(line), {std::string(line), "b@example.net"}});
      case 'c':
        return look(session_.resume(smtp::ContentSent{}));
      case 'w':
        return look(session_.resume(smtp::ContentWithheld{}));
      case 't':
        return look(session_.resume(smtp::ClientTlsStarted{}));
      case 'q':
        return look(session_.resume(smtp::Quit{}));
      case 'b':
        return look(session_.resume(smtp::Broken{}));
      default:
        return look(session_.resume(smtp::ReplyLine{line}));
    }
  }

  void end() {
    look(session_.resume(smtp::Broken{}));
    require(over_ && !in_transaction_);
  }

 private:
  void deliver(policy::Envelope envelope) {
    const bool idle = idle_;
    smtp::ClientStep step = session_.resume(smtp::Deliver{std::move(envelope), 4096});
    in_transaction_ =
        in_transaction_ || (idle && !std::holds_alternative<smtp::ClientClose>(step.next));
    look(step);
  }

  void look(const smtp::ClientStep& step) {
    one_command(step.output);
    const bool was_over = over_;
    idle_ = std::holds_alternative<smtp::Ready>(step.next);
    if (const auto* finished = std::get_if<smtp::Finished>(&step.next)) {
      require(in_transaction_ && !was_over);
      require(!finished->ambiguous || (!finished->reply && finished->closing && content_asked_));
      require(finished->reply.has_value() == finished->trouble.empty());
      bounded(finished->reply);
      in_transaction_ = content_asked_ = false;
      idle_ = !finished->closing;
      over_ = finished->closing;
    } else if (const auto* closed = std::get_if<smtp::ClientClose>(&step.next)) {
      require(!in_transaction_);
      bounded(closed->reply);
      over_ = true;
    } else {
      require(!was_over);
    }
    if (std::holds_alternative<smtp::SendContent>(step.next)) content_asked_ = true;
  }

  static void bounded(const std::optional<smtp::UpstreamReply>& reply) {
    if (!reply) return;
    require(reply->code >= 200 && reply->code <= 599);
    require(reply->text.size() <= smtp::max_reply_text_octets);
  }

  static void one_command(std::string_view output) {
    if (output.empty()) return;
    require(output.ends_with("\r\n"));
    output.remove_suffix(2);
    require(output.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    require(output.find(password) == std::string_view::npos);
  }

  smtp::ClientSession session_;
  bool idle_ = false, in_transaction_ = false, content_asked_ = false, over_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  std::string_view script(reinterpret_cast<const char*>(octets), size);
  if (script.empty()) return 0;
  Driver driver((script.front() & 1) != 0, (script.front() & 2) != 0);
  for (script.remove_prefix(1); !script.empty();) {
    const std::size_t end = std::min(script.find('\n'), script.size());
    driver.take(script.substr(0, end));
    script.remove_prefix(std::min(end + 1, script.size()));
  }
  driver.end();
  return 0;
}
