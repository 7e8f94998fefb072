#include "relay/config/tree.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <utility>

namespace config {
namespace {

Place place_of(const YAML::Mark& mark) {
  if (mark.line < 0 || mark.column < 0) return {};
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

bool looks_octal(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  if (text.size() < 2 || text.front() != '0') return false;
  text.remove_prefix(text[1] == 'o' ? 2 : 1);
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet < 0x20 || octet == 0x7f;
  });
}

/// yaml-cpp's words, which may hold octets of the file.
std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c < 0x20 || c == 0x7f; }, '?');
  return text;
}

/// Ends the reading from inside an event, once its mistake is written down.
struct Stop {};

/// Turns yaml-cpp's events into a tree. The innermost open collection is the last frame.
class TreeBuilder final : public YAML::EventHandler {
 public:
  Tree take() && { return std::move(tree_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (!tree_.root) return;
    mistake(place_of(mark), "a second document (`---`) starts here: keep everything in one");
    throw Stop{};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_decoration(mark, "", anchor);
    add(make(Shape::null, mark));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    mistake(place_of(mark), "aliases (`*name`) are not read here: write the value out");
    Node node = make(Shape::null, mark);
    node.faulty = true;
    add(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_decoration(mark, tag, anchor);
    Node node = make(Shape::scalar, mark);
    node.scalar = value;
    node.plain = tag != "!";
    if (has_control(value)) {
      mistake(node.place, "a control character or line break stands in this value: remove it");
      make_faulty(node);
    }
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(Shape::sequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(Shape::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  void mistake(Place place, std::string text) {
    tree_.mistakes.push_back({place.line, place.column, std::move(text)});
  }

 private:
  /// A map between its key and its value has a pending key.
  struct Frame {
    Node node;
    std::optional<Member> pending;
  };

  static Node make(Shape shape, const YAML::Mark& mark) {
    Node node;
    node.shape = shape;
    node.place = place_of(mark);
    return node;
  }

  void refuse_decoration(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor)
      mistake(place_of(mark),
              "anchors (`&name`) are not read here: write the value out where it is used");
    if (!tag.empty() && tag != "?" && tag != "!")
      mistake(place_of(mark), "tags (`!name`) are not read here: remove the tag");
  }

  void open(Shape shape, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_decoration(mark, tag, anchor);
    if (frames_.size() >= max_depth) {
      mistake(place_of(mark),
              fmt::format("more than {} levels of nesting: no key of Postern lies that deep",
                          max_depth));
      throw Stop{};
    }
    frames_.push_back({make(shape, mark), std::nullopt});
  }

  void close() {
    Node node = std::move(frames_.back().node);
    frames_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (frames_.empty()) {
      tree_.root = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.shape == Shape::sequence) {
      refuse_octal(node);
      frame.node.items.push_back(std::move(node));
    } else if (!frame.pending) {
      frame.pending = key_of(std::move(node));
    } else {
      refuse_octal(node);
      add_member(frame, std::move(node));
    }
  }

  Member key_of(Node node) {
    if (node.shape != Shape::scalar)
      mistake(node.place, "a key must be a word: write `key: value`");
    else if (node.scalar == "<<")
      mistake(node.place, "merge keys (`<<`) are not read here: write the keys out");
    return {std::move(node.scalar), node.place, {}};
  }

  void add_member(Frame& frame, Node value) {
    Member member = *std::exchange(frame.pending, std::nullopt);
    const bool unreadable_key = member.key.empty() || member.key == "<<";
    if (unreadable_key) return;
    const auto first = std::ranges::find(frame.node.members, member.key, &Member::key);
    if (first != frame.node.members.end()) {
      mistake(member.place,
              fmt::format("`{}` is given twice, first in line {}: keep one of them",
                          member.key,
                          first->place.line));
      return;
    }
    if (value.shape == Shape::null) value.place = member.place;
    member.value = std::move(value);
    frame.node.members.push_back(std::move(member));
  }

  void refuse_octal(Node& node) {
    if (node.shape != Shape::scalar || !node.plain || !looks_octal(node.scalar)) return;
    mistake(node.place,
            "a number with a leading zero can be read as octal: leave the zero out, or put the "
            "value in quotes if it is a text");
    make_faulty(node);
  }

  static void make_faulty(Node& node) {
    node.faulty = true;
    node.scalar.clear();
  }

  Tree tree_;
  std::vector<Frame> frames_;
};

void refuse_bad_root(Tree& tree) {
  if (!tree.root || tree.root->shape == Shape::null)
    tree.mistakes.push_back({1, 1, "the file says nothing: start from conf/postern.yml"});
  else if (tree.root->shape != Shape::map)
    tree.mistakes.push_back(
        {tree.root->place.line,
         tree.root->place.column,
         "the file must be a map: write `key: value` lines as in conf/postern.yml"});
  else
    return;
  tree.root.reset();
}

}  // namespace

const Node* Node::find(std::string_view key) const noexcept {
  const auto found = std::ranges::find(members, key, &Member::key);
  return found == members.end() ? nullptr : &found->value;
}

Tree read_tree(std::string_view text) {
  TreeBuilder builder;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {  // the mistake is written down
  } catch (const YAML::Exception& error) {
    builder.mistake(place_of(error.mark),
                    fmt::format("this is not YAML ({}): check indentation, colons and quotes here "
                                "and in the line before",
                                printable(error.msg)));
  }
  Tree tree = std::move(builder).take();
  if (tree.mistakes.empty()) refuse_bad_root(tree);
  return tree;
}

}  // namespace config
