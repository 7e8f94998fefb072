#include "relay/notices/digests.hpp"

#include "tests/unit/aws/stepped_clock.hpp"
#include "tests/unit/spool/asked.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace notices;
using namespace std::chrono_literals;

namespace {

struct Mailed {
  std::string app, to, text;
};

/// Digests over a real store; what they mail is accepted there and kept here too.
class Desk {
 public:
  Desk() { open(); }
  ~Desk() { store_->close(); }
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  void refuse(const std::string& app, const std::string& sentence) {
    policy::Event event;
    event.kind = policy::EventKind::refused;
    event.at = clock.now();
    event.app = app;
    event.reason = policy::Reason::attachment;
    event.detail = sentence;
    event.reference = "R" + std::to_string(++refused_);
    store_->record(event);
    REQUIRE(asked::becomes([&] { return !asked::trace(*store_, event.reference).empty(); }));
  }

  /// As after a kill: what was committed is there, and nothing else.
  void restart() {
    digests->stop();
    drain();
    digests.reset();
    store_->close();
    open();
  }

  /// Runs until `so`, ten seconds at most.
  bool run_until(const std::function<bool()>& so) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!so() && std::chrono::steady_clock::now() < end) context.run_one_for(10ms);
    return so();
  }
  /// Stops the digests and ends what is under way.
  void drain() {
    digests->stop();
    context.run_for(100ms);
    context.restart();
  }

  /// The digests are made as if so much time had passed.
  void start(std::chrono::seconds later = 25h) {
    clock.step(later);
    digests->start();
  }

  boost::asio::io_context context{1};
  SteppedClock clock;
  Audience audience{true,
                    "ops@example.com",
                    {{"shop", "web@example.com"}, {"blog", "blog@example.org"}, {"forum", ""}}};
  std::vector<Mailed> mailed;
  std::vector<policy::Digest> posted;
  std::size_t most_mails = 100;  ///< those beyond are not stored
  std::shared_ptr<Digests> digests;
  Digests::Settings settings{24h, config::LogAddresses::masked};

 private:
  static observe::LogOptions quiet() {
    observe::LogOptions options;
    options.descriptor = -1;
    return options;
  }

  void open() {
    auto opened = asked::open(asked::options_in(temp_.path()), clock.now());
    store_ = std::move(opened.store);
    const auto kept = opened.recovery.notes.find(Digests::note);
    digests = std::make_shared<Digests>(
        Digests::Parts{context.get_executor(),
                       *store_,
                       clock,
                       log_,
                       [](std::string_view what) { FAIL(std::string(what)); },
                       [this] { return audience; },
                       [this](const std::string& app,
                              const policy::Letter& letter,
                              std::optional<spool::Note> note,
                              std::function<void(bool)> done) {
                         mail(app, letter, std::move(note), std::move(done));
                       },
                       [this](const policy::Digest& digest) { posted.push_back(digest); }},
        settings,
        kept == opened.recovery.notes.end() ? std::string() : kept->second,
        opened.recovery.last_refusal);
  }

  void mail(const std::string& app,
            const policy::Letter& letter,
            std::optional<spool::Note> note,
            const std::function<void(bool)>& done) {
    if (mailed.size() >= most_mails) return done(false);
    spool::Job job = asked::message(++number_);
    job.note = std::move(note);
    mailed.push_back({app, letter.to, letter.text});
    store_->accept(std::move(job), false, [this, done](const spool::Acceptance& acceptance) {
      const bool stored = acceptance.outcome == spool::Accepted::stored;
      boost::asio::post(context, [done, stored] { done(stored); });
    });
  }

  asked::TempDir temp_;
  observe::Log log_{quiet()};
  std::unique_ptr<spool::Store> store_;
  std::uint32_t number_ = 0;
  int refused_ = 0;
};

}  // namespace

