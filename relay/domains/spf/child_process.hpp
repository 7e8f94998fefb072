#pragma once

#include "mail/result.hpp"
#include "relay/net/coro.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace domains {

/// What is executed as the SPF child, and how: this program itself, told so by its first argument.
struct SpfChildCommand {
  std::string program = "/proc/self/exe";
  std::vector<std::string> arguments{"postern", "spf-child"};  ///< argv, its own name first
};

namespace spf {

/// One child process and our end of the pair that is its descriptor 0, the only one it is given.
/// Its environment is empty, no signal is blocked or ignored. Lives on one thread. Destroyed before
/// ended() was awaited (as only an executor that goes away does), it waits for the killed process
/// itself.
class ChildProcess {
 public:
  /// Starts it; it is killed after `limit`. Takes some 60 us of the calling thread, and the child
  /// dies with that thread. The failure is a clause.
  static mail::Result<ChildProcess> start(const boost::asio::any_io_executor& executor,
                                          const SpfChildCommand& command,
                                          std::chrono::milliseconds limit);
  ChildProcess(ChildProcess&&) noexcept;
  ChildProcess& operator=(ChildProcess&&) noexcept;
  ~ChildProcess();

  /// False: it hears nothing any more.
  boost::asio::awaitable<bool> send(std::string message);
  /// Its next message; nothing when it closed its end or was killed. Of one that is longer than
  /// `max_octets` comes an octet more than that.
  boost::asio::awaitable<std::optional<std::string>> receive(std::size_t max_octets);
  /// True when it was killed because `limit` had passed.
  [[nodiscard]] bool is_late() const noexcept;
  /// Kills what still runs, waits until nothing is left of it, and says how it ended: "exited with
  /// 1", "killed by signal 31". Is not cancelled; the coroutine must not throw_if_cancelled.
  boost::asio::awaitable<std::string> ended();

 private:
  class Process;
  explicit ChildProcess(std::shared_ptr<Process> process) noexcept;
  std::shared_ptr<Process> process_;  ///< its timer's handler may come after the end
};

}  // namespace spf
}  // namespace domains
