#include "relay/sendmail/hand_over.hpp"

#include "relay/observe/escape.hpp"
#include "relay/proto/client_session.hpp"
#include "relay/proto/data_framing.hpp"
#include "relay/sendmail/exit_codes.hpp"

#include <fmt/format.h>
#include <sysexits.h>

#include <optional>
#include <utility>
#include <variant>

namespace sendmail {
namespace {

std::string shown(const smtp::UpstreamReply& reply) {
  return observe::escaped(fmt::format("{} {}", reply.code, reply.text), 1000);
}

/// Drives a client session over a wire.
class Driver {
 public:
  Driver(Wire& wire, const Settings& settings, const std::string& hello)
      : wire_(wire),
        settings_(settings),
        session_({hello,
                  settings.tls == config::ListenerTls::starttls,
                  settings.username.reveal(),
                  settings.password.reveal()}),
        step_(session_.start()) {}

  /// Up to the point where a message can be given.
  std::optional<Trouble> open() {
    run();
    if (trouble_) return trouble_;
    if (const auto* closed = std::get_if<smtp::ClientClose>(&step_.next))
      return refusal(closed->phase, closed->reply, closed->trouble);
    return std::nullopt;
  }

  Result<std::string> deliver(const Outgoing& message) {
    content_ = smtp::frame(message.octets);
    resume(smtp::Deliver{message.envelope, message.octets.size()});
    run();
    const auto* finished = std::get_if<smtp::Finished>(&step_.next);
    if (finished == nullptr) return refusal(smtp::Phase::end_of_data, std::nullopt, {});
    const bool taken = finished->reply && finished->reply->code / 100 == 2;
    if (!taken)
      return finished->ambiguous ? unknown()
                                 : refusal(finished->phase, finished->reply, finished->trouble);
    std::string answer = shown(*finished->reply);
    if (!finished->closing) {
      resume(smtp::Quit{});
      run();
    }
    return answer;
  }

 private:
  void resume(smtp::ClientInput input) { step_ = session_.resume(std::move(input)); }

  /// Does what the session wants until it waits for a decision, or is over.
  void run() {
    while (!trouble_) {
      const bool written = step_.output.empty() || wire_.write(step_.output);
      if (std::holds_alternative<smtp::AwaitReply>(step_.next)) {
        // A relay that refuses and closes has left its reply where it can be read.
        read_reply();
      } else if (!written) {
        resume(smtp::Broken{});
      } else if (std::holds_alternative<smtp::ClientStartTls>(step_.next)) {
        trouble_ = wire_.start_tls(settings_);
        if (!trouble_) resume(smtp::ClientTlsStarted{});
      } else if (std::holds_alternative<smtp::SendContent>(step_.next)) {
        send_content();
      } else {
        return;
      }
    }
  }

  void read_reply() {
    const auto line = wire_.read_line(smtp::max_reply_line_octets);
    if (line)
      resume(smtp::ReplyLine{*line});
    else
      resume(smtp::Broken{});
  }

  void send_content() {
    if (wire_.write(content_))
      resume(smtp::ContentSent{});
    else
      read_reply();
  }

  [[nodiscard]] Trouble refusal(smtp::Phase phase,
                                const std::optional<smtp::UpstreamReply>& reply,
                                std::string_view trouble) const {
    if (reply && trouble.empty()) return {exit_code_of(phase, *reply), shown(*reply)};
    const int exit_code = reply ? EX_CONFIG : EX_TEMPFAIL;
    return {exit_code,
            fmt::format("The relay {} did not take it ({}): {}",
                        settings_.relay(),
                        smtp::word(phase),
                        trouble.empty() ? "the session ended." : trouble)};
  }

  [[nodiscard]] Trouble unknown() const {
    return {EX_TEMPFAIL,
            fmt::format("The relay {} has all of the message, but its answer did not come: look in "
                        "`postern trace` before you send it again.",
                        settings_.relay())};
  }

  Wire& wire_;
  const Settings& settings_;
  smtp::ClientSession session_;
  smtp::ClientStep step_;
  std::string content_;
  std::optional<Trouble> trouble_;
};

Result<Wire> connected(const Settings& settings, Deadline deadline) {
  auto wire = Wire::connect(settings, deadline);
  if (!wire || settings.tls != config::ListenerTls::implicit) return wire;
  if (auto trouble = wire->start_tls(settings)) return *trouble;
  return wire;
}

}  // namespace

Result<std::string> hand_over(const Outgoing& message,
                              const Settings& settings,
                              const std::string& hello,
                              Deadline deadline) {
  auto wire = connected(settings, deadline);
  if (!wire) return wire.error();
  Driver driver(*wire, settings, hello);
  if (auto trouble = driver.open()) return *trouble;
  return driver.deliver(message);
}

Result<Wire> open_session(const Settings& settings, const std::string& hello, Deadline deadline) {
  auto wire = connected(settings, deadline);
  if (!wire) return wire.error();
  Driver driver(*wire, settings, hello);
  if (auto trouble = driver.open()) return *trouble;
  return wire;
}

}  // namespace sendmail
