#pragma once

#include "relay/net/auth_guard.hpp"
#include "relay/net/clock.hpp"
#include "relay/net/connection.hpp"
#include "relay/net/content_memory.hpp"
#include "relay/net/directory.hpp"
#include "relay/net/limits.hpp"
#include "relay/net/published.hpp"
#include "relay/proto/data_framing.hpp"
#include "relay/proto/server_session.hpp"
#include "relay/spool/store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace observe {
class Log;
class Metrics;
class Recorder;
}  // namespace observe

namespace net {

/// Why new mail is not queued but held, and when it is looked at again at the latest.
struct Standing {
  policy::Reason reason{};
  spool::WallTime until{};
};

/// What sessions ask of delivery; each is thread-safe.
struct Handover {
  /// Room for one more message of this lane in delivery's hands? True: it is leased, and `deliver`
  /// must follow once it is stored.
  std::function<bool(const spool::Lane&, std::uint64_t octets)> reserve;
  std::function<void(spool::Job, bool leased)> deliver;  ///< called once an accept was stored
  /// A reserved message was not stored.
  std::function<void(const spool::Lane&, std::uint64_t octets)> unreserve;
  /// What holds mail of this app and domain now, if anything does.
  std::function<std::optional<Standing>(std::string_view app, std::string_view domain)> standing;
  /// Whether a message of this app is urgent, by its link or by its own word, which is not always
  /// taken.
  std::function<bool(std::string_view app, bool by_link, bool by_field)> urgent;
};

/// The addresses that apps do not mail. Thread-safe and quick: asked within a transaction.
struct Suppressions {
  std::function<bool(std::string_view app)> any;
  std::function<bool(std::string_view app, std::string_view forward_path)> has;
};

/// What every session of the relay shares. Outlives all of them; each member is thread-safe.
struct Services {
  spool::Store& store;
  observe::Recorder& recorder;
  observe::Metrics& metrics;
  observe::Log& log;
  Clock& clock;
  const Published<Directory>& directory;
  AuthGuard auth_guard;
  ContentMemory content_memory{};
  Handover delivery;
  /// Mail of a sender domain has this name in From, of whose DMARC record nothing is known.
  std::function<void(std::string domain, std::string from)> met_from{};
  Suppressions suppressions{};  ///< empty: every address is mailed
  spool::QueueIds queue_ids{};
  std::chrono::milliseconds commit_limit = limits::commit;
};

/// One SMTP session from its accepted socket to its end: asks the state machine, does, tells.
class Session {
 public:
  Session(Services& services,
          Tcp::socket socket,
          smtp::ServerOptions options,
          TlsContext tls,
          std::string peer);

  asio::awaitable<void> run();
  /// The drain is over: an idle session says 421 and ends, one in a transaction finishes it first.
  void drain();
  /// The relay ends now.
  void abort();

 private:
  asio::awaitable<bool> greet();
  asio::awaitable<bool> flush();
  asio::awaitable<smtp::Input> perform(smtp::Next next);
  asio::awaitable<smtp::Input> read_line(bool in_transaction);
  [[nodiscard]] std::optional<smtp::Input> buffered_line();
  asio::awaitable<std::optional<smtp::Input>> read_more(bool in_transaction);
  asio::awaitable<smtp::Input> read_content(std::uint64_t limit);
  asio::awaitable<bool> receive(smtp::ContentReader& reader);
  asio::awaitable<smtp::Input> start_tls();
  asio::awaitable<smtp::Input> authenticate(smtp::Authenticate credential);
  asio::awaitable<smtp::Input> weigh(smtp::Weigh wanted);
  asio::awaitable<smtp::Input> commit(smtp::Commit message);
  asio::awaitable<void> pause(std::chrono::milliseconds length);
  [[nodiscard]] bool logged_in_still(const Directory& directory) const;
  [[nodiscard]] smtp::Input begin(const smtp::Begin& wanted);
  [[nodiscard]] spool::Job job_of(smtp::Commit message);
  void record_accepted(const spool::Entry& entry, const std::string& warning);
  void record_repeated(const spool::Entry& entry, spool::QueueId first);
  [[nodiscard]] smtp::Input take_line(std::string_view line, std::size_t octets);
  void note(const smtp::Refused& refused);

  Services& services_;
  Connection connection_;
  smtp::ServerSession protocol_;
  smtp::ServerOptions options_;
  TlsContext tls_;
  std::string peer_;
  std::string output_;
  std::string app_;                       ///< whose transaction it is
  std::optional<Credential> credential_;  ///< that the client logged in with
  std::chrono::steady_clock::time_point began_;
  std::optional<std::chrono::steady_clock::time_point> transaction_began_;
  std::size_t line_octets_ = 0;  ///< of the line the state machine looks at, consumed after it did
  bool skipping_line_ = false;
  bool auth_failed_ = false;
  bool idle_ = false;  ///< waits for a command, outside of a transaction
  bool draining_ = false;
  bool gone_ = false;  ///< the client is away: nothing more can be said
};

}  // namespace net
