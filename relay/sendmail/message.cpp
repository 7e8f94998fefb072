#include "relay/sendmail/message.hpp"

#include "mail/header_fields.hpp"
#include "relay/observe/escape.hpp"
#include "relay/proto/base64.hpp"
#include "relay/sendmail/addresses.hpp"

#include <fmt/format.h>
#include <sysexits.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace sendmail {
namespace {

constexpr std::array<std::string_view, 6> address_fields{
    "From", "Sender", "Reply-To", "To", "Cc", "Bcc"};

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::any_of(
      names, [name](std::string_view each) { return mail::equals_ignoring_case(name, each); });
}

/// The header section, and what follows its empty line.
struct Parts {
  mail::HeaderSection header;
  std::string_view body;
};

std::optional<Trouble> fault_of(const mail::HeaderSection& header) {
  using mail::HeaderFault;
  if (!header.fault) return std::nullopt;
  const bool no_name = header.fault == HeaderFault::no_field_name;
  return Trouble(EX_DATAERR,
                 fmt::format("The header of the message {} (`{}`): put an empty line behind it.",
                             no_name ? "has a line that is no field" : "is too long",
                             observe::escaped(header.fault_line, max_shown_octets)));
}

Result<Parts> split(std::string_view octets) {
  if (octets.starts_with("From ") && !mail::trim(octets.substr(5)).starts_with(':'))
    octets.remove_prefix(std::min(octets.find("\r\n"), octets.size() - 2) + 2);
  Parts parts{mail::read_header_section(octets), {}};
  const auto& header = parts.header;
  const bool all_body =
      header.fault == mail::HeaderFault::no_field_name && header.fault_line.data() == octets.data();
  if (all_body) return Parts{{}, octets};
  if (auto trouble = fault_of(header)) return *trouble;
  parts.body = octets.substr(header.body_offset);
  return parts;
}

/// An encoded word (RFC 2047) for each 45 octets, or the text as a quoted string.
std::string phrase(std::string_view text) {
  const auto is_8bit = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
  std::string words;
  if (std::ranges::none_of(text, is_8bit)) {
    for (const char c : text)
      words += c == '"' || c == '\\' ? fmt::format("\\{}", c) : fmt::format("{}", c);
    return fmt::format("\"{}\"", words);
  }
  constexpr std::size_t octets_a_word = 45;
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
  while (!text.empty()) {
    std::size_t cut = std::min(octets_a_word, text.size());
    while (cut > octets_a_word - 4 && cut < text.size() && continues(text[cut])) --cut;
    words += fmt::format(
        "{}=?utf-8?B?{}?=", words.empty() ? "" : " ", smtp::base64_encode(text.substr(0, cut)));
    text.remove_prefix(cut);
  }
  return words;
}

class Preparation {
 public:
  Preparation(const Request& request, const Settings& settings, const Circumstances& circumstances)
      : request_(request), settings_(settings), circumstances_(circumstances) {}

  Result<Outgoing> run(std::string_view octets) {
    const auto parts = split(octets);
    if (!parts) return parts.error();
    find_sender(parts->header);
    if (auto trouble = find_recipients(parts->header)) return *trouble;
    for (const mail::Field& field : parts->header.fields)
      if (!is_one_of(field.name, std::array<std::string_view, 2>{"Bcc", "Resent-Bcc"}))
        outgoing_.octets += completed(field);
    add_missing(parts->header);
    outgoing_.octets += "\r\n";
    outgoing_.octets += parts->body;
    return std::move(outgoing_);
  }

 private:
  [[nodiscard]] std::string domain() const {
    return settings_.domain.empty() ? circumstances_.host : settings_.domain;
  }

  /// The address of the first field of that name that has one.
  static std::optional<std::string> address_in(const mail::HeaderSection& header,
                                               std::string_view name) {
    const mail::Field* field = header.find(name);
    if (field == nullptr) return std::nullopt;
    const auto addresses = read_addresses(field->value);
    if (!addresses || addresses->empty()) return std::nullopt;
    return addresses->front().text;
  }

  void find_sender(const mail::HeaderSection& header) {
    std::optional<std::string> sender = request_.reverse_path;
    if (!sender && !settings_.from.empty()) sender = settings_.from;
    if (!sender) sender = address_in(header, "Sender");
    if (!sender) sender = address_in(header, "From");
    const std::string found = sender.value_or(circumstances_.user);
    outgoing_.envelope.reverse_path = found.empty() ? found : with_domain(found);
  }

