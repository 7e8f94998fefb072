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
using support::with_part;

namespace {

struct PartRow {
  std::string part;  ///< header, empty line, body of the second part of a multipart/mixed
  std::string verdict;
};

struct MessageRow {
  std::string header;
  std::string body;
  std::string verdict;
};

void check_parts(const std::vector<PartRow>& rows) {
  for (const PartRow& row : rows) {
    CAPTURE(row.part);
    CHECK(verdict_on(with_part(row.part)) == row.verdict);
  }
}

void check_messages(const std::vector<MessageRow>& rows) {
  for (const MessageRow& row : rows) {
    CAPTURE(row.header);
    CAPTURE(row.body);
    CHECK(verdict_on(message(row.header, row.body)) == row.verdict);
  }
}

}  // namespace

TEST_CASE("a text part is body only without a file name, in whatever form the name comes") {
  check_parts(
      {{"Content-Type: text/plain\n\nx", "accept"},
       {"\nno header at all", "accept"},
       {"Content-Type: text/html; charset=utf-8;\n\n<p>x</p>", "accept"},
       {"Content-Type: text/enriched\n\nx", "accept"},
       {"Content-Type: TEXT/PLAIN; NAME=a.txt\n\nx", "attachment"},
       {"Content-Type: text/plain; name*=utf-8''a.txt\n\nx", "attachment"},
       {"Content-Type: text/plain; name*0=a; name*1=.txt\n\nx", "attachment"},
       {"Content-Type: text/plain; name*0*=utf-8''%61; name*1*=.txt\n\nx", "attachment"},
       {"Content-Type: text/plain; name*1=only-the-second\n\nx", "attachment"},
       {"Content-Type: text/plain; name=\"=?utf-8?B?YS50eHQ=?=\"\n\nx", "attachment"},
       {"Content-Type: text/plain; filename=a.txt\n\nx", "attachment"},
       {"Content-Type: text/plain\nContent-Disposition: inline; filename=a.txt\n\nx", "attachment"},
       {"Content-Type: text/plain\nContent-Disposition: inline; name=a.txt\n\nx", "attachment"},
       {"Content-Type: text/plain\nContent-Disposition: "
        "inline;\n\tfilename*0=\"a.\";\n\tfilename*1=\"pdf\"\n\nx",
        "attachment"},
       {"Content-Type: text/plain; name\t =  a.txt\n\nx", "attachment"},
       {"Content-Type: text/plain name=a.txt\n\nx", "attachment"},
       {"Content-Type: text/plain; (a comment) name (another) = (third) a.txt\n\nx", "attachment"},
       {"Content-Type: text/plain; name=(a.txt)\n\nx", "attachment"},
       {"Content-Type: text/plain; x=\"\\\"; name=\"a.exe\"\n\nx", "attachment"},
       {"Content-Type: text/plain; charset=\"utf-8; name=a.exe\n\nx", "attachment"},
       {"Content-Type: text/plain (; name=a.exe;)\n\nx", "attachment"},
       {"Content-Type: text/plain; name=\"\"\n\nx", "accept"},
       {"Content-Type: text/plain; filename=\nContent-Disposition: inline; filename=\"\"\n\nx",
        "accept"},
       {"Content-Type: text/plain; x-filename=a\n\nx", "accept"},
       {"Content-Type : text/plain\nContent-Disposition : inline ; filename=a\n\nx",
        "attachment"}});
}

