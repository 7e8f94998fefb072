#pragma once

#include "relay/proto/client_session.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace smtp {

/// A dialogue of the client session as a list: what came back, and what the session must want next.
/// check() plays it; the other checks play it again with something else in the place of every
/// single step.
class ClientScript {
 public:
  explicit ClientScript(ClientOptions options) : options_(std::move(options)) {
    expect_await(Phase::greeting);
  }

  // What came back. The lines of a reply are given with '\n' between them.
  ClientScript& hears(std::string_view lines) {
    for (std::size_t end = lines.find('\n'); end != std::string_view::npos;
         end = lines.find('\n')) {
      steps_.emplace_back(Line{std::string(lines.substr(0, end))});
      expected_.push_back({.kind = Kind::await, .phase = expected_.back().phase});
      lines.remove_prefix(end + 1);
    }
    return came(Line{std::string(lines)});
  }
  ClientScript& encrypted() { return came(ClientTlsStarted{}); }
  ClientScript& delivers(policy::Envelope envelope, std::uint64_t octets = 0) {
    return came(Deliver{std::move(envelope), octets});
  }
  ClientScript& content_sent() { return came(ContentSent{}); }
  ClientScript& content_withheld() { return came(ContentWithheld{}); }
  ClientScript& quits() { return came(Quit{}); }
  ClientScript& breaks() { return came(Broken{}); }

  // What the session must want next.
  ClientScript& says(std::string_view command, Phase phase) {
    expected_.push_back(
        {.output = std::string(command) + "\r\n", .kind = Kind::await, .phase = phase});
    return *this;
  }
  ClientScript& awaits(Phase phase) {
    expect_await(phase);
    return *this;
  }
  ClientScript& starts_tls() { return wants({.kind = Kind::tls}); }
  ClientScript& ready() { return wants({.kind = Kind::ready, .phase = Phase::idle}); }
  ClientScript& sends_content() { return wants({.kind = Kind::content}); }
  ClientScript& finishes(Phase phase, int code, bool closing = false) {
    return wants({.kind = Kind::finished, .phase = phase, .code = code, .closing = closing});
  }
  ClientScript& breaks_off(Phase phase, bool ambiguous) {
    return wants({.kind = Kind::finished, .phase = phase, .ambiguous = ambiguous, .closing = true});
  }
  ClientScript& closes(Phase phase, int code = 0) {
    return wants({.kind = Kind::closed, .phase = phase, .code = code});
  }

  /// Plays the script; gives the last step for a closer look.
  ClientStep check() const {
    ClientSession session(options_);
    ClientStep step = session.start();
    matches(step, expected_.front(), 0);
    for (std::size_t at = 0; at < steps_.size(); ++at) {
      step = session.resume(input(steps_[at]));
      matches(step, expected_[at + 1], at + 1);
    }
    return step;
  }

  /// Once for every step: the connection breaks in its place.
  void check_break_at_every_step() const { check_replaced(Broken{}, false); }
  /// Once for every line that is awaited: something else comes in its place, which must end the
  /// session just so.
  void check_line_at_every_step(std::string_view line) const {
    check_replaced(Line{std::string(line)}, true);
  }

 private:
  enum class Kind { await, tls, ready, content, finished, closed };
  struct Expected {
    std::string output = {};
    Kind kind{};
    Phase phase{};
    int code = 0;  ///< 0: no reply
    bool ambiguous = false;
    bool closing = false;
  };
  struct Line {
    std::string text;
  };
  using Came =
      std::variant<Line, ClientTlsStarted, Deliver, ContentSent, ContentWithheld, Quit, Broken>;

  ClientScript& came(Came what) {
    steps_.push_back(std::move(what));
    return *this;
  }
  ClientScript& wants(Expected what) {
    expected_.push_back(std::move(what));
    return *this;
  }
  void expect_await(Phase phase) { expected_.push_back({.kind = Kind::await, .phase = phase}); }

  static ClientInput input(const Came& came) {
    return std::visit(
        [](const auto& what) -> ClientInput {
          if constexpr (std::is_same_v<std::decay_t<decltype(what)>, Line>) {
            return ReplyLine{what.text};
          } else {
            return what;
          }
        },
        came);
  }

  static int code(const std::optional<UpstreamReply>& reply) { return reply ? reply->code : 0; }

  static Expected seen(const ClientStep& step) {
    Expected was{.output = step.output};
    if (const auto* await = std::get_if<AwaitReply>(&step.next)) {
      was.kind = Kind::await;
      was.phase = await->phase;
    } else if (const auto* finished = std::get_if<Finished>(&step.next)) {
      was = {step.output,
             Kind::finished,
             finished->phase,
             code(finished->reply),
             finished->ambiguous,
             finished->closing};
    } else if (const auto* closed = std::get_if<ClientClose>(&step.next)) {
      was = {step.output, Kind::closed, closed->phase, code(closed->reply), false, false};
    } else if (std::holds_alternative<ClientStartTls>(step.next)) {
      was.kind = Kind::tls;
    } else if (std::holds_alternative<Ready>(step.next)) {
      was.kind = Kind::ready;
      was.phase = Phase::idle;
    } else {
      was.kind = Kind::content;
    }
    return was;
  }

  static void matches(const ClientStep& step, const Expected& wanted, std::size_t at) {
    CAPTURE(at);
    const Expected was = seen(step);
    CHECK(was.output == wanted.output);
    CHECK(static_cast<int>(was.kind) == static_cast<int>(wanted.kind));
    CHECK(word(was.phase) == word(wanted.phase));
    CHECK(was.code == wanted.code);
    CHECK(was.ambiguous == wanted.ambiguous);
    CHECK(was.closing == wanted.closing);
  }

  void check_replaced(const Came& other, bool awaited_only) const {
    for (std::size_t at = 0; at < steps_.size(); ++at) {
      if (awaited_only && expected_[at].kind != Kind::await) continue;
      CAPTURE(at);
      ends_with(other, at);
    }
  }

  /// Plays `at` steps and `other` after them: the transaction under way is finished once, or else
  /// the session closed.
  void ends_with(const Came& other, std::size_t at) const {
    ClientSession session(options_);
    (void)session.start();
    int under_way = 0;
    bool content_asked = false;
    for (std::size_t played = 0; played < at; ++played) {
      (void)session.resume(input(steps_[played]));
      const Kind kind = expected_[played + 1].kind;
      under_way += std::holds_alternative<Deliver>(steps_[played]) ? 1 : 0;
      under_way -= kind == Kind::finished ? 1 : 0;
      content_asked = kind == Kind::content || (content_asked && kind != Kind::finished);
    }
    REQUIRE((under_way == 0 || under_way == 1));
    const Expected end = seen(session.resume(input(other)));
    CHECK(end.output.empty());
    CHECK((end.kind == Kind::finished) == (under_way == 1));
    CHECK((end.kind == Kind::closed) == (under_way == 0));
    CHECK(end.closing == (under_way == 1));
    CHECK(end.ambiguous == (content_asked && end.code == 0));
    const Expected after = seen(session.resume(Broken{}));
    CHECK((after.kind == Kind::closed && after.output.empty() && after.code == 0));
  }

  ClientOptions options_;
  std::vector<Expected> expected_;
  std::vector<Came> steps_;  ///< what comes after expected_ of the same index
};

}  // namespace smtp
