#include "relay/domains/spf/child_process.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/generic/seq_packet_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {  // glibc 2.36 forgot it
#include <sys/pidfd.h>
}

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace domains::spf {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using mail::Failure;
using mail::Result;
using net::tup;

Failure failed(const char* what, int error) {
  return mail::failure(std::string(what) + ": " + std::generic_category().message(error));
}

/// Owns a descriptor until somebody takes it.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const noexcept { return number_; }
  int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_;
};

/// How the child begins: `pair` as descriptor 0 and no other, every signal as it was made.
class SpawnSettings {
 public:
  explicit SpawnSettings(int pair) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t every;
    sigset_t none;
    sigfillset(&every);
    sigemptyset(&none);
    note(posix_spawn_file_actions_adddup2(&actions_, pair, 0));
    note(posix_spawn_file_actions_addclosefrom_np(&actions_, 1));
    note(posix_spawnattr_setsigdefault(&attributes_, &every));
    note(posix_spawnattr_setsigmask(&attributes_, &none));
    note(posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }

  Result<pid_t> spawn(const SpfChildCommand& command) const {
    std::vector<std::string> arguments = command.arguments;
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    std::array<char*, 1> environment{nullptr};
    pid_t pid = 0;
    const int error = error_ != 0 ? error_
                                  : posix_spawn(&pid,
                                                command.program.c_str(),
                                                &actions_,
                                                &attributes_,
                                                argv.data(),
                                                environment.data());
    if (error != 0) return failed("it cannot be started", error);
    return pid;
  }

 private:
  void note(int error) {
    if (error_ == 0) error_ = error;
  }
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
  int error_ = 0;
};

std::string ending_of(const siginfo_t& ending) {
  const std::string status = std::to_string(ending.si_status);
  return ending.si_code == CLD_EXITED ? "exited with " + status : "killed by signal " + status;
}

}  // namespace

class ChildProcess::Process {
 public:
  Process(const asio::any_io_executor& executor, int pair, int pidfd)
      : pair_(executor, asio::generic::seq_packet_protocol(AF_UNIX, 0), pair),
        ended_(executor, pidfd),
        limit_(executor) {}
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (reaped_) return;
    kill();
    siginfo_t ending{};
    while (waitid(P_PIDFD, id(), &ending, WEXITED) != 0 && errno == EINTR) {
    }
  }

  void kill() { pidfd_send_signal(ended_.native_handle(), SIGKILL, nullptr, 0); }

  static void limit(const std::shared_ptr<Process>& process, std::chrono::milliseconds limit) {
    process->limit_.expires_after(limit);
    process->limit_.async_wait([weak = std::weak_ptr(process)](const error_code& error) {
      const auto late = weak.lock();
      if (error || !late) return;
      late->late_ = true;
      late->kill();
      late->pair_.close();
    });
  }

  asio::awaitable<bool> send(std::string message) {
    const auto [error, size] = co_await pair_.async_send(asio::buffer(message), 0, tup);
    co_return !error;
  }

  asio::awaitable<std::optional<std::string>> receive(std::size_t max_octets) {
    std::string message(max_octets + 1, '\0');
    asio::socket_base::message_flags flags = 0;
    const auto [error, size] = co_await pair_.async_receive(asio::buffer(message), flags, tup);
    if (error || size == 0) co_return std::nullopt;
    message.resize(size);
    co_return message;
  }

  [[nodiscard]] bool is_late() const noexcept { return late_; }

  asio::awaitable<std::string> ended() {
    limit_.cancel();
    kill();
    // A slot of its own, which nobody cancels by.
    co_await ended_.async_wait(asio::posix::descriptor_base::wait_read,
                               asio::bind_cancellation_slot(asio::cancellation_slot(), tup));
    siginfo_t ending{};
    const int error = waitid(P_PIDFD, id(), &ending, WEXITED | WNOHANG) == 0 ? 0 : errno;
    reaped_ = error == ECHILD || (error == 0 && ending.si_pid != 0);
    // ECHILD: something else in the process collects its children.
    co_return error == 0 ? ending_of(ending) : "ended";
  }

 private:
  [[nodiscard]] id_t id() { return static_cast<id_t>(ended_.native_handle()); }

  asio::generic::seq_packet_protocol::socket pair_;
  asio::posix::stream_descriptor ended_;  ///< the pidfd: readable when the process has ended
  asio::steady_timer limit_;
  bool late_ = false;
  bool reaped_ = false;
};

ChildProcess::ChildProcess(std::shared_ptr<Process> process) noexcept
    : process_(std::move(process)) {}
ChildProcess::ChildProcess(ChildProcess&&) noexcept = default;
ChildProcess& ChildProcess::operator=(ChildProcess&&) noexcept = default;
ChildProcess::~ChildProcess() = default;

Result<ChildProcess> ChildProcess::start(const asio::any_io_executor& executor,
                                         const SpfChildCommand& command,
                                         std::chrono::milliseconds limit) {
  std::array<int, 2> ends{-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return failed("no pair of sockets", errno);
  Descriptor ours(ends[0]);
  const Descriptor theirs(ends[1]);
  const auto pid = SpawnSettings(theirs.number()).spawn(command);
  if (!pid) return pid.error();
  Descriptor pidfd(pidfd_open(*pid, 0));
  if (pidfd.number() < 0) {
    const int error = errno;
    ::kill(*pid, SIGKILL);
    waitpid(*pid, nullptr, 0);
    return failed("no descriptor for the child", error);
  }
  auto process = std::make_shared<Process>(executor, ours.release(), pidfd.release());
  Process::limit(process, limit);
  return ChildProcess(std::move(process));
}

asio::awaitable<bool> ChildProcess::send(std::string message) {
  return process_->send(std::move(message));
}

asio::awaitable<std::optional<std::string>> ChildProcess::receive(std::size_t max_octets) {
  return process_->receive(max_octets);
}

bool ChildProcess::is_late() const noexcept { return process_->is_late(); }

asio::awaitable<std::string> ChildProcess::ended() { return process_->ended(); }

}  // namespace domains::spf
