#include "relay/sendmail/run.hpp"

#include "mail/date_time.hpp"
#include "relay/config/values.hpp"
#include "relay/sendmail/arguments.hpp"
#include "relay/sendmail/dialogue.hpp"
#include "relay/sendmail/hand_over.hpp"
#include "relay/sendmail/input.hpp"
#include "relay/sendmail/message.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/random.h>
#include <sysexits.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

namespace sendmail {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::hours input_time(24);

constexpr std::chrono::seconds grace(2);

volatile std::sig_atomic_t on_time_out = EX_TEMPFAIL;

/// The last resort over all deadlines: DNS has its own clock. Async-signal-safe.
void give_up(int /*signal*/) {
  constexpr std::string_view sentence =
      "sendmail: The relay or a name server did not answer in the time given: try again later.\n";
  [[maybe_unused]] const ssize_t told = ::write(STDERR_FILENO, sentence.data(), sentence.size());
  ::_exit(on_time_out);
}

void limit(std::chrono::seconds most) {
  std::signal(SIGALRM, &give_up);
  ::alarm(static_cast<unsigned>(most.count()));
}

int say(const Trouble& trouble) {
  fmt::print(stderr, "sendmail: {}\n", trouble.sentence());
  return trouble.exit_code();
}

Result<std::string> read_message(bool dot_ends) {
  MessageInput input(dot_ends);
  const Deadline deadline = steady_clock::now() + input_time;
  std::array<char, 65536> block{};
  while (!input.ended() && await_readable(STDIN_FILENO, -1, deadline)) {
    const ssize_t count = ::read(STDIN_FILENO, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Trouble(EX_IOERR, "Standard input cannot be read: give it a message.");
    if (count == 0) return input.take();
    input.feed({block.data(), static_cast<std::size_t>(count)});
  }
  if (input.too_big())
    return Trouble(EX_DATAERR,
                   fmt::format("The message is longer than {} octets: send less, or a link.",
                               max_message_octets));
  if (!input.ended()) return Trouble(EX_IOERR, "The message on standard input did not end.");
  return input.take();
}

std::string random_word() {
  std::array<unsigned char, 12> octets{};
  if (::getrandom(octets.data(), octets.size(), 0) != static_cast<ssize_t>(octets.size()))
    std::terminate();
  std::string word;
  for (const unsigned char octet : octets) word += fmt::format("{:02x}", octet);
  return word;
}

/// The caller's name from the environment, as ssmtp and msmtp have it: the user database may lie in
/// libraries that a static program has not.
std::string user_name() {
  const char* name = ::secure_getenv("LOGNAME");
  const std::string_view usual = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  const bool plain = name != nullptr && *name != '\0' && std::strlen(name) <= 32 &&
                     std::string_view(name).find_first_not_of(usual) == std::string_view::npos;
  return plain ? name : ::getuid() == 0 ? "root" : fmt::format("uid{}", ::getuid());
}

Circumstances circumstances(const std::string& host) {
  const auto now = std::chrono::system_clock::now();
  const auto seconds = std::chrono::system_clock::to_time_t(now);
  return {mail::date_time(now), fmt::format("{}.{}", seconds, random_word()), host, user_name()};
}

int send(const Request& request, const Settings& settings) {
  const auto octets = read_message(request.dot_ends);
  if (!octets) return say(octets.error());
  const std::string host = config::machine_name();
  const auto message = prepare(request, settings, circumstances(host), *octets);
  if (!message) return say(message.error());
  limit(settings.timeout + grace);
  const auto answer = hand_over(*message, settings, host, steady_clock::now() + settings.timeout);
  if (!answer) return settings.exit_code(say(answer.error()));
  if (request.verbose) fmt::print(stderr, "sendmail: {}\n", *answer);
  return EX_OK;
}

}  // namespace

std::filesystem::path chosen_file() {
  const char* chosen = ::secure_getenv("POSTERN_SENDMAIL_CONFIG");
  return chosen != nullptr && *chosen != '\0' ? chosen : settings_file;
}

bool is_called_sendmail(const char* name) {
  const std::string_view path(name == nullptr ? "" : name);
  return path.substr(path.rfind('/') + 1) == "sendmail";
}

std::string usage() {
  std::string text;
  for (const Option& option : options())
    text += fmt::format("  {:<28}  {}\n", option.shown(), option.effect());
  return text;
}

int run(std::span<const char* const> words, const std::filesystem::path& file) {
  std::signal(SIGPIPE, SIG_IGN);
  if (words.size() == 1 && std::string_view(words.front()) == "--help") {
    fmt::print("{}", usage());
    return EX_OK;
  }
  const auto request = read_arguments(words);
  if (!request) return say(request.error());
  const auto settings = read_settings(file);
  if (!settings) return say(settings.error());
  on_time_out = settings->temporary_failure;
  if (!request->dialogue) return send(*request, *settings);
  limit(settings->timeout + grace);
  return run_dialogue(*settings, config::machine_name());
}

}  // namespace sendmail
