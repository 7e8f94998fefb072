#pragma once

#include "policy/event.hpp"
#include "relay/config/config.hpp"
#include "relay/observe/field.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace observe {

struct LogOptions {
  config::Log rules;
  int descriptor = 2;       ///< where lines go: standard error
  std::string address_key;  ///< keys the hash of log.addresses: hashed; empty: drawn at random
  std::size_t pending_octets =
      1 << 20;  ///< lines not yet written; over it lines are dropped and counted
  std::chrono::milliseconds gather =
      std::chrono::milliseconds(20);  ///< how long lines wait for company
  std::chrono::seconds fold_window{10};
  std::function<std::chrono::system_clock::time_point()> now = &std::chrono::system_clock::now;
};

/// The log: one line an event, `key=value` text or JSON, on standard error.
///
/// A call formats the line and puts it in a buffer; one thread writes the buffer in few system
/// calls. When nobody reads standard error the buffer fills to its bound, then lines are dropped,
/// and a line says how many once there is room. An error line, flush() and the destructor have the
/// buffer written at once; the destructor gives up after two seconds.
///
/// Folded: refusals and throttling of one app and reason, and warnings and errors with the same
/// words (numbers left out). The first is written; those that follow within the window become one
/// line `… repeated=N`. Acceptances and settlements never are. Thread-safe.
class Log {
 public:
  explicit Log(LogOptions options);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// The line of one step in a message's life; `more` follows the event's own fields.
  void event(const policy::Event& event, Fields more = {});

  /// `what` is a sentence of ours, not foreign text; what is foreign goes into fields.
  void debug(std::string_view what, std::initializer_list<Field> fields = {});
  void info(std::string_view what, std::initializer_list<Field> fields = {});
  void warn(std::string_view what, std::initializer_list<Field> fields = {});
  void error(std::string_view what, std::initializer_list<Field> fields = {});

  /// Takes over level, format and addresses of a reloaded configuration.
  void rules(const config::Log& rules);

  /// Writes what is pending, folded counts whose window is over included. Blocks for at most two
  /// seconds.
  void flush();

  [[nodiscard]] std::uint64_t dropped() const;  ///< lines, since the start

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace observe
