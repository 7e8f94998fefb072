#pragma once

#include "relay/proto/data_framing.hpp"
#include "relay/proto/server_session.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace test {

/// The app of every script: it may send as example.com.
std::shared_ptr<policy::AppFacts> shop();
inline constexpr std::string_view shop_password = "q7Xc0mV5nT2bR9kL4wZ8sJ1hG6fD3pY0aU5eI2oN7xB";
/// The AUTH command of the shop.
inline constexpr std::string_view login =
    "AUTH PLAIN AHNob3AAcTdYYzBtVjVuVDJiUjlrTDR3WjhzSjFoRzZmRDNwWTBhVTVlSTJvTjd4Qg==\r\n";
/// A mail that the shop may send.
inline constexpr std::string_view message =
    "From: Example <noreply@example.com>\r\nTo: alice@example.org\r\nSubject: Your account\r\n"
    "Date: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\nWelcome.\r\n";

/// The files of a folder under tests/ whose names end so, in order.
std::vector<std::filesystem::path> files_with(const std::filesystem::path& folder,
                                              std::string_view suffix);

/// What a listener named in a script is: `bound` (to shop, loopback), `starttls` (AUTH, loopback),
/// `remote` (AUTH, a peer that must encrypt), `tls` (AUTH, implicit TLS).
smtp::ServerOptions listener_options(std::string_view listener);

/// What comes instead of the answer to a Next.
enum class Failure : std::uint8_t { timed_out, draining, gone, not_stored, store_timed_out };

/// Stands in for the network driver: does what the session wants with the octets that a script's
/// client has sent.
class ScriptedDriver {
 public:
  explicit ScriptedDriver(smtp::ServerOptions options);

  void send(std::string_view octets) { input_ += octets; }
  void handshake() { handshake_ = true; }
  /// A script's event: an Input that comes now, or how the world answers from now on.
  void happen(std::string_view event);
  /// Goes on until the session waits for the client or is closed.
  void run();
  /// The octets said since the last call.
  [[nodiscard]] std::string take_output();

  [[nodiscard]] bool closed() const;
  [[nodiscard]] const smtp::Step& step() const { return step_; }
  [[nodiscard]] std::size_t resumed() const { return resumed_; }

  smtp::ServerSession session;
  std::vector<smtp::Commit> commits;
  std::vector<smtp::Refused> refusals;
  std::optional<std::size_t> fail_at;  ///< the number of the resume() that gets `failure`
  Failure failure{};
  bool failed = false;
  /// Of the failed step: what was said, and whether a Commit was out.
  std::string said_when_failed;
  bool committing_when_failed = false;

 private:
  void resume(smtp::Input input);
  void note();
  [[nodiscard]] std::optional<smtp::Input> answer();
  [[nodiscard]] std::optional<smtp::Input> read_line();
  [[nodiscard]] std::optional<smtp::Input> read_content(std::uint64_t limit);
  [[nodiscard]] std::optional<smtp::Input> shake_hands();
  [[nodiscard]] std::optional<smtp::Input> facts() const;
  [[nodiscard]] smtp::Input stored() const;

  std::shared_ptr<policy::AppFacts> app_ = shop();
  smtp::Step step_;
  std::string input_;
  std::string line_;
  std::string output_;
  std::optional<smtp::ContentReader> reader_;
  std::string store_ = "stores";
  bool handshake_ = false;
  bool session_over_ = false;
  std::size_t resumed_ = 0;
};

/// Sends octets and gives what was said to them.
std::string talk(ScriptedDriver& driver, std::string_view octets);
/// The code of the last reply.
std::string last_code(const std::string& said);

/// A dialogue as text (tests/transcripts/README.md).
class SmtpScript {
 public:
  explicit SmtpScript(const std::filesystem::path& file);

  /// Plays it; every mismatch is a failed assertion that names file and line.
  void check() const;
  /// Plays it again and again, each time with one step failing: the client is told 421, or nothing
  /// while its message is being stored, and the session is over. Gives the number of failures
  /// tried.
  [[nodiscard]] std::size_t check_failure_at_every_step() const;

 private:
  struct Line {
    char kind;
    std::string text;
    std::size_t number;
  };
  void play(ScriptedDriver& driver, bool assertive) const;
  void check_line(ScriptedDriver& driver, std::string& said, const Line& line) const;
  void check_failure(std::size_t step, Failure failure) const;

  std::string name_;
  std::string listener_ = "bound";
  std::vector<Line> lines_;
};

}  // namespace test