  [[nodiscard]] std::string with_domain(const std::string& address) const {
    return ListedAddress{address, 0}.has_domain() ? address : address + "@" + domain();
  }

  std::optional<Trouble> find_recipients(const mail::HeaderSection& header) {
    for (const std::string& list : request_.recipients)
      if (auto trouble = take_recipients(list)) return trouble;
    if (request_.header_recipients)
      if (auto trouble = take_header_recipients(header)) return trouble;
    const auto& found = outgoing_.envelope.forward_paths;
    if (found.size() > max_recipients)
      return Trouble(EX_DATAERR, fmt::format("There are more than {} recipients.", max_recipients));
    if (!found.empty()) return std::nullopt;
    if (request_.header_recipients)
      return Trouble(EX_DATAERR, "To, Cc and Bcc name nobody: give the message a recipient.");
    return Trouble(EX_USAGE, "No recipient is given: name one, or say -t to take those of To.");
  }

  std::optional<Trouble> take_header_recipients(const mail::HeaderSection& header) {
    constexpr std::array<std::string_view, 3> plain{"To", "Cc", "Bcc"};
    constexpr std::array<std::string_view, 3> resent{"Resent-To", "Resent-Cc", "Resent-Bcc"};
    const bool is_resent = std::ranges::any_of(
        resent, [&header](std::string_view name) { return header.find(name) != nullptr; });
    for (const mail::Field& field : header.fields)
      if (is_one_of(field.name, is_resent ? resent : plain))
        if (auto trouble = take_recipients(field.value)) return trouble;
    return std::nullopt;
  }

  std::optional<Trouble> take_recipients(std::string_view list) {
    const auto addresses = read_addresses(list);
    if (!addresses) return addresses.error();
    for (const ListedAddress& address : *addresses) {
      std::string path = address.text;
      if (!address.has_domain()) {
        if (settings_.local_recipient.empty() && settings_.domain.empty())
          return no_such_user(path);
        path = settings_.local_recipient.empty() ? with_domain(path) : settings_.local_recipient;
      }
      auto& paths = outgoing_.envelope.forward_paths;
      if (std::ranges::find(paths, path) == paths.end()) paths.push_back(std::move(path));
    }
    return std::nullopt;
  }

  static Trouble no_such_user(std::string_view name) {
    return {EX_NOUSER,
            fmt::format("{} has no domain, and there is no mail on this machine: set `domain` or "
                        "`local_recipient` in {}.",
                        observe::escaped(name),
                        settings_file)};
  }

  /// The field, with our domain behind the addresses that have none. One that is no list of
  /// addresses stays as it is: the relay judges it.
  [[nodiscard]] std::string completed(const mail::Field& field) const {
    std::string raw(field.raw);
    const auto value_at = static_cast<std::size_t>(field.value.data() - field.raw.data());
    if (!is_one_of(field.name, address_fields)) return raw;
    const auto addresses = read_addresses(field.value);
    if (!addresses) return raw;
    for (std::size_t i = addresses->size(); i-- > 0;) {
      const ListedAddress& address = (*addresses)[i];
      if (!address.has_domain()) raw.insert(value_at + address.end, "@" + domain());
    }
    return raw;
  }

  void add_missing(const mail::HeaderSection& header) {
    const auto add = [this, &header](std::string_view name, const std::string& value) {
      if (header.find(name) == nullptr) outgoing_.octets += fmt::format("{}: {}\r\n", name, value);
    };
    const std::string& path = outgoing_.envelope.reverse_path;
    const std::string author = !path.empty()             ? path
                               : !settings_.from.empty() ? settings_.from
                                                         : with_domain(circumstances_.user);
    const std::string& name = request_.full_name;
    add("From", name.empty() ? author : fmt::format("{} <{}>", phrase(name), author));
    add("Date", circumstances_.date);
    add("Message-ID", fmt::format("<{}@{}>", circumstances_.unique, domain()));
  }

  const Request& request_;
  const Settings& settings_;
  const Circumstances& circumstances_;
  Outgoing outgoing_;
};

}  // namespace

Result<Outgoing> prepare(const Request& request,
                         const Settings& settings,
                         const Circumstances& circumstances,
                         std::string_view octets) {
  return Preparation(request, settings, circumstances).run(octets);
}

}  // namespace sendmail
