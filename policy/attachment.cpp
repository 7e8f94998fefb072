#include "policy/attachment.hpp"

#include "mail/header_fields.hpp"
#include "policy/mime/file_marks.hpp"
#include "policy/mime/html_references.hpp"
#include "policy/reply.hpp"
#include "policy/urgency.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

namespace policy {
namespace {

using mime::Encoding;
using mime::Node;

template <std::size_t N>
bool is_one_of(std::string_view type, const std::array<std::string_view, N>& types) noexcept {
  return std::find(types.begin(), types.end(), type) != types.end();
}

constexpr std::array<std::string_view, 5> body_types{
    "text/plain", "text/html", "text/enriched", "text/x-amp-html", "text/watch-html"};
constexpr std::array<std::string_view, 3> html_types{
    "text/html", "text/x-amp-html", "text/watch-html"};
constexpr std::array<std::string_view, 3> report_types{
    "message/delivery-status", "message/disposition-notification", "text/rfc822-headers"};
constexpr std::array<std::string_view, 2> smime_signatures{"application/pkcs7-signature",
                                                           "application/x-pkcs7-signature"};
constexpr std::array<std::string_view, 2> smime_types{"application/pkcs7-mime",
                                                      "application/x-pkcs7-mime"};

/// image/jpg is no registered type, but cameras and content systems write it for image/jpeg.
std::string_view registered_image_type(std::string_view type) noexcept {
  return type == "image/jpg" || type == "image/pjpeg" ? "image/jpeg" : type;
}

bool is_inline_image_type(std::string_view type) noexcept {
  constexpr std::array<std::string_view, 4> types{
      "image/png", "image/gif", "image/jpeg", "image/webp"};
  return is_one_of(registered_image_type(type), types);
}

std::string disposition_fault(const Node& node) {
  for (const std::string& disposition : node.header->dispositions) {
    if (!disposition.empty() && disposition != "inline")
      return "its disposition is " + printable(disposition);
  }
  return {};
}

std::string name_fault(const Node& node) {
  if (!node.header->names.empty()) return "it has a file name";
  return node.header->hidden_name ? "a file name is hidden in its header" : std::string{};
}

/// The names that signing programs give to a detached signature.
bool has_usual_signature_name(const Node& node) {
  return std::all_of(
      node.header->names.begin(), node.header->names.end(), [](const std::string& written) {
        const std::string name = mail::to_lower(written);
        return name.ends_with(".p7s") || name.ends_with(".asc") || name.ends_with(".sig") ||
               name == "signature" || name == "openpgp_signature" ||
               name == "openpgp_digital_signature";
      });
}

/// A signature in its own format: an ASN.1 sequence, or PGP armor.
bool is_signature_text(std::string_view type, std::string_view octets) {
  if (is_one_of(type, smime_signatures)) return octets.starts_with('\x30');
  const auto start = octets.find_first_not_of(" \t\r\n");
  return start != std::string_view::npos &&
         octets.substr(start).starts_with("-----BEGIN PGP SIGNATURE-----");
}

class PartJudge {
 public:
  PartJudge(const AttachmentRules& rules, std::span<const std::string> urgent_paths)
      : rules_(rules), urgent_paths_(urgent_paths) {}

  std::vector<Part> judge(const mime::Tree& tree) {
    parts_.reserve(tree.nodes.size());
    for (const Node& node : tree.nodes) judge(node);
    for (const Image& image : images_) settle(image);
    return std::move(parts_);
  }

 private:
  /// An image part waits until every HTML part has been read for references.
  struct Image {
    std::size_t part;
    std::string content_id;
  };

  void judge(const Node& node) {
    Part part;
    part.path = node.path;
    part.type = node.type.empty() ? "unknown" : node.type;
    if (!node.header->names.empty()) part.name = mime::decode_words(node.header->names.front());
    if (node.is_container()) {
      part.role = Role::container;
      part.size = node.body.size();
      part.why = disposition_fault(node);
    } else {
      judge_leaf(node, part);
    }
    if (!part.why.empty()) part.role = Role::attachment;
    parts_.push_back(std::move(part));
  }

