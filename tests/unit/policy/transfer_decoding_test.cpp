#include "policy/mime/transfer_decoding.hpp"

#include <doctest/doctest.h>

#include <string>

namespace mime = policy::mime;

TEST_CASE("an encoding is known by its name in any case") {
  CHECK(mime::encoding_of(" BASE64") == mime::Encoding::base64);
  CHECK(mime::encoding_of(" (c) Quoted-Printable (c)") == mime::Encoding::quoted_printable);
  CHECK(mime::encoding_of("\r\n base64") == mime::Encoding::base64);
  CHECK(mime::encoding_of("x-UUencode") == mime::Encoding::file);
  CHECK(mime::encoding_of("8Bit") == mime::Encoding::identity);
  CHECK(mime::encoding_of("") == mime::Encoding::identity);
}

TEST_CASE("bodies are decoded leniently") {
  CHECK(mime::decode(mime::Encoding::base64, "aGVs\r\nbG8=") == "hello");
  CHECK(mime::decode(mime::Encoding::base64, "aG!Vs*bG8").substr(0, 3) == "hel");
  CHECK(mime::decode(mime::Encoding::base64, "IA==\r\nJVBERi0xLjQK\r\n") == " %PDF-1.4\n");
  CHECK(mime::decode(mime::Encoding::base64, "aGVsbG8= \r\n\r\n") == "hello");
  CHECK(mime::decode(mime::Encoding::quoted_printable, "a=3Db=\r\nc=C3=BC=ZZ") ==
        "a=bc\xC3\xBC=ZZ");
  CHECK(mime::decode(mime::Encoding::identity, "a=3D") == "a=3D");
  CHECK(mime::decode(mime::Encoding::base64, "").empty());
  CHECK(mime::decode_start_of_base64("==JV=BE Ri0x") == "%PDF-1");
  CHECK(mime::decode_start_of_base64(std::string(4000, 'A')).size() == 64);
}

TEST_CASE("field text becomes valid UTF-8") {
  CHECK(mime::decode_words("plain") == "plain");
  CHECK(mime::decode_words("=?iso-8859-1?Q?M=FCll?= x") == "M\xC3\xBCll x");
  CHECK(mime::decode_words("=?utf-8?Q?unfinished") == "=?utf-8?Q?unfinished");
  CHECK(mime::decode_words("raw \xFC").find('\xFC') == std::string::npos);
}

TEST_CASE("only charsets that hide US-ASCII are converted") {
  CHECK(!mime::to_utf8("abc", "utf-8"));
  CHECK(!mime::to_utf8("abc", "no-such-charset"));
  CHECK(mime::to_utf8(std::string("a\0b\0", 4), "UTF-16LE") == "ab");
  CHECK(mime::to_utf8("a+ADo-b", "utf-7") == "a:b");
  CHECK(!mime::to_utf8("abc", "utf-16-no-such"));
}

TEST_CASE("percent signs stand for octets only before two digits") {
  CHECK(mime::decode_percent("a%40b%4") == "a@b%4");
  CHECK(mime::decode_percent("%zz%") == "%zz%");
}
