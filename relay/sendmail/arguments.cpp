#include "relay/sendmail/arguments.hpp"

#include "relay/observe/escape.hpp"
#include "relay/sendmail/addresses.hpp"

#include <fmt/format.h>
#include <sysexits.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sendmail {
namespace {

constexpr std::array known_options{
    Option{"t", "", Use::taken, "take recipients from To, Cc and Bcc too; Bcc is removed always"},
    Option{"i", "", Use::taken, "a line with a lone dot does not end the message (also -oi)"},
    Option{"fr", "ADDRESS", Use::taken, "the sender (reverse-path); <> is the null path"},
    Option{"F", "NAME", Use::taken, "the sender's name, where the message has no From field"},
    Option{"b",
           "MODE",
           Use::taken,
           "m: read a message (the default); s: speak SMTP on standard input and output; any other "
           "is refused"},
    Option{"v", "", Use::taken, "say what the relay answered"},
    Option{
        "o",
        "OPTION",
        Use::taken,
        "i as -i; e and d with a letter (errors, delivery), m, 7 and 8 are ignored; any other is "
        "refused"},
    Option{"B", "TYPE", Use::ignored, "7BIT or 8BITMIME: it is found out"},
    Option{"e", "MODE", Use::ignored, "how errors are told: always by the exit code and a line"},
    Option{"N", "DSN", Use::ignored, "delivery reports: the relay sees to them"},
    Option{"R", "RETURN", Use::ignored, "what a delivery report has"},
    Option{"V", "ENVID", Use::ignored, "the mark of a delivery report"},
    Option{"h", "HOPS", Use::ignored, "hop count: the relay counts"},
    Option{"L", "TAG", Use::ignored, "name in the log: there is none"},
    Option{"A", "FILE", Use::ignored, "which configuration: there is one"},
    Option{"GUmn", "", Use::ignored, "gateway, first submission, sender as recipient, no aliases"},
    Option{"CDXdOQp", "VALUE", Use::refused, "files, debugging and options of other programs"},
    Option{"qMIx", "", Use::refused, "there is no queue here: `postern queue` shows the relay's"},
};

const Option* find(char letter) {
  const auto found = std::ranges::find_if(known_options, [letter](const Option& option) {
    return option.letters.find(letter) != std::string_view::npos;
  });
  return found == known_options.end() ? nullptr : &*found;
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; });
}

class ArgumentReader {
 public:
  explicit ArgumentReader(std::span<const char* const> words) : words_(words) {}

  Result<Request> read() {
    bool options_end = false;
    while (next_ < words_.size()) {
      const std::string_view word = words_[next_++];
      if (has_control(word)) return trouble("an argument has a line end or control character");
      const bool is_option = !options_end && word.starts_with('-');
      if (is_option && word == "--") {
        options_end = true;
      } else if (auto trouble = is_option ? take_options(word) : take_recipient(word)) {
        return *trouble;
      }
    }
    return std::move(request_);
  }

 private:
  /// `-ti`, `-fADDR`, `-f` with its value in the next word.
  std::optional<Trouble> take_options(std::string_view word) {
    for (std::size_t at = 1; at < word.size(); ++at) {
      const Option* option = find(word[at]);
      if (option == nullptr || option->use == Use::refused) return refused(word);
      if (option->value.empty()) {
        take_flag(word[at]);
        continue;
      }
      std::string_view value = word.substr(at + 1);
      if (value.empty()) {
        if (next_ == words_.size()) return trouble(fmt::format("-{} wants a value", word[at]));
        value = words_[next_++];
      }
      if (has_control(value)) return trouble("an argument has a line end or control character");
      return take_value(word[at], value, word);
    }
    return word == "-" ? std::optional(refused(word)) : std::nullopt;
  }

  void take_flag(char letter) {
    if (letter == 't') request_.header_recipients = true;
    if (letter == 'i') request_.dot_ends = false;
    if (letter == 'v') request_.verbose = true;
  }

  std::optional<Trouble> take_value(char letter, std::string_view value, std::string_view word) {
    switch (letter) {
      case 'f':
      case 'r':
        return take_reverse_path(value);
      case 'F':
        if (value.size() > max_full_name_octets) return trouble("the name of -F is too long");
        request_.full_name = value;
        return std::nullopt;
      case 'b':
        if (value != "m" && value != "s") return refused(word);
        request_.dialogue = value == "s";
        return std::nullopt;
      case 'o':
        return take_old_option(value, word);
      default:
        return std::nullopt;  // ignored
    }
  }

  /// The options that sendmail once had behind -o. Most of the others name files.
  std::optional<Trouble> take_old_option(std::string_view value, std::string_view word) {
    constexpr std::array<std::string_view, 12> ignored{
        "m", "7", "8", "em", "ep", "eq", "ew", "ee", "db", "di", "dq", "dd"};
    if (value == "i") {
      request_.dot_ends = false;
    } else if (std::ranges::find(ignored, value) == ignored.end()) {
      return refused(word);
    }
    return std::nullopt;
  }

  std::optional<Trouble> take_reverse_path(std::string_view value) {
    if (value.empty() || value == "<>") {
      request_.reverse_path = "";
      return std::nullopt;
    }
    const auto addresses = read_addresses(value);
    if (!addresses || addresses->size() != 1)
      return trouble("the sender that -f names is not one address");
    request_.reverse_path = addresses->front().text;
    return std::nullopt;
  }

  std::optional<Trouble> take_recipient(std::string_view word) {
    if (word.empty()) return trouble("a recipient is empty");
    if (request_.recipients.size() == max_recipients)
      return trouble(fmt::format("there are more than {} recipients", max_recipients));
    request_.recipients.emplace_back(word);
    return std::nullopt;
  }

  static Trouble refused(std::string_view word) {
    return trouble(
        fmt::format("the option {} is refused", observe::escaped(word, max_shown_octets)));
  }

  static Trouble trouble(std::string_view what) {
    return {EX_USAGE, fmt::format("{}: `--help` shows what it takes", what)};
  }

  std::span<const char* const> words_;
  std::size_t next_ = 0;
  Request request_;
};

}  // namespace

std::string Option::shown() const {
  std::string names;
  for (const char letter : letters) names += fmt::format("{}-{}", names.empty() ? "" : " ", letter);
  return value.empty() ? names : fmt::format("{} {}", names, value);
}

std::string Option::effect() const {
  switch (use) {
    case Use::taken:
      return std::string(meaning);
    case Use::ignored:
      return fmt::format("ignored: {}", meaning);
    case Use::refused:
      return fmt::format("refused: {}", meaning);
  }
  return {};
}

std::span<const Option> options() noexcept { return known_options; }

Result<Request> read_arguments(std::span<const char* const> words) {
  return ArgumentReader(words).read();
}

}  // namespace sendmail
