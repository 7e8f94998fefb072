#include "policy/mime/html_references.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace mime = policy::mime;

namespace {

bool refers_to(std::string_view html, std::string_view id) {
  const auto ids = mime::read_html_references(html).content_ids;
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

}  // namespace

TEST_CASE("a cid: URL is found as browsers find it") {
  CHECK(refers_to("<img src=\"cid:a@b\">", "a@b"));
  CHECK(refers_to("<img src=cid:a@b>", "a@b"));
  CHECK(refers_to("<img src='Cid:a%40b'>", "a@b"));
  CHECK(refers_to("<img src=\"c\r\nid:a@b\">", "a@b"));
  CHECK(refers_to("<img src=\"cid:a\r\n@b\">", "a@b"));
  CHECK(refers_to("<img src=&quot;&#X63;id&colon;a&#64b>", "a@b"));
  CHECK(refers_to("<td style=\"background:url(cid:a@b)\">", "a@b"));
  CHECK(!refers_to("<img src=\"cid:a@bc\">", "a@b"));
  CHECK(!refers_to("<img src=\"http://x/a@b\">", "a@b"));
}

TEST_CASE("a data: URL says its type, size and first octets") {
  const auto urls = mime::read_html_references(
                        "<img src='data:Image/PNG;x=y;base64,iVBORw0KGgo='>"
                        "<b style='background:url(data:image/svg+xml,%3csvg)'>")
                        .data_urls;
  REQUIRE(urls.size() == 2);
  CHECK(urls[0].type == "image/png");
  CHECK(urls[0].size == 9);
  CHECK(urls[0].start == "\x89PNG\r\n\x1A\n");
  CHECK(!urls[0].in_style);
  CHECK(urls[1].type == "image/svg+xml");
  CHECK(urls[1].start == "<svg");
  CHECK(urls[1].in_style);
}

TEST_CASE("references are kept up to a bound") {
  std::string html;
  for (std::size_t i = 0; i < mime::max_html_references + 10; ++i)
    html += "<img src=\"cid:a\"><img src=\"data:image/png,x\">";
  const auto references = mime::read_html_references(html);
  CHECK(references.content_ids.size() == mime::max_html_references);
  CHECK(references.data_urls.size() == mime::max_html_references);
}
