#include "tests/unit/policy/message_builder.hpp"

#include "policy/attachment.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using support::base64;
using support::message;
using support::png_part;
using support::related;
using support::verdict_on;

namespace {

struct MessageRow {
  std::string header;
  std::string body;
  std::string verdict;
};

void check_messages(const std::vector<MessageRow>& rows) {
  for (const MessageRow& row : rows) {
    CAPTURE(row.header);
    CAPTURE(row.body);
    CHECK(verdict_on(message(row.header, row.body)) == row.verdict);
  }
}

}  // namespace

TEST_CASE("an inline image is accepted only as part of an HTML body that shows it") {
  const std::string html = "<img src=\"cid:logo@x\">";
  const std::string png =
      png_part("Content-ID: <logo@x>\nContent-Disposition: inline; filename=logo.png\n");
  struct Row {
    const char* what;
    std::string octets;
    const char* verdict;
  };
  const std::vector<Row> rows{
      {"referenced", related(html, png), "accept"},
      {"without a disposition", related(html, png_part("Content-ID: <logo@x>\n")), "accept"},
      {"without quotes", related("<img src=cid:logo@x alt=a>", png), "accept"},
      {"line break behind an unquoted reference",
       related("<img src=cid:logo@x\nalt=a>", png),
       "accept"},
      {"upper-case scheme", related("<IMG SRC='CID:logo@x'>", png), "accept"},
      {"percent signs", related("<img src=\"cid:logo%40x\">", png), "accept"},
      {"character references", related("<img src=\"&#99;id&#x3a;logo&commat;x\">", png), "accept"},
      {"in a style", related("<td style=\"background:url(cid:logo@x)\">", png), "accept"},
      {"not referenced", related("<p>logo</p>", png), "attachment"},
      {"referenced by another id", related("<img src=\"cid:logo@xy\">", png), "attachment"},
      {"no Content-ID", related(html, png_part("")), "attachment"},
      {"disposition attachment",
       related(html, png_part("Content-ID: <logo@x>\nContent-Disposition: attachment\n")),
       "attachment"},
      {"content of another type",
       related(html,
               "Content-Type: image/gif\nContent-ID: <logo@x>\nContent-Transfer-Encoding: "
               "base64\n\n" +
                   base64(support::png)),
       "attachment"},
      {"content of no image",
       related(html,
               "Content-Type: image/png\nContent-ID: <logo@x>\nContent-Transfer-Encoding: "
               "base64\n\n" +
                   base64("%PDF-1.4")),
       "attachment"},
      {"jpg for jpeg",
       related(
           html,
           "Content-Type: image/jpg\nContent-ID: <logo@x>\nContent-Transfer-Encoding: base64\n\n" +
               base64(support::jpeg)),
       "accept"},
      {"an SVG",
       related(html, "Content-Type: image/svg+xml\nContent-ID: <logo@x>\n\n<svg/>"),
       "attachment"},
      {"an empty one",
       related("<p>x</p>",
               "Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\n\n"),
       "accept"},
      {"an empty one as attachment",
       related("<p>x</p>", "Content-Type: image/png\nContent-Disposition: attachment\n\n"),
       "attachment"},
      {"exactly 256 KB",
       related(html, png_part("Content-ID: <logo@x>\n", policy::max_inline_image_octets)),
       "accept"},
      {"one octet over 256 KB",
       related(html, png_part("Content-ID: <logo@x>\n", policy::max_inline_image_octets + 1)),
       "attachment"},
      {"reference in plain text only",
       message("Content-Type: multipart/mixed; boundary=b",
               "--b\n\ncid:logo@x\n--b\n" + png + "\n--b--\n"),
       "attachment"},
      {"the whole message",
       message("Content-Type: image/png\nContent-Transfer-Encoding: base64", base64(support::png)),
       "attachment"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(verdict_on(row.octets) == row.verdict);
  }
}

TEST_CASE("inline images are bounded in number and in sum") {
  const auto with_images = [](std::size_t count, std::size_t octets) {
    std::string html;
    std::string parts;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string id = "i" + std::to_string(i) + "@x";
      html += "<img src=\"cid:" + id + "\">\n";
      parts += "\n--b\n" + png_part("Content-ID: <" + id + ">\n", octets);
    }
    return message("Content-Type: multipart/related; boundary=b",
                   "--b\nContent-Type: text/html\n\n" + html + parts + "\n--b--\n");
  };
  CHECK(verdict_on(with_images(policy::max_inline_images, 100)) == "accept");
  CHECK(verdict_on(with_images(policy::max_inline_images + 1, 100)) == "attachment");
  CHECK(verdict_on(with_images(4, policy::max_inline_image_octets)) == "accept");
  CHECK(verdict_on(with_images(5, policy::max_inline_image_octets)) == "attachment");
}

TEST_CASE("a data: URL in HTML is an image within the limits, or an attachment") {
  const std::string png = "data:image/png;base64," + base64(support::png).substr(0, 20);
  const std::vector<MessageRow> rows{
      {"Content-Type: text/html", "<img src=\"" + png + "\">", "accept"},
      {"Content-Type: text/html", "<img src=" + png + ">", "accept"},
      {"Content-Type: text/html", "<img src=\"data:image/png;base64,JVBERi0xLjQK\">", "attachment"},
      {"Content-Type: text/html",
       "<a href=\"data:application/pdf;base64,JVBERi0xLjQK\">x</a>",
       "attachment"},
      {"Content-Type: text/html", "<a href='DATA:text/html,<script>'>x</a>", "attachment"},
      {"Content-Type: text/html", "<a href=data:,hello>x</a>", "attachment"},
      {"Content-Type: text/html", "<a href=\" \nda\nta:application/zip,PK\">x</a>", "attachment"},
      {"Content-Type: text/html",
       "<a href=\"&#100;ata&colon;application/zip,PK\">x</a>",
       "attachment"},
      {"Content-Type: text/html", "<a href=\"data:application%2fzip,PK\">x</a>", "attachment"},
      {"Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable",
       "<a href=3D\"da=\nta:application/zip,PK\">",
       "attachment"},
      {"Content-Type: text/html; charset=utf-7",
       "<a href=+ACI-data+ADo-application/zip,PK+ACI->",
       "attachment"},
      {"Content-Type: text/html", "<a href=\"data:image/svg+xml,<svg onload=x>\">", "attachment"},
      {"Content-Type: text/html",
       "<style>a{background:url(\"data:image/svg+xml,%3csvg/%3e\")}</style>",
       "accept"},
      {"Content-Type: text/html",
       "<p>Your data: see below, all of it. Meta data:text/plain, too.</p>",
       "accept"},
      {"Content-Type: text/html",
       "<p>The field \"data:\" is empty, \"data:x\" is not.</p>",
       "accept"},
      {"Content-Type: text/plain", "href=\"data:application/pdf;base64,JVBERi0xLjQK\"", "accept"},
  };
  check_messages(rows);
  std::string many;
  for (std::size_t i = 0; i <= policy::max_inline_images; ++i)
    many += "<img src=\"" + png + "\">\n";
  CHECK(verdict_on(message("Content-Type: text/html", many)) == "attachment");
}
