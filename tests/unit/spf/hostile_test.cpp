#include "relay/domains/spf/evaluator.hpp"

#include "tests/unit/spf/checks.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;
using domains::SpfCheckEnd;
using policy::SpfResult;

namespace {

struct Row {
  std::string way;
  SpfCheckEnd end;
  std::string why;
};

domains::SpfLimits impatient() {
  domains::SpfLimits limits;
  limits.time = 300ms;
  return limits;
}

}  // namespace

TEST_CASE("a child that misbehaves costs its check, which is unknown, and nothing is left of it") {
  const std::string died = "the SPF child ";
  const std::string forbidden = died + "killed by signal 31";
  const std::string garbled = "the SPF child said what it may not say";
  const Row rows[] = {
      {"is killed", SpfCheckEnd::died, died + "killed by signal 9"},
      {"exits", SpfCheckEnd::died, died + "exited with 3"},
      {"is silent", SpfCheckEnd::stuck, "the SPF child was stuck"},
      {"is stuck", SpfCheckEnd::stuck, "the SPF child was stuck"},
      {"hangs up", SpfCheckEnd::died, died + "killed by signal 9"},
      {"speaks garbage", SpfCheckEnd::garbled, garbled},
      {"shouts", SpfCheckEnd::garbled, garbled},
      {"greets twice", SpfCheckEnd::garbled, garbled},
      {"judges unasked", SpfCheckEnd::garbled, garbled},
      {"says an octet too many", SpfCheckEnd::garbled, garbled},
      {"says what is no text", SpfCheckEnd::garbled, garbled},
      {"knows it not", SpfCheckEnd::garbled, garbled},
      {"asks for ever", SpfCheckEnd::garbled, garbled},
      {"asks for what is no name", SpfCheckEnd::garbled, garbled},
      {"opens a file", SpfCheckEnd::died, forbidden},
      {"makes a socket", SpfCheckEnd::died, forbidden},
      {"forks", SpfCheckEnd::died, forbidden},
      {"executes", SpfCheckEnd::died, forbidden},
      {"has no seccomp",
       SpfCheckEnd::unconfined,
       "the SPF child cannot be confined: seccomp is not available: Operation canceled"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.way);
    spf_tests::Zone zone;
    const std::size_t descriptors = spf_tests::open_descriptors();
    const auto checked = spf_tests::check(
        zone, spf_tests::question("example.org"), impatient(), spf_tests::hostile(row.way));
    CHECK(checked.verdict.result == SpfResult::unknown);
    CHECK(checked.verdict.why == row.why);
    CHECK(checked.ends == std::vector{row.end});
    CHECK(spf_tests::has_no_children());
    CHECK(spf_tests::open_descriptors() == descriptors);
  }
}

TEST_CASE("a child that eats memory or spins runs into its limit") {
  for (const std::string way : {"eats", "spins"}) {
    CAPTURE(way);
    spf_tests::Zone zone;
    const auto checked =
        spf_tests::check(zone, spf_tests::question("example.org"), {}, spf_tests::hostile(way));
    CHECK(checked.verdict.result == SpfResult::unknown);
    CHECK(checked.ends == std::vector{SpfCheckEnd::died});
    CHECK(spf_tests::has_no_children());
  }
}

TEST_CASE("a child is given the pair and nothing else") {
  const int inheritable =
      open("/dev/null", O_RDONLY);  // NOLINT: a library may well forget O_CLOEXEC
  REQUIRE(inheritable >= 0);
  spf_tests::Zone zone;
  const auto checked = spf_tests::check(
      zone, spf_tests::question("example.org"), {}, spf_tests::hostile("looks around"));
  close(inheritable);
  CHECK(checked.verdict.result == SpfResult::neutral);
  CHECK(checked.verdict.why == "descriptors 0, no environment");
}

TEST_CASE("a program that cannot be started makes the check unknown") {
  domains::SpfChildCommand command;
  command.program = "/nonexistent/postern";
  spf_tests::Zone zone;
  const auto checked = spf_tests::check(zone, spf_tests::question("example.org"), {}, command);
  CHECK(checked.verdict.result == SpfResult::unknown);
  CHECK(checked.verdict.why == "no SPF child: it cannot be started: No such file or directory");
  CHECK(checked.ends == std::vector{SpfCheckEnd::not_started});
  CHECK(spf_tests::has_no_children());
}

TEST_CASE("a question that is none starts no child") {
  auto asked = spf_tests::question("example.org");
  SUBCASE("a control octet") { asked.helo = "mail\n.example.org"; }
  SUBCASE("too long") { asked.mail_from = std::string(320, 'x') + "@example.org"; }
  spf_tests::Zone zone;
  const auto checked = spf_tests::check(zone, asked);
  CHECK(checked.verdict.result == SpfResult::unknown);
  CHECK(checked.ends == std::vector{SpfCheckEnd::not_started});
  CHECK(zone.asked().empty());
}

TEST_CASE("an address that is none is not judged") {
  auto asked = spf_tests::question("example.org");
  asked.ip = "example.org";
  spf_tests::Zone zone;
  CHECK(spf_tests::check(zone, asked).verdict.result == SpfResult::unknown);
}
