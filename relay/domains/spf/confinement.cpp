#include "relay/domains/spf/confinement.hpp"

#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define POSTERN_UNDER_SANITIZER 1
#endif
#endif

namespace domains::spf {
namespace {

#ifdef POSTERN_UNDER_SANITIZER
constexpr bool under_sanitizer = true;
#else
constexpr bool under_sanitizer = false;
#endif

/// Memory, time, the host's name (libspf2 asks for it), the end.
constexpr std::array allowed{SCMP_SYS(brk),
                             SCMP_SYS(mmap),
                             SCMP_SYS(mremap),
                             SCMP_SYS(munmap),
                             SCMP_SYS(clock_gettime),
                             SCMP_SYS(gettimeofday),
                             SCMP_SYS(time),
                             SCMP_SYS(exit),
                             SCMP_SYS(exit_group),
                             SCMP_SYS(rt_sigreturn),
                             SCMP_SYS(restart_syscall),
                             SCMP_SYS(uname)};
/// What the sanitizers' runtimes do besides, in their own threads too.
constexpr std::array allowed_under_sanitizers{SCMP_SYS(madvise),
                                              SCMP_SYS(futex),
                                              SCMP_SYS(sched_yield),
                                              SCMP_SYS(getpid),
                                              SCMP_SYS(gettid),
                                              SCMP_SYS(sigaltstack),
                                              SCMP_SYS(rt_sigaction),
                                              SCMP_SYS(rt_sigprocmask),
                                              SCMP_SYS(nanosleep),
                                              SCMP_SYS(mprotect),
                                              SCMP_SYS(clock_nanosleep),
                                              SCMP_SYS(prctl)};
/// On descriptor 0 alone: the pair.
constexpr std::array allowed_on_the_pair{SCMP_SYS(recvfrom), SCMP_SYS(sendto)};
/// What a library may try that has something to say: told that it has nowhere to say it.
constexpr std::array refused{SCMP_SYS(write), SCMP_SYS(writev)};

struct Released {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Released>;

std::string because(const char* what, int error) {
  return std::string(what) + ": " + std::strerror(error);  // NOLINT(concurrency-mt-unsafe)
}

/// 0, or a negative error number.
int add_rules(scmp_filter_ctx filter) {
  scmp_arg_cmp first_is_0{};
  first_is_0.op = SCMP_CMP_MASKED_EQ;
  first_is_0.datum_a = 0xffffffffU;
  int failed = 0;
  const auto keep = [&failed](int result) {
    if (failed == 0) failed = result;
  };
  for (const int call : allowed) keep(seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0));
  if (under_sanitizer) {
    for (const int call : allowed_under_sanitizers)
      keep(seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0));
  }
  for (const int call : allowed_on_the_pair)
    keep(seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &first_is_0));
  for (const int call : refused) keep(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EBADF), call, 0));
  return failed;
}

std::optional<std::string> filter_system_calls() {
  const Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (!filter) return "no memory for the system call filter";
  if (const int failed = add_rules(filter.get()); failed != 0)
    return because("the system call filter", -failed);
  if (const int failed = seccomp_load(filter.get()); failed != 0)
    return because("seccomp is not available", -failed);
  return std::nullopt;
}

/// Octets of address space that the program takes now; 0: not known.
std::size_t mapped_octets() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "re"),
                                                             &std::fclose);
  unsigned long pages = 0;
  if (!file || std::fscanf(file.get(), "%lu", &pages) != 1) return 0;  // NOLINT(cert-err34-c)
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

bool limit(__rlimit_resource resource, rlim_t value) {
  const rlimit bound{value, value};
  return setrlimit(resource, &bound) == 0;
}

std::optional<std::string> limit_resources() {
  if (!under_sanitizer) {
    const std::size_t mapped = mapped_octets();
    if (mapped == 0) return "/proc/self/statm cannot be read";
    if (!limit(RLIMIT_AS, mapped + child_memory)) return because("RLIMIT_AS", errno);
  }
  const bool limited = limit(RLIMIT_CPU, child_cpu_seconds) && limit(RLIMIT_CORE, 0) &&
                       limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, 1);
  if (!limited) return because("resource limits", errno);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> confine() {
  if (close_range(1, ~0U, 0) != 0) return because("close_range", errno);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0 ||
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return because("prctl", errno);
  if (auto why = limit_resources()) return why;
  return filter_system_calls();
}

}  // namespace domains::spf
