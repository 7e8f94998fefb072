#include "relay/net/session.hpp"

#include "relay/net/threads.hpp"
#include "tests/unit/delivery/parts.hpp"

#include <doctest/doctest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>
#include <sys/time.h>

#include <future>

using namespace std::chrono_literals;
namespace asio = net::asio;

namespace {

constexpr std::string_view message =
    "From: anna@example.com\r\nTo: bob@example.org\r\nSubject: Hello\r\nMessage-ID: "
    "<1@example.com>\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nGood day\r\n";

/// The far end: blocking, and out of patience after twenty seconds.
struct Client {
  asio::io_context context;
  net::Tcp::socket socket{context};

  void connect(const net::Tcp::endpoint& where) {
    socket.connect(where);
    socket.set_option(net::Tcp::no_delay(true));
    const timeval patience{20, 0};
    ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  void say(std::string_view text) {
    boost::system::error_code gone;  // the reply, or its want, tells
    asio::write(socket, asio::buffer(text), gone);
  }
  /// One reply with all its lines; what came of it when the connection ends.
  std::string reply() {
    std::string text, line;
    errno = 0;
    do {
      line.clear();
      while (!line.ends_with("\r\n")) {
        char octet = 0;
        if (::recv(socket.native_handle(), &octet, 1, 0) != 1) return text + line;
        line += octet;
      }
      text += line;
    } while (line.size() > 3 && line[3] == '-');
    return text;
  }
  /// The code of the reply; 0 at the end of the connection, -1 when nothing came in time.
  int code() {
    const std::string text = reply();
    if (text.size() >= 3) return std::stoi(text);
    return errno == EAGAIN ? -1 : 0;
  }
  int ask(std::string_view line) {
    say(line);
    return code();
  }
  bool over() {
    char octet = 0;
    errno = 0;
    return ::recv(socket.native_handle(), &octet, 1, 0) <= 0 && errno != EAGAIN;
  }
};

struct Door {
  Parts parts;
  net::Published<net::Directory> directory{nullptr};
  net::Threads threads{1};
  net::Services services{
      parts.store, parts.recorder, parts.metrics, parts.log, parts.clock, directory, {}, {}, {}};
  std::atomic<std::int64_t> reserved{0};
  std::atomic<int> delivered{0};
  std::optional<net::Standing> standing;
  std::shared_ptr<net::Session> session;
  std::promise<void> end;
  Client client;

  Door() {
    auto facts = std::make_shared<policy::AppFacts>();
    facts->name = "shop";
    facts->domains = {{"example.com"}};
    auto apps = std::make_shared<net::Directory>();
    apps->apps.emplace("shop", std::move(facts));
    directory.set(std::move(apps));
    services.delivery.standing = [this](std::string_view, std::string_view) { return standing; };
    services.delivery.urgent = [](std::string_view, bool by_link, bool by_field) {
      return by_link || by_field;
    };
    services.delivery.reserve = [this](const spool::Lane&, std::uint64_t octets) {
      reserved += static_cast<std::int64_t>(octets);
      return true;
    };
    services.delivery.unreserve = [this](const spool::Lane&, std::uint64_t octets) {
      reserved -= static_cast<std::int64_t>(octets);
    };
    services.delivery.deliver = [this](const spool::Job&, bool) { ++delivered; };
  }
  ~Door() {
    threads.stop_and_join();
    parts.store.close();
  }