TEST_CASE("a disposition other than inline makes an attachment") {
  check_parts({{"Content-Disposition: inline\n\nx", "accept"},
               {"Content-Disposition: INLINE (really)\n\nx", "accept"},
               {"Content-Disposition:\n\nx", "accept"},
               {"Content-Disposition: attachment\n\nx", "attachment"},
               {"Content-Disposition: (inline) attachment\n\nx", "attachment"},
               {"content-disposition:ATTACHMENT;\n\nx", "attachment"},
               {"Content-Disposition: \"attachment\"\n\nx", "attachment"},
               {"Content-Disposition: =?utf-8?q?attachment?=\n\nx", "attachment"},
               {"Content-Disposition:\n attachment\n\nx", "attachment"},
               {"Content-Disposition: form-data; x=y\n\nx", "attachment"},
               {"Content-Disposition: inline attachment\n\nx", "attachment"},
               {"Content-Disposition: attachment\nContent-Disposition: inline\n\nx", "attachment"},
               {"Content-Type: multipart/alternative; boundary=c\nContent-Disposition: "
                "attachment\n\n--c\n\nx\n--c--",
                "attachment"},
               {"Content-Type: multipart/alternative; boundary=c\nContent-Disposition: "
                "inline\n\n--c\n\nx\n--c--",
                "accept"}});
}

TEST_CASE("every type that is not in the short list of bodies is an attachment") {
  for (const char* type : {"application/pdf",
                           "application/x-php",
                           "application/ms-tnef",
                           "application/octet-stream",
                           "audio/mpeg",
                           "video/mp4",
                           "font/woff2",
                           "text/csv",
                           "text/vcard",
                           "text/x-vcard",
                           "text/calendar",
                           "text/xml",
                           "text/rtf",
                           "text/javascript",
                           "image/svg+xml",
                           "image/tiff",
                           "message/rfc822",
                           "message/partial",
                           "message/external-body",
                           "message/delivery-status",
                           "text/rfc822-headers",
                           "message/global",
                           "application(comment)/pdf",
                           "application/pdf, x",
                           "application / pdf",
                           "model/gltf",
                           "x/y",
                           "text",
                           "",
                           "=?utf-8?q?text/plain?=",
                           "/plain",
                           "text/"}) {
    CAPTURE(type);
    CHECK(verdict_on(with_part("Content-Type: " + std::string(type) + "\n\nsome content")) ==
          "attachment");
  }
}

TEST_CASE(
    "a whole message with a type that cannot be read is text, and a file by what it decodes to") {
  check_messages({{"Content-Type: text", "hello", "accept"},
                  {"Content-Type:", "hello", "accept"},
                  {"Content-Type: html", "hello", "accept"},
                  {"Content-Type: application/pdf, x", "hello", "attachment"},
                  {"Content-Type: text; name=a.exe", "hello", "attachment"},
                  {"Content-Type: text\nContent-Transfer-Encoding: base64",
                   base64("%PDF-1.4 x"),
                   "attachment"},
                  {"Content-Type: message/rfc822", "From: a@b.example\n\nx", "attachment"},
                  {"Content-Type: multipart/digest; boundary=b",
                   "--b\n\nFrom: a@b.example\n\nx\n--b--\n",
                   "attachment"},
                  {"Content-Type: multipart/digest; boundary=b",
                   "--b\nContent-Type: text/plain\n\nx\n--b--\n",
                   "accept"}});
}

