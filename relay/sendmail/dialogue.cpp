#include "relay/sendmail/dialogue.hpp"

#include "relay/sendmail/hand_over.hpp"

#include <fmt/format.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

namespace sendmail {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::minutes idle(6);  ///< over the relay's own limit of 5

bool write_out(std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t done = ::write(STDOUT_FILENO, octets.data(), octets.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

/// What is there on standard input; empty: its end.
std::string read_in() {
  std::array<char, 16384> block{};
  ssize_t count = -1;
  do {
    count = ::read(STDIN_FILENO, block.data(), block.size());
  } while (count < 0 && errno == EINTR);
  return {block.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
}

bool can_read(int descriptor) { return await_readable(descriptor, -1, steady_clock::now()); }

void carry(Wire& wire, std::chrono::seconds timeout) {
  bool input_open = true;
  while (true) {
    const auto patience = input_open ? std::chrono::seconds(idle) : timeout;
    const Deadline deadline = steady_clock::now() + patience;
    wire.set_deadline(deadline);
    const int input = input_open ? STDIN_FILENO : -1;
    if (!wire.has_unread() && !await_readable(input, wire.descriptor(), deadline)) return;
    if (input_open && can_read(STDIN_FILENO)) {
      const std::string said = read_in();
      input_open = !said.empty();
      if (!input_open) wire.end_writing();
      if (!wire.write(said)) return;
    }
    if (!wire.has_unread() && !can_read(wire.descriptor())) continue;
    const std::string answered = wire.read_some();
    if (answered.empty() || !write_out(answered)) return;
  }
}

}  // namespace

int run_dialogue(const Settings& settings, const std::string& hello) {
  auto wire = open_session(settings, hello, steady_clock::now() + settings.timeout);
  if (!wire) {
    const Trouble& trouble = wire.error();
    write_out(fmt::format("421 4.3.2 {}\r\n", trouble.sentence()));
    fmt::print(stderr, "sendmail: {}\n", trouble.sentence());
    return settings.exit_code(trouble.exit_code());
  }
  ::alarm(0);  // the session has its own clock from here on
  if (write_out(fmt::format("220 {} ESMTP Postern\r\n", hello))) carry(*wire, settings.timeout);
  return EX_OK;
}

}  // namespace sendmail
