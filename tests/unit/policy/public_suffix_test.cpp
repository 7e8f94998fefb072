#include "policy/public_suffix.hpp"

#include <doctest/doctest.h>

TEST_CASE("nobody owns a name below which there are different owners") {
  for (const char* suffix :
       {"com", "co.uk", "github.io", "xn--p1ai", "xn--55qx5d.cn", "localhost"}) {
    CAPTURE(suffix);
    CHECK(policy::is_public_suffix(suffix));
    CHECK(policy::organizational_domain(suffix) == suffix);
  }
  for (const char* name : {"example.com", "example.co.uk", "site.github.io", "a.b.example.com"}) {
    CAPTURE(name);
    CHECK(!policy::is_public_suffix(name));
  }
}

TEST_CASE("the organizational domain is the name right below the public suffix") {
  struct Row {
    const char* name;
    const char* organizational;
  };
  for (const Row& row : {Row{"example.com", "example.com"},
                         Row{"a.b.example.com", "example.com"},
                         Row{"a.b.example.co.uk", "example.co.uk"},
                         Row{"www.site.github.io", "site.github.io"},
                         Row{"mail.xn--bcher-kva.example", "xn--bcher-kva.example"},
                         Row{"a.www.ck", "www.ck"},  // *.ck, but !www.ck
                         Row{"a.b.other.ck", "b.other.ck"},
                         Row{"a.example.unlisted", "example.unlisted"},
                         Row{"", ""}}) {
    CAPTURE(row.name);
    CHECK(policy::organizational_domain(row.name) == row.organizational);
  }
}