  void judge_leaf(const Node& node, Part& part) {
    if (node.header->encodings.front() == Encoding::file)
      part.why = "it is in a transfer encoding for files";
    for (std::size_t i = 0; i < node.header->encodings.size() && part.why.empty(); ++i) {
      const std::string octets = mime::decode(node.header->encodings[i], node.body);
      if (i == 0) part.size = octets.size();
      judge_octets(node, node.header->encodings[i], octets, part);
    }
  }

  /// The part under one of its transfer encodings: sets its role, and `why` if it is an attachment.
  void judge_octets(const Node& node, Encoding encoding, std::string_view octets, Part& part) {
    if (encoding == Encoding::file) {
      part.why = "it is in a transfer encoding for files";
    } else if (is_one_of(node.type, body_types)) {
      judge_body(node, encoding, octets, part);
    } else if (node.type.starts_with("image/")) {
      judge_image(node, octets, part);
    } else if (node.type == "text/calendar") {
      judge_calendar(node, encoding, octets, part);
    } else if (is_signature(node)) {
      judge_signature(node, octets, part);
    } else if (is_one_of(node.type, report_types) && node.parent_type == "multipart/report") {
      part.role = Role::report;
      part.why = text_fault(node, encoding, octets);
    } else if (rules_.encrypted == Encrypted::allow && is_encrypted(node)) {
      part.role = Role::encrypted;
    } else {
      part.why =
          node.type.empty() ? "its type cannot be read" : "its type is " + printable(node.type);
    }
  }

  /// What keeps a text from being just text.
  static std::string text_fault(const Node& node, Encoding encoding, std::string_view octets) {
    if (std::string fault = disposition_fault(node); !fault.empty()) return fault;
    if (std::string fault = name_fault(node); !fault.empty()) return fault;
    return content_fault(node, encoding, octets);
  }

  static std::string content_fault(const Node& node, Encoding encoding, std::string_view octets) {
    auto file = mime::file_signature(octets);
    if (!file && encoding == Encoding::base64)
      file = mime::file_signature(mime::decode_start_of_base64(node.body));
    if (!file) file = mime::encoded_block(octets);
    return file ? "its content is " + std::string(*file) : std::string{};
  }

  void judge_body(const Node& node, Encoding encoding, std::string_view octets, Part& part) {
    part.role = Role::body;
    part.why = text_fault(node, encoding, octets);
    if (!part.why.empty()) return;
    const std::optional<std::string> converted = mime::to_utf8(octets, node.charset);
    if (converted) part.why = content_fault(node, Encoding::identity, *converted);
    const std::string_view text = converted ? *converted : octets;
    part.urgent_link = part.urgent_link || has_urgent_link(text, urgent_paths_);
    if (part.why.empty() && is_one_of(node.type, html_types)) read_html(text, part);
  }

  void read_html(std::string_view text, Part& part) {
    mime::HtmlReferences references = mime::read_html_references(text);
    content_ids_.merge(
        std::set<std::string>(std::make_move_iterator(references.content_ids.begin()),
                              std::make_move_iterator(references.content_ids.end())));
    for (const mime::DataUrl& url : references.data_urls) {
      part.why = data_url_fault(url);
      if (!part.why.empty()) return;
    }
  }

  std::string data_url_fault(const mime::DataUrl& url) {
    const bool drawing = url.type == "image/svg+xml";
    if (!url.type.starts_with("image/") || (drawing && !url.in_style)) {
      return "a data: URL in it is of type " + printable(url.type);
    }
    if (rules_.inline_images == InlineImages::none) return "a data: URL in it is an image";
    const bool empty = url.size == 0 && url.start.empty();
    if (!drawing && !empty && !mime::image_type(url.start))
      return "a data: URL in it is not the image it says";
    return count_image(url.size) ? std::string{} : "the inline images are too many or too large";
  }

  bool count_image(std::size_t octets) {
    ++image_count_;
    image_octets_ += octets;
    return octets <= max_inline_image_octets && image_count_ <= max_inline_images &&
           image_octets_ <= max_inline_images_octets;
  }

