#pragma once

#include "policy/envelope.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace smtp {

struct ClientOptions {
  std::string hostname;        ///< EHLO name
  bool starttls = false;       ///< begins in clear text and must be upgraded; implicit TLS else
  std::string user, password;  ///< both empty: no AUTH (kind smtp only)
};

/// A reply as received: code, and its lines joined by one space, without the code.
struct UpstreamReply {
  int code = 0;
  std::string text;  ///< foreign octets, at most max_reply_text_octets; a cut text ends with "..."
};

/// The phase a reply or a break belongs to: decides what it means. `idle` is between two
/// transactions.
enum class Phase : std::uint8_t {
  connect,
  greeting,
  hello,
  starttls,
  auth,
  idle,
  mail,
  rcpt,
  data,
  end_of_data,
  quit,
};
[[nodiscard]] std::string_view word(Phase phase) noexcept;

// --- what came back ---
struct ReplyLine {
  std::string_view text;  ///< one line without CRLF
};
struct ClientTlsStarted {};
/// While ready: begin a transaction. An envelope without a forward path, or with a path that has
/// control characters or angle brackets outside quotes, is not sent: Finished without a reply.
struct Deliver {
  policy::Envelope envelope;
  std::uint64_t octets = 0;  ///< of the content: SIZE= where offered (RFC 1870); 0: not said
};
struct ContentSent {};      ///< the driver wrote the content and its final dot
struct ContentWithheld {};  ///< instead of ContentSent: not an octet of the content was written
struct Quit {};             ///< while ready: end the session
struct Broken {};           ///< connection lost, timed out, or a reply line over the bound
using ClientInput =
    std::variant<ReplyLine, ClientTlsStarted, Deliver, ContentSent, ContentWithheld, Quit, Broken>;

// --- what the session wants next ---
struct AwaitReply {
  Phase phase{};  ///< read a line; the driver sets the deadline by phase
};
struct ClientStartTls {};  ///< the input buffer must be empty; handshake, then ClientTlsStarted
/// Authenticated and idle: answer with Deliver or Quit. A line that comes meanwhile may be given as
/// ReplyLine: SES says 451 before it closes an idle session.
struct Ready {};
/// 354 came: make sure of the in-doubt mark, write content and dot, then ContentSent; or write
/// nothing, then ContentWithheld. Any other break from here on is ambiguous.
struct SendContent {};
/// The transaction is over; the session is as good as Ready, or `closing`.
struct Finished {
  /// Where it was decided; `idle`: a session that had served before broke ahead of MAIL's reply.
  Phase phase{};
  /// None: the connection broke, or what came is no reply to the command.
  std::optional<UpstreamReply> reply;
  bool ambiguous = false;    ///< content and dot may have gone out, and no reply came
  bool closing = false;      ///< close the connection: it is broken or about to be
  std::string_view trouble;  ///< without a reply: a sentence that says why; static
};
/// The session is over outside of a transaction: close the connection.
struct ClientClose {
  Phase phase{};
  /// Why, where the upstream said so; EHLO's reply where it does not offer what we need.
  std::optional<UpstreamReply> reply;
  std::string_view trouble;  ///< where the reply does not say it: why, and what to change; static
};
using ClientNext =
    std::variant<AwaitReply, ClientStartTls, Ready, SendContent, Finished, ClientClose>;

struct ClientStep {
  std::string output;  ///< to be written in one write: nothing or one command
  ClientNext next;
};

inline constexpr std::size_t max_reply_line_octets =
    2048;  ///< without CRLF (RFC 5321 asks for 512)
inline constexpr int max_reply_lines = 100;
inline constexpr std::size_t max_reply_text_octets = 8192;

/// The client's side of an SMTP session towards the upstream (RFC 5321, 4954, 3207, 1870, 6152):
/// lock-step, since SES has no PIPELINING. AUTH PLAIN, or LOGIN where only that is offered, never
/// ahead of TLS where STARTTLS is asked for. BODY=8BITMIME is said where offered, whatever the
/// content: it is true of 7-bit content too. A refused MAIL, RCPT or DATA ends the transaction for
/// all (SES refuses the whole message anyway), and RSET goes ahead of the next MAIL.
///
/// A state machine without I/O: construct, call start() once, then resume() with what came back of
/// each step. An input out of turn counts as Broken. After Finished with `closing`, or ClientClose,
/// the session is spent. No text it gives holds the password, in clear or in base64, even where the
/// upstream echoes it.
class ClientSession {
 public:
  explicit ClientSession(ClientOptions options);
  ~ClientSession();
  ClientSession(ClientSession&&) noexcept;
  ClientSession& operator=(ClientSession&&) noexcept;

  [[nodiscard]] ClientStep start();
  [[nodiscard]] ClientStep resume(ClientInput input);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace smtp
