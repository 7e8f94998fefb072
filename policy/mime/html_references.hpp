#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What an HTML part refers to inside the message, and what it carries in its own text.
namespace policy::mime {

/// A `data:` URL (RFC 2397).
struct DataUrl {
  std::string type;       ///< media type, lower case; "text/plain" where left out
  std::size_t size = 0;   ///< octets it stands for, roughly
  std::string start;      ///< the first octets, decoded
  bool in_style = false;  ///< the argument of url(), where nothing can be opened or run
};

struct HtmlReferences {
  std::vector<std::string> content_ids;  ///< of `cid:` URLs (RFC 2392), percent signs decoded
  std::vector<DataUrl> data_urls;
};

inline constexpr std::size_t max_html_references = 1000;  ///< of each kind; later ones are not read

/// Reads HTML text, character references (&#58;) decoded, white space inside a URL's scheme
/// ignored, as browsers do. Text that merely mentions a `data:` URL is told from one by what stands
/// before it: a quote, an equals sign or a parenthesis.
[[nodiscard]] HtmlReferences read_html_references(std::string_view html);

}  // namespace policy::mime