  /// Greets the client.
  void open(bool starttls = false) {
    net::Tcp::acceptor acceptor(threads.context(0), {asio::ip::address_v4::loopback(), 0});
    client.connect(acceptor.local_endpoint());
    smtp::ServerOptions options;
    options.hostname = "relay.example";
    options.session_reference = "REFERENCE";
    options.starttls = starttls;
    options.plain_text_ok = true;
    options.app = "shop";
    session =
        std::make_shared<net::Session>(services, acceptor.accept(), options, nullptr, "127.0.0.1");
    net::spawn(
        threads.context(0).get_executor(),
        [session = session] { return session->run(); },
        [](std::string_view) {},
        [this] { end.set_value(); });
    threads.start();
    REQUIRE(client.code() == 220);
  }
  void open_envelope() {
    open();
    REQUIRE(client.ask("EHLO site.example\r\n") == 250);
    REQUIRE(client.ask("MAIL FROM:<anna@example.com>\r\n") == 250);
    REQUIRE(client.ask("RCPT TO:<bob@example.org>\r\n") == 250);
  }
  void open_content() {
    open_envelope();
    REQUIRE(client.ask("DATA\r\n") == 354);
  }
  void on_thread(void (net::Session::*what)()) {
    asio::post(threads.context(0), [session = session, what] { (session.get()->*what)(); });
  }
  /// Until the session has done all it can and waits for the client.
  void catch_up() {
    for (int i = 0; i < 3; ++i) {
      std::promise<void> reached;
      asio::post(threads.context(0), [&reached] { reached.set_value(); });
      reached.get_future().wait();
    }
  }
  bool ended() { return end.get_future().wait_for(20s) == std::future_status::ready; }
  std::string stored() {
    std::string octets;
    parts.store.await([&](FakeStore::Rows& rows) {
      if (!rows.empty()) octets = *rows.begin()->second.job.octets;
      return true;
    });
    return octets;
  }
};

}  // namespace

TEST_SUITE_BEGIN("relay/net/session");

TEST_CASE(
    "pipelined commands get their replies in order, and what follows the message is the next "
    "command") {
  Door door;
  door.open();
  REQUIRE(door.client.ask("EHLO site.example\r\n") == 250);
  door.client.say("MAIL FROM:<anna@example.com>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n");
  CHECK(door.client.code() == 250);
  CHECK(door.client.code() == 250);
  CHECK(door.client.code() == 354);
  door.client.say(std::string(message) + ".\r\nNOOP\r\nQUIT\r\n");
  CHECK(door.client.reply().starts_with("250 2.0.0 Ok: queued as "));
  CHECK(door.client.code() == 250);
  CHECK(door.client.code() == 221);
  CHECK(door.client.over());
  CHECK(door.ended());
  CHECK(door.stored() == message);
  CHECK(door.delivered == 1);
}

TEST_CASE("commands and content may come an octet at a time") {
  Door door;
  door.open_envelope();
  for (const char octet : std::string("DATA\r\n")) door.client.say({&octet, 1});
  REQUIRE(door.client.code() == 354);
  for (const char octet : std::string(message) + "..\r\n.\r\n") door.client.say({&octet, 1});
  CHECK(door.client.code() == 250);
  CHECK(door.stored() == std::string(message) + ".\r\n");
}

TEST_CASE(
    "a commit that never comes closes the connection without a reply, and what is taken back is "
    "unreserved") {
  Door door;
  door.services.commit_limit = 50ms;
  door.parts.store.keep({.accepts = true});
  door.open_content();
  door.client.say(std::string(message) + ".\r\n");
  CHECK(door.client.over());
  REQUIRE(door.ended());
  CHECK(door.reserved > 0);
  door.parts.store.answer_kept();
  door.parts.store.close();
  CHECK(door.reserved == 0);
  CHECK(door.delivered == 0);
  CHECK(door.parts.store.size() == 0);
}

TEST_CASE("a message that cannot be stored gets 451 and its reservation is given back") {
  Door door;
  door.parts.store.fail_accepts();
  door.open_content();
  CHECK(door.client.ask(std::string(message) + ".\r\n") == 451);
  CHECK(door.reserved == 0);
  CHECK(door.delivered == 0);
  CHECK(door.client.ask("NOOP\r\n") == 250);
}

TEST_CASE("a line over the limit, or over the whole buffer, is refused and the next one read") {
  for (const std::size_t octets : {smtp::max_line_octets - 1, 3 * net::limits::input_buffer}) {
    CAPTURE(octets);
    Door door;
    door.open();
    REQUIRE(door.client.ask("EHLO site.example\r\n") == 250);
    door.client.say(std::string(octets, 'x') + "\r\nNOOP\r\n");
    CHECK(door.client.reply() == "500 5.5.2 Line too long\r\n");
    CHECK(door.client.code() == 250);
  }
}

TEST_CASE("octets behind EHLO or STARTTLS, and a bare LF, end the session unheard") {
  for (const std::string_view talk : {"EHLO site.example\r\nNOOP\r\n",
                                      "STARTTLS\r\nMAIL FROM:<anna@example.com>\r\n",
                                      "NOOP\nNOOP\r\n"}) {
    CAPTURE(talk);
    Door door;
    door.open(true);
    if (!talk.starts_with("EHLO")) REQUIRE(door.client.ask("EHLO site.example\r\n") == 250);
    door.client.say(talk);
    int last = 0;
    for (int code = door.client.code(); code > 0; code = door.client.code()) last = code;
    CHECK(last >= 500);
    CHECK(door.ended());
  }
}

TEST_CASE("a drain says 421 to an idle session") {
  Door door;
  door.open();
  REQUIRE(door.client.ask("EHLO site.example\r\n") == 250);
  door.on_thread(&net::Session::drain);
  CHECK(door.client.code() == 421);
  CHECK(door.client.over());
  CHECK(door.ended());
}

TEST_CASE("a drain lets a transaction finish, and then says 421") {
  Door door;
  door.open_content();
  door.on_thread(&net::Session::drain);
  CHECK(door.client.ask(std::string(message) + ".\r\n") == 250);
  CHECK(door.client.code() == 421);
  CHECK(door.ended());
  CHECK(door.delivered == 1);
}

TEST_CASE("a client that goes away within the content leaves nothing behind") {
  Door door;
  door.open_content();
  door.client.say(message);
  door.client.socket.close();
  REQUIRE(door.ended());
  CHECK(door.parts.store.size() == 0);
  CHECK(door.services.content_memory.octets() == 0);
}

TEST_CASE("an abort ends a session in the middle of a transaction") {
  Door door;
  door.open_content();
  door.on_thread(&net::Session::abort);
  CHECK(door.client.over());
  CHECK(door.ended());
}

TEST_CASE("no session outlives a day, however busy") {
  Door door;
  door.open();
  REQUIRE(door.client.ask("EHLO site.example\r\n") == 250);
  door.catch_up();
  door.parts.clock.move(25h);
  CHECK(door.client.ask("NOOP\r\n") == 250);
  CHECK(door.client.code() == 421);
  CHECK(door.ended());
}

TEST_CASE("a message that drips for longer than the limit is dropped, as is its connection") {
  Door door;
  door.open_content();
  door.parts.clock.move(601s);
  door.client.say("From: anna@example.com\r\n");
  door.client.say("To: bob@example.org\r\n");
  CHECK(door.client.over());
  CHECK(door.services.content_memory.octets() == 0);
}

TEST_SUITE_END();
