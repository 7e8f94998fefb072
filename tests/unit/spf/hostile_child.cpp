#include "tests/unit/spf/hostile_child.hpp"

#include "relay/domains/spf/child_main.hpp"
#include "relay/domains/spf/confinement.hpp"
#include "relay/domains/spf/messages.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define POSTERN_UNDER_SANITIZER 1
#endif
#endif

namespace spf_tests {
namespace {

namespace spf = domains::spf;

void say(const std::string& octets) { send(0, octets.data(), octets.size(), MSG_NOSIGNAL); }

void say(spf::FromChild message) { say(spf::encode(message)); }

void hear() {
  std::array<char, 4096> octets{};
  if (recv(0, octets.data(), octets.size(), 0) <= 0) _exit(EXIT_FAILURE);
}

void greet() {
  say(spf::Ready{});
  hear();
}

/// As the good one does, before it turns bad.
void confine_and_greet() {
  if (spf::confine()) _exit(EXIT_FAILURE);
  greet();
}

void wait_for_ever() {
  while (true) pause();
}

policy::DnsQuestion question() {
  policy::DnsQuestion asked;
  asked.name = "example.org";
  asked.type = policy::RecordType::txt;
  return asked;
}

void ask_for_ever() {
  greet();
  while (true) {
    say(question());
    hear();
  }
}

/// Takes memory until there is none; where the limit is off, as much as the limit is.
void eat() {
  confine_and_greet();
  constexpr std::size_t bite = std::size_t{1} << 20U;
  std::size_t eaten = 0;
  while (void* memory = std::malloc(bite)) {
    std::memset(memory, 1, bite);
    eaten += bite;
#ifdef POSTERN_UNDER_SANITIZER
    if (eaten >= spf::child_memory) break;
#else
    if (eaten > 2 * spf::child_memory) wait_for_ever();
#endif
  }
  std::abort();
}

/// Says how it was started: descriptors besides the pair, and octets of environment.
void look_around() {
  std::string seen = "descriptors";
  if (DIR* folder = opendir("/proc/self/fd")) {
    while (const dirent* entry = readdir(folder)) {  // NOLINT(concurrency-mt-unsafe)
      const std::string name = entry->d_name;
      if (name[0] != '.' && name != std::to_string(dirfd(folder))) seen += ' ' + name;
    }
    closedir(folder);
  }
  seen += environ[0] == nullptr ? ", no environment" : ", an environment";
  greet();
  policy::SpfVerdict verdict;
  verdict.result = policy::SpfResult::neutral;
  verdict.why = seen;
  say(verdict);
}

/// The good child where the kernel has no seccomp: both ways to load a filter are closed to it.
void run_without_seccomp() {
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  scmp_arg_cmp is_seccomp{};
  is_seccomp.op = SCMP_CMP_EQ;
  is_seccomp.datum_a = PR_SET_SECCOMP;
  seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(seccomp), 0);
  seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1, &is_seccomp);
  if (seccomp_load(filter) != 0) _exit(EXIT_FAILURE);
  _exit(domains::spf_child_main());
}

void fork_away() {
  confine_and_greet();
  if (fork() == 0) wait_for_ever();
}

void execute() {
  confine_and_greet();
  std::string shell = "/bin/sh";
  std::array<char*, 2> argv{shell.data(), nullptr};
  execv(shell.c_str(), argv.data());
}

const std::map<std::string_view, void (*)()>& ways() {
  static const std::map<std::string_view, void (*)()> all{
      {"is killed",
       [] {
         greet();
         raise(SIGKILL);
       }},
      {"exits", [] { greet(); }},
      {"is silent", [] { wait_for_ever(); }},
      {"is stuck",
       [] {
         greet();
         wait_for_ever();
       }},
      {"spins",
       [] {
         confine_and_greet();
         for (volatile unsigned i = 0;; i = i + 1) {
         }
       }},
      {"eats", &eat},
      {"speaks garbage", [] { say(std::string("\xff\0\x01 garbage", 11)); }},
      {"shouts", [] { say(std::string(100000, 'R')); }},
      {"greets twice",
       [] {
         greet();
         say(spf::Ready{});
         wait_for_ever();
       }},
      {"judges unasked",
       [] {
         say(policy::SpfVerdict{policy::SpfResult::pass, ""});
       }},
      {"says an octet too many",
       [] {
         greet();
         say(spf::encode(policy::SpfVerdict{policy::SpfResult::pass, ""}) + '!');
       }},
      {"says what is no text",
       [] {
         greet();
         say(std::string("V\0\0\x05\x1b[31m", 9));
       }},
      {"knows it not",
       [] {
         greet();
         say(std::string("V\x08\0\0", 4));
       }},
      {"asks for ever", &ask_for_ever},
      {"asks for what is no name",
       [] {
         greet();
         auto asked = question();
         asked.name = "..\\";
         say(asked);
         wait_for_ever();
       }},
      {"hangs up",
       [] {
         greet();
         close(0);
         wait_for_ever();
       }},
      {"opens a file",
       [] {
         confine_and_greet();
         open("/etc/passwd", O_RDONLY | O_CLOEXEC);
       }},
      {"makes a socket",
       [] {
         confine_and_greet();
         socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
       }},
      {"forks", &fork_away},
      {"executes", &execute},
      {"looks around", &look_around},
      {"has no seccomp", &run_without_seccomp},
  };
  return all;
}

}  // namespace

int hostile_child_main(std::string_view way) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const auto found = ways().find(way);
  if (found == ways().end()) return EXIT_FAILURE;
  found->second();
  _exit(3);
}

}  // namespace spf_tests
