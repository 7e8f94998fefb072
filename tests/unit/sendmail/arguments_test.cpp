#include "relay/sendmail/arguments.hpp"
#include "tests/unit/config/folder.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

namespace {

using Words = std::vector<const char*>;

struct Row {
  const char* caller;
  Words words;
  bool header_recipients;
  bool dot_ends;
  std::optional<std::string> reverse_path;
  std::vector<std::string> recipients;
};

sendmail::Result<sendmail::Request> read(const Words& words) {
  return sendmail::read_arguments(words);
}

}  // namespace

TEST_SUITE("sendmail's arguments") {
  TEST_CASE("the command lines of real programs mean what they mean to sendmail") {
    const std::optional<std::string> none;
    const std::vector<Row> rows{
        {"php.ini's default", {"-t", "-i"}, true, false, none, {}},
        {"Drupal core", {"-t", "-i", "-fsite@example.com"}, true, false, "site@example.com", {}},
        {"WordPress", {"-t", "-i", "-f", "wp@example.com"}, true, false, "wp@example.com", {}},
        {"PHPMailer", {"-oi", "-fme@example.com", "-t"}, true, false, "me@example.com", {}},
        {"Symfony -t", {"-t", "-oi"}, true, false, none, {}},
        {"Debian's cron",
         {"-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root"},
         false,
         false,
         none,
         {"root"}},
        {"cronie", {"-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t"}, true, false, none, {}},
        {"bsd-mailx", {"-i", "-t"}, true, false, none, {}},
        {"s-nail",
         {"-i", "-r", "me@example.com", "--", "a@example.com"},
         false,
         false,
         "me@example.com",
         {"a@example.com"}},
        {"git send-email",
         {"-i", "a@example.com", "b@example.com"},
         false,
         false,
         none,
         {"a@example.com", "b@example.com"}},
        {"mutt",
         {"-oem", "-oi", "-f", "me@example.com", "--", "a@example.com"},
         false,
         false,
         "me@example.com",
         {"a@example.com"}},
        {"Python's examples", {"-t"}, true, true, none, {}},
        {"joined flags", {"-ti"}, true, false, none, {}},
        {"joined flags and a value", {"-tiffrom@example.com"}, true, false, "from@example.com", {}},
        {"null path", {"-f", "<>", "a@example.com"}, false, true, "", {"a@example.com"}},
        {"empty path", {"-f", "", "a@example.com"}, false, true, "", {"a@example.com"}},
        {"a name in -f",
         {"-f", "Me <me@example.com>", "a@example.com"},
         false,
         true,
         "me@example.com",
         {"a@example.com"}},
        {"delivery reports",
         {"-N", "failure,delay", "-Rhdrs", "-V", "x", "a@example.com"},
         false,
         true,
         none,
         {"a@example.com"}},
        {"old options",
         {"-oeq", "-odb", "-om", "-o", "7", "-bm", "-Am", "-G", "a@example.com"},
         false,
         true,
         none,
         {"a@example.com"}},
        {"behind --", {"--", "-fnot@example.com"}, false, true, none, {"-fnot@example.com"}},
    };
    for (const Row& row : rows) {
      CAPTURE(row.caller);
      const auto request = read(row.words);
      REQUIRE_MESSAGE(request.has_value(), request.error().sentence());
      CHECK(request->header_recipients == row.header_recipients);
      CHECK(request->dot_ends == row.dot_ends);
      CHECK(request->reverse_path == row.reverse_path);
      CHECK(request->recipients == row.recipients);
      CHECK_FALSE(request->dialogue);
    }
  }

  TEST_CASE("the other options do what they say") {
    CHECK(read({"-bs"})->dialogue);
    CHECK(read({"-b", "s"})->dialogue);
    CHECK(read({"-v", "a@example.com"})->verbose);
    CHECK(read({"-F", "Site Name", "a@example.com"})->full_name == "Site Name");
    CHECK(read({"-FCronDaemon", "root"})->full_name == "CronDaemon");
  }

  TEST_CASE("what could read or write a file, or do something else than send, is refused") {
    const std::vector<Words> hostile{
        {"-C/etc/passwd"},
        {"-C", "/tmp/evil.cf"},
        {"-X/var/www/shell.php"},
        {"-X", "/tmp/log"},
        {"-D/tmp/debug"},
        {"-d0.1"},
        {"-d", "99"},
        {"-OQueueDirectory=/tmp"},
        {"-O", "QueueDirectory=/tmp"},
        {"-OLogFile=/tmp/x"},
        {"-oQ/tmp"},
        {"-o", "Q/tmp"},
        {"-oA/tmp/aliases"},
        {"-oS/tmp/x"},
        {"-oH/tmp/x"},
        {"-oT1d"},
        {"-oX/tmp/x"},
        {"-be"},
        {"-be", "${run{/bin/id}}"},
        {"-b", "e"},
        {"-bd"},
        {"-bD"},
        {"-bp"},
        {"-bi"},
        {"-bt"},
        {"-bv"},
        {"-bh"},
        {"-bP"},
        {"-q"},
        {"-q30m"},
        {"-qp"},
        {"-M", "1abc"},
        {"-Mrm", "x"},
        {"-I"},
        {"-p", "x"},
        {"-Q"},
        {"-x"},
        {"-z"},
        {"-tX/tmp/x"},
        {"-tiC/tmp/x"},
        {"-"},
        {"--config=/tmp/x"},
        {"--config", "/tmp/x"},
        {"--file=/tmp/x"},
        {"--logfile=/tmp/x"},
        {"-t", "-i", "-X/tmp/x"},
        {"-fme@example.com", "-OQueueDirectory=/tmp", "-X/tmp/x.php"},
    };
    for (const Words& words : hostile) {
      CAPTURE(words.front());
      const auto request = read(words);
      REQUIRE_FALSE(request.has_value());
      CHECK(request.error().exit_code() == 64);
      CHECK(request.error().sentence().find("`--help` shows what it takes") != std::string::npos);
    }
  }

  TEST_CASE("a line end or control character in any argument is refused") {
    for (const Words& words : std::vector<Words>{{"-f", "a@example.com\r\nBcc: b@example.com"},
                                                 {"-fa@example.com\nRCPT TO:<b@example.com>"},
                                                 {"-F", "Name\r\nBcc: b@example.com"},
                                                 {"-FName\nX: y"},
                                                 {"a@example.com\nb@example.com"},
                                                 {"--", "a@example.com\r"},
                                                 {"-B", "8BITMIME\x01"},
                                                 {"-V", "x\x7f"}}) {
      CAPTURE(words.front());
      const auto request = read(words);
      REQUIRE_FALSE(request.has_value());
      CHECK(request.error().exit_code() == 64);
      CHECK(request.error().sentence().find_first_of("\r\n\x01\x7f") == std::string::npos);
    }
  }

  TEST_CASE("values that are missing or too long are refused") {
    CHECK_FALSE(read({"-f"}).has_value());
    CHECK_FALSE(read({"-t", "-F"}).has_value());
    CHECK_FALSE(read({""}).has_value());
    CHECK_FALSE(read({"-f", "a@example.com, b@example.com"}).has_value());
    const std::string name(sendmail::max_full_name_octets, 'x');
    CHECK(read({"-F", name.c_str()}).has_value());
    CHECK_FALSE(read({"-F", (name + "x").c_str()}).has_value());
    Words many(sendmail::max_recipients, "a@example.com");
    CHECK(read(many).has_value());
    many.push_back("a@example.com");
    CHECK_FALSE(read(many).has_value());
  }

  TEST_CASE("docs/sendmail.md has the table of options") {
    std::string rows;
    for (const sendmail::Option& option : sendmail::options())
      rows += "| `" + option.shown() + "` | " + option.effect() + " |\n";
    const bool found = test::read_all(POSTERN_DOCS "/sendmail.md").find(rows) != std::string::npos;
    CHECK_MESSAGE(found, rows);
  }

  TEST_CASE("no letter of the table stands there twice") {
    std::string letters;
    for (const sendmail::Option& option : sendmail::options()) {
      for (const char letter : option.letters) {
        CAPTURE(letter);
        CHECK(letters.find(letter) == std::string::npos);
        letters += letter;
      }
    }
    CHECK(letters.size() > 20);
  }
}