  void judge_image(const Node& node, std::string_view octets, Part& part) {
    const bool known = !images_.empty() && images_.back().part == parts_.size();
    part.why = disposition_fault(node);
    if (!part.why.empty()) return;
    if (octets.find_first_not_of(" \t\r\n") == std::string_view::npos) {
      part.role = Role::empty_image;
      return;
    }
    part.role = Role::inline_image;
    if (!is_inline_image_type(node.type)) {
      part.why = "its type is " + printable(node.type);
    } else if (mime::image_type(octets) != registered_image_type(node.type)) {
      part.why = "its content is not " + node.type;
    } else if (rules_.inline_images == InlineImages::none) {
      part.why = "inline images are not allowed";
    } else if (!known) {
      images_.push_back({parts_.size(), node.header->content_id});
    }
  }

  void settle(const Image& image) {
    Part& part = parts_[image.part];
    if (part.role != Role::inline_image) return;
    const bool must_be_referenced = rules_.inline_images == InlineImages::referenced;
    if (must_be_referenced &&
        (image.content_id.empty() || !content_ids_.contains(image.content_id))) {
      part.why = "an image that no HTML part shows";
    } else if (!count_image(part.size)) {
      part.why = "the inline images are too many or too large";
    }
    if (!part.why.empty()) part.role = Role::attachment;
  }

  void judge_calendar(const Node& node,
                      Encoding encoding,
                      std::string_view octets,
                      Part& part) const {
    part.role = Role::calendar;
    if (rules_.calendar == Calendar::any) {
      part.why = content_fault(node, encoding, octets);
    } else if (rules_.calendar == Calendar::none || node.parent_type != "multipart/alternative") {
      part.why = "a calendar that is no alternative of the text";
    } else {
      part.why = text_fault(node, encoding, octets);
    }
    if (part.why.empty() && mime::calendar_carries_file(octets))
      part.why = "a file inside the calendar";
  }

  [[nodiscard]] bool is_signature(const Node& node) const {
    return rules_.signatures == Signatures::detached && node.parent_type == "multipart/signed" &&
           node.position == 2 &&
           (is_one_of(node.type, smime_signatures) || node.type == "application/pgp-signature");
  }

  static void judge_signature(const Node& node, std::string_view octets, Part& part) {
    part.role = Role::signature;
    if (node.header->hidden_name || !has_usual_signature_name(node)) {
      part.why = "a signature with an unusual file name";
    } else if (octets.size() > max_signature_octets) {
      part.why = "a signature over 16 KB";
    } else if (!is_signature_text(node.type, octets)) {
      part.why = "its content is not a signature";
    }
  }

  static bool is_encrypted(const Node& node) {
    if (is_one_of(node.type, smime_types)) return true;
    if (node.parent_type != "multipart/encrypted") return false;
    return (node.position == 1 && node.type == "application/pgp-encrypted") ||
           (node.position == 2 && node.type == "application/octet-stream");
  }

  const AttachmentRules& rules_;
  std::span<const std::string> urgent_paths_;
  std::vector<Part> parts_;
  std::vector<Image> images_;
  std::set<std::string> content_ids_;
  std::size_t image_count_ = 0;
  std::size_t image_octets_ = 0;
};

}  // namespace

std::vector<Part> judge_parts(const mime::Tree& tree,
                              const AttachmentRules& rules,
                              std::span<const std::string> urgent_paths) {
  return PartJudge(rules, urgent_paths).judge(tree);
}

std::optional<Finding> find_attachment(const std::vector<Part>& parts, const mime::Tree& tree) {
  for (const Part& part : parts) {
    if (part.role != Role::attachment) continue;
    const std::string& shown = part.name.empty() ? part.type : part.name;
    return Finding{.reason = Reason::attachment,
                   .what = "it carries a file (" + printable(shown) + "): " + part.why,
                   .evidence = "part " + part.path + ", " + part.type +
                               (part.name.empty() ? "" : ", " + part.name)};
  }
  const Node& message = tree.nodes.front();
  if (!message.is_container()) return std::nullopt;
  const auto block = mime::encoded_block(message.body);
  if (!block) return std::nullopt;
  return Finding{.reason = Reason::attachment,
                 .what = "it carries a file (" + std::string(*block) + ") around its parts",
                 .evidence = std::string(*block)};
}

}  // namespace policy
