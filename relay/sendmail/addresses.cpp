#include "relay/sendmail/addresses.hpp"

#include "mail/header_fields.hpp"
#include "relay/observe/escape.hpp"

#include <fmt/format.h>
#include <sysexits.h>

#include <algorithm>
#include <optional>

namespace sendmail {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }

/// Reads a list element by element. What stands outside of brackets is gathered as `bare_`: the
/// address itself where no brackets follow, else a display name.
class ListReader {
 public:
  explicit ListReader(std::string_view list) : list_(list) {}

  Result<std::vector<ListedAddress>> read() {
    while (at_ < list_.size())
      if (auto trouble = step()) return *trouble;
    if (auto trouble = end_element()) return *trouble;
    if (in_group_) return trouble("a group is not closed by a semicolon");
    return std::move(found_);
  }

 private:
  std::optional<Trouble> step() {
    switch (list_[at_]) {
      case '(':
        return skip_comment();
      case '"':
        return take_quoted(bare_);
      case '<':
        return take_bracketed();
      case ',':
        ++at_;
        return end_element();
      case ':':
        return begin_group();
      case ';':
        return end_group();
      default:
        return take_character();
    }
  }

  std::optional<Trouble> take_character() {
    const char c = list_[at_++];
    if (is_blank(c)) {
      after_blank_ = true;
      return std::nullopt;
    }
    if (bracketed_) return trouble("there is more behind an angle bracket than a comma");
    if (after_blank_ && !bare_.empty()) several_words_ = true;
    after_blank_ = false;
    bare_ += c;
    bare_end_ = at_;
    return std::nullopt;
  }

  std::optional<Trouble> skip_comment() {
    int depth = 0;
    for (; at_ < list_.size(); ++at_) {
      if (list_[at_] == '(') ++depth;
      if (list_[at_] == ')') --depth;
      if (list_[at_] == '\\') ++at_;
      if (depth > 0) continue;
      ++at_;
      after_blank_ = true;
      return std::nullopt;
    }
    return trouble("a comment is not closed");
  }

  /// A quoted string with its quotes, behind `text`.
  std::optional<Trouble> take_quoted(std::string& text) {
    const std::size_t begin = at_;
    for (++at_; at_ < list_.size(); ++at_) {
      if (list_[at_] == '\\') {
        ++at_;
      } else if (list_[at_] == '"') {
        ++at_;
        text += list_.substr(begin, at_ - begin);
        bare_end_ = at_;
        return std::nullopt;
      }
    }
    return trouble("a quotation mark is not closed");
  }

  std::optional<Trouble> take_bracketed() {
    if (bracketed_) return trouble("there is no comma between two addresses");
    std::string inside;
    for (++at_; at_ < list_.size() && list_[at_] != '>';) {
      if (list_[at_] == '"') {
        if (auto trouble = take_quoted(inside)) return trouble;
      } else {
        inside += list_[at_++];
      }
    }
    if (at_ == list_.size()) return trouble("an angle bracket is not closed");
    bracketed_ = {std::string(mail::trim(inside)), at_++};
    return std::nullopt;
  }

  std::optional<Trouble> begin_group() {
    if (in_group_ || bracketed_) return trouble("there is a colon where none can be");
    ++at_;
    in_group_ = true;
    begin_element();
    return std::nullopt;
  }

  std::optional<Trouble> end_group() {
    if (!in_group_) return trouble("there is a semicolon where a comma is expected");
    ++at_;
    in_group_ = false;
    return end_element();
  }

  std::optional<Trouble> end_element() {
    if (bracketed_ && bracketed_->text.empty()) return trouble("there is nothing in the brackets");
    if (!bracketed_ && several_words_)
      return trouble("there is a word beside an address that has no angle brackets");
    if (bracketed_ || !bare_.empty())
      found_.push_back(bracketed_ ? *bracketed_ : ListedAddress{bare_, bare_end_});
    begin_element();
    if (found_.empty()) return std::nullopt;
    return fault_of(found_.back());
  }

  void begin_element() {
    bare_.clear();
    bracketed_.reset();
    after_blank_ = several_words_ = false;
  }

  [[nodiscard]] std::optional<Trouble> fault_of(const ListedAddress& address) const {
    const std::string& text = address.text;
    if (text.size() > max_address_octets) return trouble("an address is too long");
    const bool quoted = text.front() == '"';
    const auto unusable = [quoted](char c) {
      return is_control(c) || (!quoted && (c == '<' || c == '>' || is_blank(c)));
    };
    if (text.front() == '@' || text.ends_with('@') || std::ranges::any_of(text, unusable))
      return trouble("there is something that is no address");
    return std::nullopt;
  }

  [[nodiscard]] Trouble trouble(std::string_view what) const {
    return {EX_DATAERR,
            fmt::format("`{}` is no list of addresses, {}: write `name@example.com, "
                        "Name <name@example.com>`",
                        observe::escaped(mail::unfold(list_), max_shown_octets),
                        what)};
  }

  std::string_view list_;
  std::size_t at_ = 0;
  std::vector<ListedAddress> found_;
  std::string bare_;
  std::size_t bare_end_ = 0;
  std::optional<ListedAddress> bracketed_;
  bool after_blank_ = false, several_words_ = false, in_group_ = false;
};

}  // namespace

bool ListedAddress::has_domain() const noexcept {
  const std::size_t at = text.rfind('@');
  return at != std::string::npos && text.find('"', at) == std::string::npos;
}

Result<std::vector<ListedAddress>> read_addresses(std::string_view list) {
  return ListReader(list).read();
}

}  // namespace sendmail
