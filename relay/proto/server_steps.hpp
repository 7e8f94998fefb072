#pragma once

#include "policy/envelope.hpp"
#include "policy/facts.hpp"
#include "policy/recipient_verdict.hpp"
#include "policy/reply.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace smtp {

inline constexpr std::size_t max_line_octets = 4096;  ///< command line with CRLF; SASL lines too

/// What a listener and its peer allow: fixed for the life of a session.
struct ServerOptions {
  std::string hostname;           ///< greeting and EHLO
  std::string session_reference;  ///< unique, letters and digits, always of one length
  std::uint64_t size_limit = std::uint64_t{10} << 20U;  ///< announced SIZE
  bool starttls = false;                                ///< offered while not encrypted
  bool encrypted = false;                               ///< implicit TLS
  bool auth = false;           ///< listener with AUTH (else bound to `app`)
  bool plain_text_ok = false;  ///< peer is loopback or in `allow`: needs no TLS
  std::string app;             ///< bound app, empty on a listener with AUTH
};

// --- what came back from the world ---

/// A command or SASL line without CRLF; views the driver's buffer.
struct Line {
  std::string_view text;
};
struct LineTooLong {};  ///< over max_line_octets; the line was skipped to its end
struct BadLineEnd {};   ///< a command line with a bare LF, bare CR or NUL
struct EarlyTalk {};  ///< octets ahead of the greeting, or behind EHLO or STARTTLS before its reply
struct TlsStarted {};
/// The credential's app, or null. `session_over`: too many failures, the connection ends.
struct Authenticated {
  std::shared_ptr<const policy::AppFacts> app;
  bool session_over = false;
};
/// The facts of this moment for the session's app (null: no such app any more), whether the store
/// takes mail, and what is known of that app's mail.
struct Facts {
  std::shared_ptr<const policy::AppFacts> app;
  bool storable = true;
  policy::QueueLoad queued{};   ///< the app's
  bool has_suppressed = false;  ///< there are addresses that the app does not mail
};
/// The whole message, dots unstuffed, CRLF kept; or `too_big` (octets then empty).
struct Content {
  std::shared_ptr<std::string> octets;
  bool too_big = false;
};
/// What is known of the recipients, one element for each in their order; NotStored if that could
/// not be asked.
struct Weighed {
  std::vector<policy::RecipientFacts> recipients;
};
struct Stored {
  std::string queue_id;
};
struct NotStored {};      ///< 451 storage
struct StoreTimedOut {};  ///< no answer within the limit: close without a reply
/// The shell's own refusal at Begin.
struct Refuse {
  policy::Refusal refusal;
};
struct TimedOut {};  ///< the limit of a step passed: may answer every Next
struct Draining {};  ///< the relay stops: may answer every Next, meant for between transactions
using Input = std::variant<Line,
                           LineTooLong,
                           BadLineEnd,
                           EarlyTalk,
                           TlsStarted,
                           Authenticated,
                           Facts,
                           Content,
                           Weighed,
                           Stored,
                           NotStored,
                           StoreTimedOut,
                           Refuse,
                           TimedOut,
                           Draining>;

// --- what the session wants next ---

struct ReadLine {
  bool in_transaction = false;
};
/// Read DATA up to CRLF.CRLF; content over `limit` octets is too_big.
struct ReadContent {
  std::uint64_t limit = 0;
};
struct StartTls {};  ///< flush, then handshake; the input buffer must be empty
/// Whose app is this? The driver wipes the password (sasl.hpp) when it has looked.
struct Authenticate {
  std::string user;
  std::string password;
};
/// Take the facts of this moment: answered by Facts or Refuse.
struct Begin {
  std::string app;
};
/// What is known of these recipients of the app? Answered by Weighed or NotStored.
struct Weigh {
  std::shared_ptr<const policy::AppFacts> app;
  std::vector<std::string> forward_paths;
};
/// A recipient that does not get an accepted message.
struct LeftOut {
  std::string forward_path;
  policy::Reason reason{};
};
/// Make this durable: answered by Stored, NotStored or StoreTimedOut.
struct Commit {
  policy::Envelope envelope;
  std::shared_ptr<std::string> octets;
  std::shared_ptr<const policy::AppFacts> app;
  std::string domain;             ///< configured domain that signs
  std::uint64_t association = 0;  ///< the app's right to it
  std::string message_id;         ///< of the Message-ID field
  std::string unknown_from;       ///< a domain in From whose DMARC record was not asked for yet
  std::string warning;            ///< accepted, but receivers may put it aside: why, one sentence
  /// A person waits for it: by a link in it, by its X-Postern-Priority field. Never with more than
  /// one recipient.
  bool urgent_by_link = false, urgent_by_field = false;
  std::vector<LeftOut> left_out;  ///< for the timeline; not in the envelope
};
struct Close {};
using Next =
    std::variant<ReadLine, ReadContent, StartTls, Authenticate, Begin, Weigh, Commit, Close>;

/// A refusal that was said, for log, metrics and trace.
struct Refused {
  policy::Refusal refusal;
  std::string reference;  ///< the (REF) in the reply: the session's and a number in base32
  std::string app;        ///< empty if not known
  std::string envelope_from;
};

/// One step of the dialogue: send `output` (may be empty; the driver gathers it while more input is
/// buffered), note what was refused, then do `next` and come back with its Input.
struct Step {
  std::string output;
  Next next;
  std::optional<Refused> refused;
  /// With Close, a metric label: quit, timeout, drain, http, early-talk, bad-line-end, errors,
  /// auth-failed, store-timeout; fault when the driver came back with what was not asked for.
  std::string_view closed_for;
};

}  // namespace smtp
