#pragma once

#include "policy/event.hpp"
#include "relay/observe/log.hpp"
#include "relay/observe/metrics.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace observe {

/// What is known beside the event at the place where it happens; what is not known stays out.
struct Circumstances {
  std::optional<std::uint64_t> size;  ///< octets
  std::optional<std::size_t> recipients;
  std::optional<std::uint32_t> attempts;
  std::optional<std::chrono::nanoseconds>
      took;  ///< accepted, repeated, refused: the transaction; sent: since the accept
  std::string reverse_path, forward_path;  ///< addresses, for the log only
  std::string message_id;                  ///< of the Message-ID field
  std::string upstream_id;
  std::string peer;           ///< client address
  bool was_in_doubt = false;  ///< held: the hold is how a doubt was settled
};

/// Says each fate once: the log line and the metrics of an event both come from here. The timeline
/// is the store's.
class Recorder {
 public:
  Recorder(Log& log, Metrics& metrics) : log_(log), metrics_(metrics) {}

  /// Thread-safe.
  void record(const policy::Event& event, const Circumstances& circumstances = {});

  /// A broken invariant or a coroutine that ended by an exception: an error line, and
  /// internal_errors_total.
  void internal_error(std::string_view what, std::string_view where);

 private:
  void count(const policy::Event& event, const Circumstances& circumstances);
  Log& log_;
  Metrics& metrics_;
};

}  // namespace observe