TEST_CASE("text whose decoded octets begin as a file is one") {
  using namespace std::string_view_literals;
  for (const std::string_view start : {"%PDF-1.7\n"sv,
                                       "PK\x03\x04 zip"sv,
                                       "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 doc"sv,
                                       "MZ\x90\0\x03"sv,
                                       "\x7F"
                                       "ELF\x02"sv,
                                       "\x1F\x8B\x08"sv,
                                       "Rar!\x1A\x07\0"sv,
                                       "7z\xBC\xAF\x27\x1C"sv,
                                       "\x89PNG\r\n\x1A\n"sv,
                                       "GIF89a"sv,
                                       "\xFF\xD8\xFF\xE0"sv,
                                       "RIFF1234WEBP"sv,
                                       "\r\n\r\n %PDF-1.4"sv,
                                       "\xEF\xBB\xBF%PDF-1.4"sv,
                                       "{\\rtf1 x"sv,
                                       "BM1234\0\0"sv}) {
    CAPTURE(start);
    const std::string encoded = base64(start);
    for (const std::string& body :
         {encoded, "=" + encoded, "!!\n" + encoded.substr(0, 2) + "=" + encoded.substr(2)}) {
      CAPTURE(body);
      CHECK(verdict_on(with_part("Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n" +
                                 body)) == "attachment");
    }
    for (const char* written : {"BASE64 (x)", "base64;", "\"base64\"", "base64 x", "base64, x"})
      CHECK(verdict_on(message(std::string("Content-Transfer-Encoding: ") + written, encoded)) ==
            "attachment");
  }
  check_messages({{"Content-Transfer-Encoding: quoted-printable", "=25PDF-1.4", "attachment"},
                  {"Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64",
                   base64("%PDF-1.4"),
                   "attachment"},
                  {"Content-Transfer-Encoding: x-uuencode", "hello", "attachment"},
                  {"Content-Transfer-Encoding: x-yencode", "hello", "attachment"},
                  {"Content-Transfer-Encoding: utf-8", "hello", "accept"},
                  {"Content-Transfer-Encoding: 8Bit", "hello", "accept"},
                  {"Content-Transfer-Encoding: base64", "!!! no base64 at all ???", "accept"},
                  {"X: y", "MZ is how this text begins", "accept"},
                  {"X: y", "BM, the museum, writes", "accept"},
                  {"X: y", "PK rules apply. %PDF-1.4 is a format.", "accept"},
                  {"X: y", "JVBERi0xLjQKMSAwIG9iag==\nis a base64 blob and text", "accept"}});
}

TEST_CASE("a file written into a text is an attachment, a mention of one is not") {
  const std::string uuencoded = "begin 644 cat.txt\n#0V%T\n`\nend\n";
  check_messages(
      {{"X: y", "Hello,\n\n" + uuencoded, "attachment"},
       {"X: y", "begin 0666 x\n#0V%T\n \nend", "attachment"},
       {"X: y", "begin-base64 644 x\nJVBERi0xLjQK\n====\n", "attachment"},
       {"Content-Type: text/html", "<pre>\n" + uuencoded + "</pre>", "attachment"},
       {"Content-Transfer-Encoding: base64", base64("x\r\n" + uuencoded), "attachment"},
       {"Content-Transfer-Encoding: quoted-printable",
        "be=\ngin 644 cat.txt\n#0V%T\n`\nend\n",
        "attachment"},
       {"X: y", "=ybegin line=128 size=4 name=a.pdf\nabcd\n=yend size=4\n", "attachment"},
       {"X: y",
        "(This file must be converted with BinHex 4.0)\n\n:#hGPBR9dD@acAh\"X!$mr2cmr2cmr!!!!!!!:\n",
        "attachment"},
       {"Content-Type: multipart/mixed; boundary=b", uuencoded + "--b\n\nx\n--b--\n", "attachment"},
       {"Content-Type: multipart/mixed; boundary=b", "--b\n\nx\n--b--\n" + uuencoded, "attachment"},
       {"Content-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: base64",
        base64(std::string(
            "b\0e\0g\0i\0n\0 \0006\0004\0004\0 \0a\0\n\0#\0000\0V\0%\0T\0\n\0e\0n\0d\0\n\0", 44)),
        "attachment"},
       {"X: y", "To make a block, write\nbegin 644 name\nthen the data, then\nend\n", "accept"},
       {"X: y", "begin 644\nend\n", "accept"},
       {"X: y", "We begin 644 things\n#0V%T\nend\n", "accept"},
       {"X: y", "begin 644 name\n#0V%T\nthe file ends here\n", "accept"},
       {"X: y", "=ybegin is how yEnc begins\n", "accept"},
       {"X: y", "(This file must be converted with BinHex 4.0)\nwas the old way\n", "accept"},
       {"X: y", "-----BEGIN PGP MESSAGE-----\n\nhQEMA1\n-----END PGP MESSAGE-----\n", "accept"}});
}

