#include "relay/sendmail/exit_codes.hpp"

#include <doctest/doctest.h>

TEST_SUITE("exit codes") {
  TEST_CASE("each kind of refusal has the code of sysexits.h that fits it") {
    struct Row {
      smtp::Phase phase;
      int code;
      const char* text;
      int expected;
    };
    const Row rows[] = {
        {smtp::Phase::mail, 451, "4.3.0 Not sent: the relay has a fault", 75},
        {smtp::Phase::greeting, 421, "4.3.2 stopping", 75},
        {smtp::Phase::auth, 535, "5.7.8 User name or password not correct", 77},
        {smtp::Phase::auth, 535, "no", 77},
        {smtp::Phase::mail, 550, "5.7.1 Not sent: sender", 77},
        {smtp::Phase::mail, 530, "5.7.0 Log in first", 77},
        {smtp::Phase::rcpt, 553, "5.1.3 Not a valid address", 67},
        {smtp::Phase::rcpt, 553, "5.6.7 non-ASCII before the @", 67},
        {smtp::Phase::rcpt, 550, "5.7.1 not for you", 77},
        {smtp::Phase::data, 550, "5.1.1 Not sent: bounced", 67},
        {smtp::Phase::data, 550, "5.5.3 Not sent to anyone", 65},
        {smtp::Phase::end_of_data, 550, "5.6.1 Not sent: it carries a file", 65},
        {smtp::Phase::end_of_data, 552, "5.3.4 Not sent: 12 MB", 65},
        {smtp::Phase::end_of_data, 550, "5.4.6 loop", 69},
        {smtp::Phase::mail, 550, "5.3.0 something", 69},
        {smtp::Phase::mail, 550, "go away", 69},
        {smtp::Phase::mail, 550, "", 69},
    };
    for (const Row& row : rows) {
      CAPTURE(row.text);
      CHECK(sendmail::exit_code_of(row.phase, {row.code, row.text}) == row.expected);
    }
  }
}