TEST_SUITE("relay/notices/digests") {
  TEST_CASE("each contact is told of its own app, the operator of all, once") {
    Desk desk;
    desk.refuse("shop", "Not sent: a.pdf to visitor@example.net is not allowed");
    desk.refuse("shop", "Not sent: a.pdf to visitor@example.net is not allowed");
    desk.refuse("blog", "Not sent: b.pdf is not allowed");
    desk.refuse("forum", "Not sent: c.pdf is not allowed");
    desk.start();
    REQUIRE(desk.run_until([&] { return desk.mailed.size() == 3; }));
    CHECK(desk.mailed[0].to == "blog@example.org");
    CHECK(desk.mailed[0].app == "blog");
    CHECK(desk.mailed[0].text.find("b.pdf") != std::string::npos);
    CHECK(desk.mailed[0].text.find("a.pdf") == std::string::npos);
    CHECK(desk.mailed[1].to == "web@example.com");
    CHECK(desk.mailed[1].text.find("[attachment], 2 times") != std::string::npos);
    CHECK(desk.mailed[1].text.find("visitor@") == std::string::npos);
    CHECK(desk.mailed[1].text.find("v***@example.net") != std::string::npos);
    CHECK(desk.mailed[2].to == "ops@example.com");
    CHECK(desk.mailed[2].app.empty());
    CHECK(desk.mailed[2].text.find("c.pdf") != std::string::npos);
    REQUIRE(desk.posted.size() == 1);
    CHECK(desk.posted.front().refusals() == 4);

    desk.restart();
    desk.start();
    desk.drain();
    CHECK(desk.mailed.size() == 3);  // nothing happened since
  }

  TEST_CASE("a contact that is the operator's too gets one mail") {
    Desk desk;
    desk.audience.contacts["shop"] = "ops@example.com";
    desk.refuse("shop", "Not sent: a.pdf");
    desk.start();
    REQUIRE(desk.run_until([&] { return !desk.mailed.empty(); }));
    desk.drain();
    REQUIRE(desk.mailed.size() == 1);
    CHECK(desk.mailed.front().app.empty());
  }

  TEST_CASE("before its time nobody is told, and a restart does not begin the time anew") {
    Desk desk;
    desk.refuse("shop", "Not sent: a.pdf");
    desk.start(23h);
    desk.context.run_for(100ms);
    CHECK(desk.mailed.empty());
    desk.restart();
    desk.start(90min);
    CHECK(desk.run_until([&] { return desk.mailed.size() == 2; }));
  }

  TEST_CASE(
      "a round that a stop cuts short is ended after the restart, nobody told twice or left out") {
    Desk desk;
    desk.refuse("shop", "Not sent: a.pdf");
    desk.refuse("blog", "Not sent: b.pdf");
    desk.most_mails = 1;
    desk.start();
    REQUIRE(desk.run_until([&] { return desk.mailed.size() == 1; }));
    desk.restart();
    desk.refuse("shop", "Not sent: later.pdf");
    desk.most_mails = 100;
    desk.start(0s);
    REQUIRE(desk.run_until([&] { return desk.mailed.size() == 3; }));
    desk.drain();
    REQUIRE(desk.mailed.size() == 3);
    CHECK(desk.mailed[0].app == "blog");
    CHECK(desk.mailed[1].app == "shop");
    CHECK(desk.mailed[2].app.empty());
    for (const Mailed& each : desk.mailed) CHECK(each.text.find("later.pdf") == std::string::npos);

    desk.restart();
    desk.start();
    REQUIRE(desk.run_until([&] { return desk.mailed.size() == 5; }));
    CHECK(desk.mailed[3].app == "shop");
    CHECK(desk.mailed[3].text.find("later.pdf") != std::string::npos);
    CHECK(desk.mailed[3].text.find("a.pdf") == std::string::npos);
  }

  TEST_CASE("with a digest of 0 s nobody is told") {
    Desk desk;
    desk.refuse("shop", "Not sent: a.pdf");
    desk.digests->reload({0s, config::LogAddresses::masked});
    desk.start();
    desk.drain();
    CHECK(desk.mailed.empty());
  }

  TEST_CASE("a state is read back as it was kept, and no other text") {
    DigestState state;
    state.at = asked::noon;
    state.told_to = 7;
    state.until = 12;
    state.done = {"*", "shop"};
    const auto read = DigestState::parse(state.text());
    REQUIRE(read);
    CHECK(read->at == state.at);
    CHECK(read->told_to == 7);
    CHECK(read->until == 12);
    CHECK(read->done == state.done);
    CHECK_FALSE(DigestState::parse(""));
    CHECK_FALSE(DigestState::parse("soon 1 2"));
    CHECK_FALSE(DigestState::parse("1 2"));
  }
}