TEST_CASE("a calendar is accepted as an alternative of the text, not as a file") {
  const std::string invite = "BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR";
  const auto alternative = [](const std::string& part) {
    return message("Content-Type: multipart/alternative; boundary=b",
                   "--b\n\nhello\n--b\n" + part + "\n--b--\n");
  };
  CHECK(verdict_on(alternative("Content-Type: text/calendar; method=REQUEST\n\n" + invite)) ==
        "accept");
  CHECK(verdict_on(alternative("Content-Type: text/calendar; name=invite.ics\n\n" + invite)) ==
        "attachment");
  CHECK(verdict_on(alternative("Content-Type: application/ics\n\n" + invite)) == "attachment");
  CHECK(
      verdict_on(alternative("Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nATTACH;ENCODING=BA\n "
                             "SE64;VALUE=BINARY:JVBE\n"
                             "END:VCALENDAR")) == "attachment");
  CHECK(verdict_on(with_part("Content-Type: text/calendar\n\n" + invite)) == "attachment");
  CHECK(verdict_on(message("Content-Type: text/calendar", invite)) == "attachment");
}

TEST_CASE(
    "a detached signature is the second part of multipart/signed, small, and what it says it is") {
  const std::string armor = "-----BEGIN PGP SIGNATURE-----\n\niQ\n-----END PGP SIGNATURE-----\n";
  const std::string der = base64(std::string("\x30\x82\x01\x02 signature"));
  const auto signed_with = [](const std::string& signature) {
    return message("Content-Type: multipart/signed; boundary=b",
                   "--b\n\nhello\n--b\n" + signature + "\n--b--\n");
  };
  const auto pgp = [&](const std::string& name, const std::string& content) {
    return signed_with("Content-Type: application/pgp-signature; name=\"" + name +
                       "\"\nContent-Disposition: attachment; filename=\"" + name + "\"\n\n" +
                       content);
  };
  CHECK(verdict_on(pgp("signature.asc", armor)) == "accept");
  CHECK(verdict_on(pgp("OpenPGP_signature.asc", armor)) == "accept");
  CHECK(verdict_on(pgp("OpenPGP_signature", armor)) == "accept");
  CHECK(verdict_on(pgp("invoice.pdf", armor)) == "attachment");
  CHECK(verdict_on(pgp("signature.asc", "%PDF-1.4")) == "attachment");
  CHECK(verdict_on(pgp("signature.asc", armor + std::string(policy::max_signature_octets, '\n'))) ==
        "attachment");
  const std::string smime = "; name=smime.p7s\nContent-Transfer-Encoding: base64\n\n" + der;
  CHECK(verdict_on(signed_with("Content-Type: application/pkcs7-signature" + smime)) == "accept");
  CHECK(verdict_on(signed_with("Content-Type: application/x-pkcs7-signature" + smime)) == "accept");
  CHECK(verdict_on(signed_with("Content-Type: application/pkcs7-mime; smime-type=signed-data" +
                               smime)) == "attachment");
  CHECK(verdict_on(with_part("Content-Type: application/pkcs7-signature" + smime)) == "attachment");
  CHECK(verdict_on(message("Content-Type: multipart/signed; boundary=b",
                           "--b\nContent-Type: application/pgp-signature\n\n" + armor +
                               "--b\n\nhello\n--b--\n")) == "attachment");
  CHECK(verdict_on(message("Content-Type: application/pkcs7-mime; name=smime.p7m", "x")) ==
        "attachment");
  CHECK(verdict_on(message(
            "Content-Type: multipart/encrypted; boundary=b",
            "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: "
            "application/octet-stream\n\nx\n--b--\n")) == "attachment");
}

