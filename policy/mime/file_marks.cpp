#include "policy/mime/file_marks.hpp"

#include "mail/header_fields.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

namespace policy::mime {
namespace {

using std::string_view_literals::operator""sv;

struct Signature {
  std::string_view octets;
  std::string_view what;
  bool binary = false;  ///< too short to tell: a NUL must follow soon, as text has none
};

constexpr std::array signatures{
    Signature{"%PDF-"sv, "a PDF file"},
    Signature{"PK\x03\x04"sv, "a ZIP archive or an office document"},
    Signature{"PK\x05\x06"sv, "a ZIP archive"},
    Signature{"PK\x07\x08"sv, "a ZIP archive"},
    Signature{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv, "an office document"},
    Signature{"MZ"sv, "a Windows program", true},
    Signature{"\x7F"
              "ELF"sv,
              "a program"},
    Signature{"\x1F\x8B"sv, "a GZIP archive"},
    Signature{"Rar!\x1A\x07"sv, "a RAR archive"},
    Signature{"7z\xBC\xAF\x27\x1C"sv, "a 7z archive"},
    Signature{"BZh91AY&SY"sv, "a BZIP2 archive"},
    Signature{"\xFD"
              "7zXZ\0"sv,
              "an XZ archive"},
    Signature{"\x28\xB5\x2F\xFD"sv, "a ZSTD archive"},
    Signature{"MSCF\0\0\0\0"sv, "a CAB archive"},
    Signature{"{\\rtf"sv, "an RTF document"},
    Signature{"%!PS-Adobe"sv, "a PostScript document"},
    Signature{"\xCA\xFE\xBA\xBE"sv, "a program"},
    Signature{"\xCF\xFA\xED\xFE"sv, "a program"},
    Signature{"L\0\0\0\x01\x14\x02\0"sv, "a Windows shortcut"},
    Signature{"ITSF\x03\0"sv, "a Windows help file"},
    Signature{"SQLite format 3\0"sv, "a database"},
    Signature{"\x78\x9F\x3E\x22"sv, "a TNEF file"},
    Signature{"OggS\0"sv, "a sound file"},
    Signature{"ID3"sv, "a sound file", true},
    Signature{"II*\0"sv, "an image"},
    Signature{"MM\0*"sv, "an image"},
    Signature{"BM"sv, "an image", true},
};

std::string_view without_leading_space(std::string_view octets) noexcept {
  if (octets.starts_with("\xEF\xBB\xBF"sv)) octets.remove_prefix(3);
  const auto first = octets.find_first_not_of(" \t\r\n\f\v");
  return first == std::string_view::npos ? std::string_view{} : octets.substr(first);
}

/// The next line without its line end; moves `at` behind it.
std::string_view next_line(std::string_view text, std::size_t& at) noexcept {
  const std::size_t end = std::min(text.find('\n', at), text.size());
  std::string_view line = text.substr(at, end - at);
  at = std::min(end + 1, text.size());
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view without_trailing_space(std::string_view line) noexcept {
  const auto last = line.find_last_not_of(" \t");
  return last == std::string_view::npos ? std::string_view{} : line.substr(0, last + 1);
}

/// `begin 644 name` or `begin-base64 644 name`.
bool is_begin_line(std::string_view line) noexcept {
  constexpr std::string_view with_base64 = "begin-base64 ";
  constexpr std::string_view plain = "begin ";
  if (!line.starts_with(with_base64) && !line.starts_with(plain)) return false;
  line.remove_prefix(line.starts_with(plain) ? plain.size() : with_base64.size());
  line = mail::trim(line);
  const auto digits = std::min(line.find_first_not_of("01234567"), line.size());
  return digits >= 3 && digits <= 6 && digits < line.size() && line[digits] == ' ';
}

/// A data line of uuencode: a length, then at least as many characters as it needs; trailing spaces
/// may be lost.
bool is_uuencoded_line(std::string_view line) noexcept {
  if (line.size() < 2 || line.size() > 100) return false;
  const auto in_alphabet = [](char c) { return c >= ' ' && c <= '`'; };
  if (!std::all_of(line.begin(), line.end(), in_alphabet)) return false;
  const auto octets = (static_cast<std::size_t>(line.front()) - 32U) & 63U;
  const std::size_t needed = 1 + (octets * 8 + 5) / 6;
  const std::size_t padded = 1 + (octets + 2) / 3 * 4;
  return octets > 0 && line.size() + 8 >= needed && line.size() <= padded + 2 &&
         without_trailing_space(line).size() > 1;
}

bool is_base64_line(std::string_view line) noexcept {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
  return line.size() >= 4 && line.size() % 4 == 0 &&
         line.find_first_not_of(alphabet) == std::string_view::npos;
}

/// Follows a text line by line through the beginning, the data and the end of an encoded file:
/// linear, whatever the text.
class BlockWatch {
 public:
  /// What the line completes, if it does.
  std::optional<std::string_view> see(std::string_view line) noexcept {
    const bool idle =
        uuencode_ == Stage::outside && binhex_ == Stage::outside && yenc_ == Stage::outside;
    if (line.empty() ||
        (idle && std::string_view("b=(").find(line.front()) == std::string_view::npos))
      return std::nullopt;
    line = without_trailing_space(line);
    if (line.empty()) return std::nullopt;
    if (see_uuencode(line)) return "a uuencoded file";
    if (see_yenc(line)) return "a yEnc file";
    if (see_binhex(line)) return "a BinHex file";
    return std::nullopt;
  }

 private:
  enum class Stage { outside, begun, in_data };

  bool see_uuencode(std::string_view line) noexcept {
    if (line.front() == 'b' && is_begin_line(line)) {
      uuencode_ = Stage::begun;
      uses_base64_ = line.starts_with("begin-");
    } else if (uuencode_ == Stage::begun) {
      const bool fits = uses_base64_ ? is_base64_line(line) : is_uuencoded_line(line);
      uuencode_ = fits ? Stage::in_data : Stage::outside;
    } else if (uuencode_ == Stage::in_data) {
      return line == (uses_base64_ ? "====" : "end");
    }
    return false;
  }
  bool see_yenc(std::string_view line) noexcept {
    if (line.front() != '=') return false;
    if (line.starts_with("=ybegin ")) yenc_ = Stage::begun;
    return yenc_ == Stage::begun && line.starts_with("=yend");
  }
  bool see_binhex(std::string_view line) noexcept {
    if (line.front() == '(' && line.starts_with("(This file must be converted with BinHex")) {
      binhex_ = Stage::begun;
      return false;
    }
    if (binhex_ == Stage::begun) {
      binhex_ = line.front() == ':' && line.size() > 10 ? Stage::in_data : Stage::outside;
    }
    return binhex_ == Stage::in_data && line.size() > 1 && line.back() == ':';
  }

  Stage uuencode_ = Stage::outside;
  Stage yenc_ = Stage::outside;
  Stage binhex_ = Stage::outside;
  bool uses_base64_ = false;
};

}  // namespace

std::optional<std::string_view> image_type(std::string_view octets) noexcept {
  if (octets.starts_with("\x89PNG\r\n\x1A\n"sv)) return "image/png";
  if (octets.starts_with("GIF87a"sv) || octets.starts_with("GIF89a"sv)) return "image/gif";
  if (octets.starts_with("\xFF\xD8\xFF"sv)) return "image/jpeg";
  if (octets.starts_with("RIFF"sv) && octets.substr(0, 12).ends_with("WEBP"sv)) return "image/webp";
  return std::nullopt;
}

std::optional<std::string_view> file_signature(std::string_view octets) noexcept {
  const std::string_view start = without_leading_space(octets);
  for (const Signature& signature : signatures) {
    if (!start.starts_with(signature.octets)) continue;
    if (!signature.binary || start.substr(0, 64).find('\0') != std::string_view::npos)
      return signature.what;
  }
  if (image_type(start)) return "an image";
  return std::nullopt;
}

std::optional<std::string_view> encoded_block(std::string_view text) noexcept {
  BlockWatch watch;
  for (std::size_t at = 0; at < text.size();) {
    if (const auto found = watch.see(next_line(text, at))) return found;
  }
  return std::nullopt;
}

bool calendar_carries_file(std::string_view text) {
  std::string property;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view line = next_line(text, at);
    const bool folded = line.starts_with(' ') || line.starts_with('\t');
    if (!folded) property.clear();
    if (property.size() < 200) property += mail::to_lower(line.substr(folded ? 1 : 0, 200));
    const bool inline_file = property.find("binary") != std::string::npos ||
                             property.find("base64") != std::string::npos;
    if (property.starts_with("attach") && inline_file) return true;
  }
  return false;
}

}  // namespace policy::mime
