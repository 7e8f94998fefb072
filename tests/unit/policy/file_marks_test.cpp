#include "policy/mime/file_marks.hpp"

#include <doctest/doctest.h>

#include <string>

namespace mime = policy::mime;
using namespace std::string_view_literals;

TEST_CASE("an image is known by its first octets") {
  CHECK(mime::image_type("\x89PNG\r\n\x1A\n"sv) == "image/png");
  CHECK(mime::image_type("GIF87a"sv) == "image/gif");
  CHECK(mime::image_type("\xFF\xD8\xFF\xE1"sv) == "image/jpeg");
  CHECK(mime::image_type("RIFF\1\2\3\4WEBPVP8"sv) == "image/webp");
  CHECK(!mime::image_type("RIFF\1\2\3\4WAVE"sv));
  CHECK(!mime::image_type(""sv));
}

TEST_CASE("text never has a file's signature") {
  CHECK(mime::file_signature(" \r\n%PDF-1.4"sv) == "a PDF file");
  CHECK(mime::file_signature("MZ\x90\0"sv) == "a Windows program");
  CHECK(!mime::file_signature("MZ and BM are initials"sv));
  CHECK(!mime::file_signature("Dear %PDF- reader"sv));
  CHECK(!mime::file_signature(""sv));
}

TEST_CASE("an encoded block needs its beginning, its data and its end") {
  CHECK(mime::encoded_block("begin 644 a\n#0V%T\nend") == "a uuencoded file");
  CHECK(mime::encoded_block("x\r\nbegin 644 a b\r\n\r\n#0V%T  \r\nlater\r\nend \r\n") ==
        "a uuencoded file");
  CHECK(mime::encoded_block("=ybegin line=128 size=1 name=a\nx\n=yend size=1") == "a yEnc file");
  CHECK(!mime::encoded_block("begin 644 a\n#0V%T\n"));
  CHECK(!mime::encoded_block("begin 644 a\nnot data\n#0V%T\nend\n"));
  CHECK(!mime::encoded_block("begin 999 a\n#0V%T\nend\n"));
  CHECK(!mime::encoded_block("=ybegin\n=yend\n"));
}

TEST_CASE("a calendar carries a file where an ATTACH property is binary, folded or not") {
  CHECK(
      mime::calendar_carries_file("BEGIN:VEVENT\r\nattach;value=BINARY;encoding=base64:AAAA\r\n"));
  CHECK(mime::calendar_carries_file("ATTACH;FMTTYPE=a/b;ENCOD\r\n ING=BASE64:AAAA\r\n"));
  CHECK(!mime::calendar_carries_file(
      "ATTACH:https://example.com/base\r\nDESCRIPTION:BASE64 and BINARY\r\n"));
}