TEST_CASE("report parts belong into a report, without a returned message") {
  const auto report = [](const std::string& part) {
    return message("Content-Type: multipart/report; boundary=b",
                   "--b\n\nhello\n--b\n" + part + "\n--b--\n");
  };
  CHECK(verdict_on(report("Content-Type: message/delivery-status\n\nStatus: 5.1.1")) == "accept");
  CHECK(verdict_on(report("Content-Type: message/disposition-notification\n\nDisposition: x")) ==
        "accept");
  CHECK(verdict_on(report("Content-Type: text/rfc822-headers\n\nSubject: x")) == "accept");
  CHECK(verdict_on(report("Content-Type: message/rfc822\n\nSubject: x\n\nx")) == "attachment");
  CHECK(verdict_on(report("Content-Type: message/delivery-status; name=a.zip\n\nx")) ==
        "attachment");
  CHECK(verdict_on(
            report("Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n" +
                   base64("PK\x03\x04"))) == "attachment");
}

TEST_CASE("each option of the attachment rules changes what it names") {
  policy::AppFacts app = support::site();
  const auto after = [&](const std::string& octets, auto change) {
    app.rules = {};
    change(app.rules.attachments);
    return verdict_on(octets, app);
  };
  const std::string pdf = with_part("Content-Type: application/pdf\n\nx");
  CHECK(after(pdf, [](auto& rules) { rules.refuse = false; }) == "accept");

  const std::string shown = related("<img src=cid:a>", png_part("Content-ID: <a>\n"));
  const std::string not_shown = related("<p>x</p>", png_part(""));
  CHECK(after(shown, [](auto& rules) { rules.inline_images = policy::InlineImages::none; }) ==
        "attachment");
  CHECK(after(not_shown, [](auto& rules) { rules.inline_images = policy::InlineImages::any; }) ==
        "accept");

  const std::string calendar =
      "Content-Type: text/calendar; name=invite.ics\nContent-Disposition: "
      "attachment\n\nBEGIN:VCALENDAR";
  CHECK(after(with_part(calendar), [](auto& rules) { rules.calendar = policy::Calendar::any; }) ==
        "accept");
  const std::string alternative =
      message("Content-Type: multipart/alternative; boundary=b",
              "--b\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\n--b--\n");
  CHECK(after(alternative, [](auto& rules) { rules.calendar = policy::Calendar::none; }) ==
        "attachment");

  const std::string signature = message("Content-Type: multipart/signed; boundary=b",
                                        "--b\n\nx\n--b\nContent-Type: application/pgp-signature\n\n"
                                        "-----BEGIN PGP SIGNATURE-----\n--b--\n");
  CHECK(after(signature, [](auto&) {}) == "accept");
  CHECK(after(signature, [](auto& rules) { rules.signatures = policy::Signatures::none; }) ==
        "attachment");

  const std::string encrypted = message(
      "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "x");
  CHECK(after(encrypted, [](auto& rules) { rules.encrypted = policy::Encrypted::allow; }) ==
        "accept");
  const std::string pgp =
      message("Content-Type: multipart/encrypted; boundary=b",
              "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: "
              "application/octet-stream; name=encrypted.asc\n\nx\n--b--\n");
  CHECK(after(pgp, [](auto& rules) { rules.encrypted = policy::Encrypted::allow; }) == "accept");
}

TEST_CASE("parts name their place, type, decoded name, size and role") {
  const auto summary = policy::summarise(
      with_part(
          "Content-Type: application/pdf; "
          "name=\"=?utf-8?Q?M=C3=BCll.pdf?=\"\nContent-Transfer-Encoding: base64\n\naGVsbG8="),
      {});
  REQUIRE(summary.parts.size() == 3);
  CHECK(summary.parts[0].path == "1");
  CHECK(summary.parts[0].role == policy::Role::container);
  CHECK(summary.parts[1].path == "1.1");
  CHECK(summary.parts[1].role == policy::Role::body);
  CHECK(summary.parts[1].size == 5);
  const policy::Part& file = summary.parts[2];
  CHECK(file.path == "1.2");
  CHECK(file.type == "application/pdf");
  CHECK(file.name == "M\xC3\xBCll.pdf");
  CHECK(file.size == 5);
  CHECK(policy::word(file.role) == "attachment");
  CHECK(file.why == "its type is application/pdf");
}
