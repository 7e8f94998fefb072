#include "relay/spool/sqlite_store.hpp"
#include "tests/unit/spool/asked.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <optional>
#include <string>
#include <vector>

using namespace spool;
using namespace std::chrono_literals;
using asked::noon;

namespace {

constexpr std::size_t thousand = 1000;

/// What a start finds in the spool of `directory`.
std::string kept(const std::filesystem::path& directory) {
  return asked::told(asked::open(asked::options_in(directory)).recovery.documents);
}

/// A new document for each number from `first` on.
std::vector<DocumentWrite> numbered(std::size_t first, std::size_t count) {
  std::vector<DocumentWrite> writes;
  for (std::size_t i = first; i < first + count; ++i)
    writes.push_back({"app", std::to_string(i), "{}", 0});
  return writes;
}

/// Makes `count` records, in turn about `shop` and `blog`, with their number as detail.
void make_records(Store& store, int count) {
  std::atomic<int> stored{0};
  for (int i = 1; i <= count; ++i)
    store.write({},
                asked::done_to(i % 2 == 1 ? "shop" : "blog", std::to_string(i)),
                [&](Written written) { stored += written == Written::stored ? 1 : 0; });
  REQUIRE(asked::becomes([&] { return stored == count; }));
}

}  // namespace

TEST_SUITE("relay/spool/sqlite_documents") {
  TEST_CASE("documents come back after a restart with their versions, by kind and name") {
    const asked::TempDir temp;
    CHECK(kept(temp.path()) == "");
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      CHECK(asked::write(*store, {{"domain", "b", "B", {}}, {"domain", "a", "A", {}}}) ==
            Written::stored);
      CHECK(asked::write(*store, {{"app", "shop", "{}", {}}, {"domain", "a", "A2", {}}}) ==
            Written::stored);
      CHECK(asked::write(*store, {{"domain", "b", {}, {}}}) == Written::stored);
    }
    CHECK(kept(temp.path()) == "app/shop 1 {}; domain/a 2 A2");
    CHECK(kept(temp.path()) == "app/shop 1 {}; domain/a 2 A2");
  }

  TEST_CASE("a write is stored only where the document has the version expected") {
    struct Row {
      DocumentWrite write;
      Written outcome;
      const char* kept;
    };
    const char* untouched = "app/shop 2 x";  // there is no app/blog
    const std::optional<std::uint64_t> any;
    const Row rows[] = {{{"app", "shop", "y", 2}, Written::stored, "app/shop 3 y"},
                        {{"app", "shop", "y", any}, Written::stored, "app/shop 3 y"},
                        {{"app", "shop", "y", 1}, Written::conflict, untouched},
                        {{"app", "shop", "y", 3}, Written::conflict, untouched},
                        {{"app", "shop", "y", 0}, Written::conflict, untouched},
                        {{"app", "shop", "y", UINT64_MAX}, Written::conflict, untouched},
                        {{"app", "shop", {}, 2}, Written::stored, ""},
                        {{"app", "shop", {}, any}, Written::stored, ""},
                        {{"app", "shop", {}, 1}, Written::conflict, untouched},
                        {{"app", "blog", "y", 0}, Written::stored, "app/blog 1 y; app/shop 2 x"},
                        {{"app", "blog", "y", any}, Written::stored, "app/blog 1 y; app/shop 2 x"},
                        {{"app", "blog", "y", 1}, Written::conflict, untouched},
                        {{"app", "blog", {}, 0}, Written::stored, untouched},
                        {{"app", "blog", {}, any}, Written::stored, untouched},
                        {{"app", "blog", {}, 1}, Written::conflict, untouched}};
    for (const auto& row : rows) {
      CAPTURE(&row - rows);
      const asked::TempDir temp;
      {
        auto [store, recovery] = asked::open(asked::options_in(temp.path()));
        for (const std::uint64_t version : {0U, 1U})
          REQUIRE(asked::write(*store, {{"app", "shop", "x", version}}) == Written::stored);
        CHECK(asked::write(*store, {row.write}) == row.outcome);
      }
      CHECK(kept(temp.path()) == row.kept);
    }
  }

  TEST_CASE("one conflict among several writes stores none of them, nor the record") {
    const asked::TempDir temp;
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      REQUIRE(asked::write(*store, {{"app", "shop", "x", 0}, {"app", "old", "x", 0}}) ==
              Written::stored);
      const std::vector<DocumentWrite> writes{{"app", "new", "y", 0},
                                              {"app", "shop", "y", 1},
                                              {"app", "old", {}, 1},
                                              {"app", "blog", "y", 7}};
      CHECK(asked::write(*store, writes, asked::done_to("shop")) == Written::conflict);
      CHECK(asked::audit(*store).empty());
    }
    CHECK(kept(temp.path()) == "app/old 1 x; app/shop 1 x");
  }

  TEST_CASE("a conflict costs nothing else that shares its commit") {
    const asked::TempDir temp;
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      std::atomic<int> accepted{0};
      std::atomic<int> stored{0};
      std::atomic<int> conflicts{0};
      for (std::uint32_t i = 0; i < 100; ++i) {
        store->accept(asked::message(i), false, [&](const Acceptance& acceptance) {
          accepted += acceptance.outcome == Accepted::stored ? 1 : 0;
        });
        store->write({{"app", "shop", std::to_string(i), i / 2}},
                     asked::done_to("shop"),
                     [&](Written written) {
                       stored += written == Written::stored ? 1 : 0;
                       conflicts += written == Written::conflict ? 1 : 0;
                     });
      }
      REQUIRE(asked::becomes([&] { return accepted + stored + conflicts == 200; }));
      CHECK(accepted == 100);
      CHECK(stored == 50);
      CHECK(asked::audit(*store).size() == 50);
    }
    CHECK(kept(temp.path()) == "app/shop 50 98");
  }

  TEST_CASE("the writes of one call are made in their order") {
    const asked::TempDir temp;
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      CHECK(asked::write(*store,
                         {{"app", "shop", "1", 0},
                          {"app", "shop", "2", 1},
                          {"app", "shop", {}, 2},
                          {"app", "shop", "3", 0}}) == Written::stored);
    }
    CHECK(kept(temp.path()) == "app/shop 1 3");
  }

  TEST_CASE("names and bodies are bounded, and so is how many are written at once") {
    const asked::TempDir temp;
    auto [opened, recovery] = asked::open(asked::options_in(temp.path()));
    auto& store = *opened;
    const std::string name(most_key_octets, 'n');
    const std::string body(most_body_octets, 'b');
    CHECK(asked::write(store, {{name, name, body, 0}}) == Written::stored);
    CHECK(asked::write(store, {{name + "n", "a", "", 0}}) == Written::failed);
    CHECK(asked::write(store, {{"a", name + "n", "", 0}}) == Written::failed);
    CHECK(asked::write(store, {{"a", "a", body + "b", 0}}) == Written::failed);
    CHECK(asked::write(store, numbered(0, most_writes)) == Written::stored);
    CHECK(asked::write(store, numbered(most_writes, most_writes + 1)) == Written::failed);
    store.close();
    const auto documents = asked::open(asked::options_in(temp.path())).recovery.documents;
    REQUIRE(documents.size() == most_writes + 1);
    CHECK(documents.back().body == body);
  }

  TEST_CASE("no more documents are kept than the bound, which a removal makes room in") {
    const asked::TempDir temp;
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      for (std::size_t i = 0; i < most_documents; i += thousand)
        REQUIRE(asked::write(*store, numbered(i, thousand)) == Written::stored);
      CHECK(asked::write(*store, {{"app", "x", "{}", 0}}, asked::done_to("x")) == Written::failed);
      CHECK(asked::audit(*store).empty());
    }
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK(recovery.documents.size() == most_documents);
    CHECK(asked::write(*store, {{"app", "x", "{}", 0}}) == Written::failed);
    CHECK(asked::write(*store, {{"app", "7", "more", 1}}) == Written::stored);
    CHECK(asked::write(*store, {{"app", "x", "{}", 0}, {"app", "8", {}, 1}}) == Written::stored);
    CHECK(asked::write(*store, {{"app", "y", "{}", 0}}) == Written::failed);
    store->close();
    CHECK(asked::open(asked::options_in(temp.path())).recovery.documents.size() == most_documents);
  }

  TEST_CASE("the audit trail is told newest first, by page and by target") {
    const asked::TempDir temp;
    { make_records(*asked::open(asked::options_in(temp.path())).store, 9); }
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    const auto page = [&](AuditPage asked_for) {
      return asked::told(asked::audit(*store, std::move(asked_for)));
    };
    CHECK(page({"", 0, 3}) == "9 shop: 9; 8 blog: 8; 7 shop: 7");
    CHECK(page({"", 7, 2}) == "6 blog: 6; 5 shop: 5");
    CHECK(page({"", 2, 100}) == "1 shop: 1");
    CHECK(page({"", 1, 100}) == "");
    CHECK(page({"blog", 0, 3}) == "8 blog: 8; 6 blog: 6; 4 blog: 4");
    CHECK(page({"blog", 4, 3}) == "2 blog: 2");
    CHECK(page({"shop", UINT64_MAX, 1}) == "9 shop: 9");
    CHECK(page({"sho", 0, 3}) == "");
    CHECK(page({"", 0, 0}) == "");
    const auto record = asked::audit(*store).front();
    CHECK(record.at == noon);
    CHECK(record.who == "admin socket, uid 0");
    CHECK(record.what == "change");
  }

  TEST_CASE("no page has more than a thousand records") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    options.intake.writes = 2 * thousand;
    auto [store, recovery] = asked::open(std::move(options));
    make_records(*store, thousand + 1);
    CHECK(asked::audit(*store, {"", 0, 5 * thousand}).size() == thousand);
  }

  TEST_CASE("of each text of a record 2,000 octets are kept") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    REQUIRE(asked::write(*store, {}, asked::done_to("shop", std::string(2001, 'x'))) ==
            Written::stored);
    CHECK(asked::audit(*store).front().detail == std::string(2000, 'x'));
  }

  TEST_CASE("the oldest records go over the bound, and numbers are never given twice") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    options.most_audit_records = 3;
    {
      auto [store, recovery] = asked::open(options);
      make_records(*store, 5);
      CHECK(asked::told(asked::audit(*store)) == "5 shop: 5; 4 blog: 4; 3 shop: 3");
      store->tidy(noon + 24h * 366, 1h, 1h, 1h);
      CHECK(asked::becomes([&] { return asked::audit(*store).empty(); }));
    }
    auto [store, recovery] = asked::open(options);
    make_records(*store, 1);
    CHECK(asked::told(asked::audit(*store)) == "6 shop: 1");
  }

  TEST_CASE("records are kept for a year, and as many as are older go with one tidying") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    options.intake.writes = 2 * thousand;
    auto [store, recovery] = asked::open(std::move(options));
    make_records(*store, 450);
    auto last = asked::done_to("shop", "last");
    last.at = noon + 1ms;
    REQUIRE(asked::write(*store, {}, last) == Written::stored);
    const auto left = [&] { return asked::audit(*store, {"", 0, 1000}).size(); };
    store->tidy(noon + 24h * 365, 1h, 1h, 1h);
    REQUIRE(asked::accept(*store, asked::message(1)) == Accepted::stored);  // after the tidying
    CHECK(left() == 451);
    store->tidy(noon + 24h * 365 + 1ms, 1h, 1h, 1h);
    CHECK(asked::becomes([&] { return left() == 1; }));
    CHECK(asked::audit(*store).front().detail == "last");
  }

  TEST_CASE("what was asked for before closing is stored, and later writes fail at once") {
    const asked::TempDir temp;
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      std::atomic<int> stored{0};
      for (int i = 0; i < 20; ++i)
        store->write({{"app", "shop", "{}", {}}}, {}, [&](Written written) {
          stored += written == Written::stored ? 1 : 0;
        });
      store->close();
      CHECK(stored == 20);
      CHECK(asked::write(*store, {{"app", "shop", {}, {}}}) == Written::failed);
      CHECK(asked::audit(*store).empty());
    }
    CHECK(kept(temp.path()) == "app/shop 20 {}");
  }
}
