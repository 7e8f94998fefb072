#include "policy/address.hpp"
#include "policy/address_syntax.hpp"

#include "mail/header_fields.hpp"

#include <algorithm>

// RFC 5322 3.4 without groups, routes and the obsolete comments between the atoms of one address.
// What is not in the grammar fails instead of being guessed at: a reader that guesses differently
// would show another author.
namespace policy {
namespace {

class MailboxReader {
 public:
  explicit MailboxReader(std::string_view text) : text_(text) {}

  mail::Result<std::vector<Address>> read() {
    std::vector<Address> mailboxes;
    while (true) {
      if (!skip_blanks_and_comments()) return mail::failure("a comment is not closed");
      if (at_end()) break;
      if (take(',')) continue;  // empty elements are obsolete syntax, but say nothing else
      auto mailbox = read_mailbox();
      if (!mailbox) return mailbox.error();
      mailboxes.push_back(std::move(*mailbox));
      if (!at_end() && !take(','))
        return mail::failure("there is more after an address than a comma");
    }
    if (mailboxes.empty()) return mail::failure("there is no address in it");
    return mailboxes;
  }

 private:
  [[nodiscard]] bool at_end() const noexcept { return position_ == text_.size(); }
  [[nodiscard]] char peek() const noexcept { return at_end() ? '\0' : text_[position_]; }
  bool take(char c) noexcept {
    if (at_end() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  bool skip_blanks_and_comments() noexcept {
    std::size_t depth = 0;
    for (; !at_end(); ++position_) {
      const char c = peek();
      if (c == '(') {
        ++depth;
      } else if (depth == 0 && !syntax::is_blank(c)) {
        return true;
      } else if (depth > 0 && c == ')') {
        --depth;
      } else if (depth > 0 && c == '\\' && position_ + 1 < text_.size()) {
        ++position_;
      }
    }
    return depth == 0;
  }

  /// A quoted string with its quotes, or nothing if it is not closed.
  std::string_view take_quoted_string() noexcept {
    const std::size_t start = position_;
    for (++position_; !at_end(); ++position_) {
      if (peek() == '\\') {
        ++position_;
        if (at_end()) break;
      } else if (peek() == '"') {
        ++position_;
        return text_.substr(start, position_ - start);
      }
    }
    return {};
  }

  /// A run of atoms and dots; raw 8-bit octets count as atext, because display names bring them.
  std::string_view take_atoms() noexcept {
    const std::size_t start = position_;
    while (!at_end() && (syntax::is_atext(peek()) || syntax::is_8bit(peek()) || peek() == '.'))
      ++position_;
    return text_.substr(start, position_ - start);
  }

  /// display-name [CFWS] "<" addr-spec ">", or addr-spec: the first word decides nothing, what
  /// follows it does.
  mail::Result<Address> read_mailbox() {
    std::string_view word;
    for (std::size_t words = 0; peek() != '<'; ++words) {
      if (peek() == '@' && words == 1) return read_domain_after(word);
      word = peek() == '"' ? take_quoted_string() : take_atoms();
      if (word.empty()) return unexpected();
      if (!skip_blanks_and_comments()) return mail::failure("a comment is not closed");
    }
    return read_angle_address();
  }

  mail::Result<Address> read_angle_address() {
    take('<');
    if (!skip_blanks_and_comments()) return mail::failure("a comment is not closed");
    const std::string_view local = peek() == '"' ? take_quoted_string() : take_atoms();
    if (local.empty()) return unexpected();
    if (!skip_blanks_and_comments()) return mail::failure("a comment is not closed");
    auto address = read_domain_after(local);
    if (!address) return address;
    if (!take('>')) return mail::failure("an address in angle brackets does not end with >");
    if (!skip_blanks_and_comments()) return mail::failure("a comment is not closed");
    return address;
  }

  mail::Result<Address> read_domain_after(std::string_view local) {
    if (std::any_of(local.begin(), local.end(), syntax::is_8bit)) {
      return mail::failure("an address has non-ASCII characters before the @");
    }
    if (local.front() != '"' && !syntax::is_dot_atom(local)) {
      return mail::failure("the part before an @ is not a valid one");
    }
    if (!take('@')) return unexpected();
    if (!skip_blanks_and_comments()) return mail::failure("a comment is not closed");
    const std::string_view written = peek() == '[' ? take_literal() : take_atoms();
    if (!skip_blanks_and_comments()) return mail::failure("a comment is not closed");
    auto domain = comparable_domain(written);
    if (!domain) return domain.error();
    return Address{std::string(local), std::move(*domain)};
  }

  std::string_view take_literal() noexcept {
    const auto end = text_.find(']', position_);
    if (end == std::string_view::npos) return {};
    const std::string_view literal = text_.substr(position_, end + 1 - position_);
    position_ = end + 1;
    return literal;
  }

  /// Address literals and names that are no host names are mailboxes all the same: no domain of an
  /// app equals them.
  static mail::Result<std::string> comparable_domain(std::string_view written) {
    if (written.starts_with('[')) return mail::to_lower(written);
    auto domain = normal_domain(written);
    if (domain) return domain;
    if (!syntax::is_dot_atom(written)) return mail::failure("the part after an @ is not a domain");
    return mail::to_lower(written);
  }

  [[nodiscard]] mail::Failure unexpected() const {
    if (at_end()) return mail::failure("it ends where an address is expected");
    if (peek() == ':' || peek() == ';')
      return mail::failure("it is a group or a source route, not an address");
    return mail::failure("it has a character where an address cannot have one");
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

}  // namespace

mail::Result<std::vector<Address>> parse_mailbox_list(std::string_view field_body) {
  if (std::any_of(field_body.begin(), field_body.end(), syntax::is_control)) {
    return mail::failure("it contains a control character");
  }
  return MailboxReader(field_body).read();
}

}  // namespace policy
