#include "dkim/library.hpp"

#include <doctest/doctest.h>

#include <set>
#include <vector>

TEST_SUITE_BEGIN("dkim/library");

TEST_CASE("handles lent at once are different ones, and one that came back is lent again") {
  dkim::Library library;
  const auto first = library.borrow();
  const auto second = library.borrow();
  CHECK(first.get() != second.get());
  const dkim_lib* known = nullptr;
  {
    const auto third = library.borrow();
    known = third.get();
  }
  CHECK(library.borrow().get() == known);
}

TEST_CASE(
    "as many handles may be lent as are asked for; of those that come back a bounded number is "
    "kept") {
  dkim::Library library;
  std::vector<dkim::Library::Handle> lent;
  std::set<const dkim_lib*> different;
  for (std::size_t i = 0; i < dkim::Library::max_idle_handles + 3; ++i) {
    lent.push_back(library.borrow());
    REQUIRE(lent.back() != nullptr);
    different.insert(lent.back().get());
  }
  CHECK(different.size() == lent.size());
  CHECK(library.idle_handles() == 0);
  lent.clear();
  CHECK(library.idle_handles() == dkim::Library::max_idle_handles);
}

TEST_SUITE_END();
