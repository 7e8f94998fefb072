#include "dkim/signer.hpp"

#include "dkim/header_policy.hpp"
#include "dkim/opendkim.hpp"
#include "mail/header_fields.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace dkim {
namespace {

using mail::failure;
using mail::Result;

constexpr std::string_view field_start = "DKIM-Signature: ";

struct SplitMessage {
  std::vector<std::string_view> covered;  ///< the fields that h= names, without their last CRLF
  std::string_view body;
};

/// Mending may add some fields to as many as the reader takes at once, so it is asked for more
/// until the section ends.
Result<SplitMessage> split(std::string_view octets) {
  SplitMessage split;
  while (true) {
    const mail::HeaderSection section = mail::read_header_section(octets);
    for (const mail::Field& field : section.fields) {
      const std::string name = mail::to_lower(field.name);
      if (name == "dkim-signature") {
        return failure("The message has a DKIM-Signature already: mend it first.");
      }
      if (!covered_by_signature(name)) continue;
      const bool ended = field.raw.ends_with("\r\n");
      split.covered.push_back(field.raw.substr(0, field.raw.size() - (ended ? 2 : 0)));
    }
    octets.remove_prefix(section.body_offset);
    if (!section.fault) break;
    if (*section.fault == mail::HeaderFault::no_field_name || section.body_offset == 0) {
      return failure("The message has a line that is no header field: mend it first.");
    }
  }
  split.body = octets;
  return split;
}

DKIM_STAT feed(DKIM* message, const SplitMessage& split) {
  for (const std::string_view field : split.covered) {
    const DKIM_STAT status = dkim_header(message, octets_of(field), field.size());
    if (status != DKIM_STAT_OK) return status;
  }
  if (const DKIM_STAT status = dkim_eoh(message); status != DKIM_STAT_OK) return status;
  if (!split.body.empty()) {
    const DKIM_STAT status = dkim_body(message, octets_of(split.body), split.body.size());
    if (status != DKIM_STAT_OK) return status;
  }
  return dkim_eom(message, nullptr);
}

/// The moment that t= of the next signature says; 0 would be libopendkim's own clock.
bool set_time(DKIM_LIB* handle, std::uint64_t seconds) {
  return dkim_options(handle, DKIM_OP_SETOPT, DKIM_OPTS_FIXEDTIME, &seconds, sizeof seconds) ==
         DKIM_STAT_OK;
}

/// The complete field; nothing when libopendkim has no memory for it.
std::optional<std::string> signature_field(DKIM* message) {
  unsigned char* text = nullptr;
  std::size_t length = 0;
  const DKIM_STAT status = dkim_getsighdr_d(message, field_start.size(), &text, &length);
  if (status != DKIM_STAT_OK) return std::nullopt;
  std::string field(field_start);
  field.append(reinterpret_cast<const char*>(text), length).append("\r\n");
  return field;
}

bool is_name(std::string_view name, std::size_t max_length) noexcept {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  return !name.empty() && name.size() <= max_length && name.front() != '.' && name.back() != '.' &&
         name.find("..") == std::string_view::npos && std::all_of(name.begin(), name.end(), fits);
}

}  // namespace

Signer::Signer(Library& library, PrivateKey key, std::string domain, std::string selector)
    : library_(&library),
      key_(std::move(key)),
      domain_(std::move(domain)),
      selector_(std::move(selector)) {}

Result<std::string> Signer::sign(std::string_view mended,
                                 std::chrono::system_clock::time_point at) const {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
  if (seconds <= 0) return failure("The clock stands before 1970: set it.");
  auto split_message = split(mended);
  if (!split_message) return split_message.error();

  const Library::Handle handle = library_->borrow();
  if (handle == nullptr || !set_time(handle.get(), static_cast<std::uint64_t>(seconds))) {
    return failure("libopendkim cannot be opened: is memory left?");
  }

  Arena arena;
  DKIM_STAT status = DKIM_STAT_OK;
  const dkim_alg_t algorithm =
      key_.algorithm() == Algorithm::rsa_sha256 ? DKIM_SIGN_RSASHA256 : DKIM_SIGN_ED25519SHA256;
  const Message message(dkim_sign(handle.get(),
                                  octets_of("postern"),
                                  &arena,
                                  octets_of(key_.pem()),
                                  octets_of(selector_),
                                  octets_of(domain_),
                                  DKIM_CANON_RELAXED,
                                  DKIM_CANON_RELAXED,
                                  algorithm,
                                  -1,
                                  &status));
  if (message != nullptr) status = feed(message.get(), *split_message);
  if (message != nullptr && status == DKIM_STAT_OK) {
    if (auto field = signature_field(message.get())) {
      return Result<std::string>(boost::system::in_place_value, *std::move(field));
    }
  }
  const std::string_view cause =
      text_of(message == nullptr ? nullptr : dkim_geterror(message.get()));
  return failure("The message could not be signed for " + domain_ + ": libopendkim says \"" +
                 std::string(cause.empty() ? text_of(dkim_getresultstr(status)) : cause) + "\".");
}

Result<Signer> make_signer(Library& library,
                           PrivateKey key,
                           std::string domain,
                           std::string selector) {
  if (!is_name(domain, 253)) {
    return failure("The signing domain is not a domain name: write it in A-labels (xn--…).");
  }
  if (!is_name(selector, 63)) {
    return failure("The selector must be letters, digits, hyphens and dots, at most 63 of them.");
  }
  return Signer(library, std::move(key), std::move(domain), std::move(selector));
}

}  // namespace dkim
