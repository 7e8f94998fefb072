#include "policy/mime/tree.hpp"

#include "policy/mime/delimiters.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace policy::mime {
namespace {

Reading default_reading(const Node& node) {
  Reading reading;
  reading.type = node.parent_type == "multipart/digest" ? "message/rfc822" : "text/plain";
  return reading;
}

/// What a reader makes of a type that it cannot read and that names a boundary.
std::optional<Reading> as_multipart(const Reading& unreadable) {
  if (!unreadable.type.empty() || unreadable.boundaries.empty() ||
      mail::trim(unreadable.boundaries.front()).empty())
    return std::nullopt;
  Reading reading = unreadable;
  reading.type = "multipart/mixed";
  reading.boundaries.resize(1);
  reading.guess = "a Content-Type that cannot be read, of a message that has parts";
  return reading;
}

class TreeReader {
 public:
  Tree read(const mail::HeaderSection& header, std::string_view body) {
    Node message;
    message.path = "1";
    message.body = body;
    read_entity(std::move(message), header, 1);
    settle_near_misses();
    return std::move(tree_);
  }

 private:
  void fault(std::string what, std::string_view evidence) {
    if (!tree_.fault) tree_.fault = TreeFault{std::move(what), std::string(evidence)};
  }

  /// Follows an entity, whose place and body `node` has, under each reading of its type.
  void read_entity(Node node, const mail::HeaderSection& header, std::size_t depth) {
    const auto part = std::make_shared<const PartHeader>(read_part_header(header));
    node.header = part;
    if (!part->contradiction.empty())
      fault("two Content-Type fields that contradict each other", part->contradiction);
    if (part->readings.empty()) read_as(default_reading(node), node, depth);
    for (const Reading& reading : part->readings) {
      read_as(reading, node, depth);
      if (!node.parent_type.empty()) continue;
      if (const auto guessed = as_multipart(reading)) read_as(*guessed, node, depth);
    }
  }

  void read_as(const Reading& reading, Node& node, std::size_t depth) {
    const bool unreadable_message = reading.type.empty() && node.parent_type.empty();
    node.type = unreadable_message ? "text/plain" : reading.type;
    node.charset = reading.charset;
    const std::size_t before = tree_.nodes.size();
    if (reading.guess.empty()) tree_.nodes.push_back(node);
    if (reading.is_container()) read_container(reading, node, depth);
    if (!reading.guess.empty() && tree_.nodes.size() > before)
      fault(std::string(reading.guess), reading.evidence);
  }

  void read_container(const Reading& reading, const Node& container, std::size_t depth) {
    if (depth > max_depth) return fault("multiparts over 20 deep", reading.evidence);
    for (const Encoding encoding : container.header->encodings) {
      if (encoding != Encoding::identity && reading.guess.empty())
        return fault("a multipart in a transfer encoding", reading.evidence);
    }
    if (reading.boundaries.empty())
      return fault("a multipart without a boundary", reading.evidence);
    if (reading.boundaries.size() > 1)
      return fault("a multipart with two boundary parameters", reading.evidence);
    const std::string_view boundary = mail::trim(reading.boundaries.front());
    if (boundary.empty()) return fault("a multipart with an empty boundary", reading.evidence);
    read_parts(reading, boundary, container, depth);
  }

  void read_parts(const Reading& reading,
                  std::string_view boundary,
                  const Node& container,
                  std::size_t depth) {
    const Split split = split_at_delimiters(container.body, boundary, max_parts - parts_ + 1);
    near_misses_.insert(split.near_misses.begin(), split.near_misses.end());
    boundaries_.emplace_back(boundary);
    if (split.parts.empty() && reading.guess.empty()) {
      return fault("a multipart whose boundary is never used", reading.evidence);
    }
    for (std::size_t i = 0; i < split.parts.size(); ++i) {
      if (++parts_ > max_parts) return fault("over 100 parts", reading.evidence);
      read_part(container, i + 1, split.parts[i], depth);
    }
  }

  void read_part(const Node& container,
                 std::size_t position,
                 std::string_view octets,
                 std::size_t depth) {
    const mail::HeaderSection header = mail::read_header_section(octets);
    if (header.fault) fault("a part whose header cannot be read", header.fault_line);
    Node node;
    node.path = container.path + '.' + std::to_string(position);
    node.parent_type = container.type;
    node.position = position;
    node.body = octets.substr(header.body_offset);
    read_entity(std::move(node), header, depth + 1);
  }

  /// A line that begins like a delimiter is harmless where it is the delimiter of another
  /// multipart.
  void settle_near_misses() {
    for (const std::string_view line : near_misses_) {
      const bool known =
          std::any_of(boundaries_.begin(), boundaries_.end(), [&](const std::string& boundary) {
            return line == "--" + boundary || line == "--" + boundary + "--";
          });
      if (!known) fault("a line that begins like a boundary and goes on differently", line);
    }
  }

  Tree tree_;
  std::size_t parts_ = 0;
  std::set<std::string_view> near_misses_;
  std::vector<std::string> boundaries_;
};

}  // namespace

Tree read_tree(const mail::HeaderSection& header, std::string_view body) {
  return TreeReader().read(header, body);
}

}  // namespace policy::mime
