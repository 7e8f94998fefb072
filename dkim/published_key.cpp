#include "dkim/published_key.hpp"

#include "dkim/signer.hpp"
#include "dkim/verifier.hpp"
#include "mail/header_fields.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace dkim {
namespace {

using mail::Result;

constexpr std::string_view white_space = " \t\r\n\v\f";

struct Tag {
  std::string_view name;
  std::string value;  ///< without white space
};
using Tags = std::vector<Tag>;

std::string without_white_space(std::string_view text) {
  std::string rest;
  std::copy_if(text.begin(), text.end(), std::back_inserter(rest), [](char c) {
    return white_space.find(c) == std::string_view::npos;
  });
  return rest;
}

bool is_printable_or_white_space(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= ' ' && c <= '~') || white_space.find(c) != std::string_view::npos;
  });
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_tag_name(std::string_view text) {
  return !text.empty() && is_alphanumeric(text.front()) &&
         text.find_first_of(white_space) == std::string_view::npos;
}

/// RFC 6376 3.2, as generously as libopendkim reads it. Nothing if it is no list of tags.
std::optional<Tags> read_tags(std::string_view record) {
  if (!is_printable_or_white_space(record)) return std::nullopt;
  Tags tags;
  while (!mail::trim(record).empty()) {
    const std::string_view piece = record.substr(0, record.find(';'));
    record.remove_prefix(std::min(piece.size() + 1, record.size()));
    const std::size_t equals = piece.find('=');
    const std::string_view name = mail::trim(piece.substr(0, equals));
    if (equals == std::string_view::npos || !is_tag_name(name)) return std::nullopt;
    tags.push_back({name, without_white_space(piece.substr(equals + 1))});
  }
  return tags;
}

/// The last of that name counts, as for libopendkim.
const std::string* value_of(const Tags& tags, std::string_view name) {
  const auto found =
      std::find_if(tags.rbegin(), tags.rend(), [name](const Tag& tag) { return tag.name == name; });
  return found == tags.rend() ? nullptr : &found->value;
}

/// An item of a list with colons.
bool lists(std::string_view value, std::string_view item) {
  while (!value.empty()) {
    const std::string_view first = value.substr(0, value.find(':'));
    if (mail::equals_ignoring_case(first, item)) return true;
    value.remove_prefix(std::min(first.size() + 1, value.size()));
  }
  return false;
}

std::string_view key_type(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::rsa_sha256:
      return "rsa";
    case Algorithm::ed25519_sha256:
      return "ed25519";
  }
  return {};
}

std::string_view public_text(const PrivateKey& key) {
  const std::string_view record = key.public_record();
  return record.substr(record.find("p=") + 2);
}

KeyTest no_match(KeyMatch match, std::string why) { return {match, std::move(why), {}}; }

/// The tag that forbids the signatures of a key whose p= is right.
std::optional<std::string> bar(const Tags& tags, Algorithm algorithm) {
  const std::string* version = value_of(tags, "v");
  if (version != nullptr && *version != "DKIM1") {
    return "The record's v= is not DKIM1: begin it with v=DKIM1.";
  }
  const std::string* type = value_of(tags, "k");
  const std::string_view ours = key_type(algorithm);
  if (!mail::equals_ignoring_case(type == nullptr ? "rsa" : *type, ours)) {
    return "The record's k= is of another kind of key: write k=" + std::string(ours) + ".";
  }
  const std::string* hashes = value_of(tags, "h");
  if (hashes != nullptr && !lists(*hashes, "sha256")) {
    return "The record's h= leaves out sha256, which every signature here uses: take h= out.";
  }
  const std::string* services = value_of(tags, "s");
  if (services != nullptr && !lists(*services, "*") && !lists(*services, "email")) {
    return "The record's s= leaves out e-mail: take s= out.";
  }
  return std::nullopt;
}

std::string mismatch(std::string_view published, std::string_view ours) {
  if (!published.empty() && ours.starts_with(published)) {
    return "The key in p= is cut off after " + std::to_string(published.size()) + " of " +
           std::to_string(ours.size()) +
           " characters: publish the whole record, in strings of at most 255 characters.";
  }
  return "The record holds another key than the one that signs: publish the record shown for it.";
}

/// What is wrong with a record that verifies nothing.
Result<KeyTest> explain(const std::optional<Tags>& tags,
                        const PrivateKey& key,
                        const mail::Failure& unverified) {
  if (!tags || tags->empty()) {
    return no_match(KeyMatch::unreadable,
                    "The record is no list of tags (v=DKIM1; k=…; p=…): publish it as it is shown, "
                    "without quotes or backslashes of its own.");
  }
  const std::string* published = value_of(*tags, "p");
  if (published == nullptr) {
    return no_match(KeyMatch::unreadable,
                    "The record has no p=, the key itself: publish it as it is shown.");
  }
  if (published->empty()) {
    return no_match(KeyMatch::revoked,
                    "The record's p= is empty, which revokes the key: publish it as it is shown.");
  }
  if (*published != public_text(key)) {
    return no_match(KeyMatch::other_key, mismatch(*published, public_text(key)));
  }
  if (auto why = bar(*tags, key.algorithm())) return no_match(KeyMatch::barred, *std::move(why));
  return unverified;
}

bool repeats_a_tag(const Tags& tags) {
  return std::any_of(tags.begin(), tags.end(), [&tags](const Tag& tag) {
    return &tag.value != value_of(tags, tag.name);
  });
}

/// RFC 6376 3.6.1, of a record that libopendkim verifies with.
std::vector<std::string> notes_on(const Tags& tags, const PrivateKey& key, bool cut) {
  std::vector<std::string> notes;
  const std::string* flags = value_of(tags, "t");
  if (flags != nullptr && lists(*flags, "y")) {
    notes.emplace_back(
        "t=y says that the domain only tests DKIM, and receivers may treat its mail as unsigned: "
        "take t=y out.");
  }
  if (value_of(tags, "v") != nullptr && tags.front().name != "v") {
    notes.emplace_back("v=DKIM1 must be the first tag where it is given: move it to the front.");
  }
  if (repeats_a_tag(tags)) {
    notes.emplace_back(
        "A tag stands there twice, and receivers may refuse the record: take one out.");
  }
  const std::string* published = value_of(tags, "p");
  if (published != nullptr && *published != public_text(key)) {
    notes.emplace_back(
        "p= holds more than the key, and receivers may refuse it: publish the record as it is "
        "shown.");
  }
  if (cut) {
    notes.emplace_back(
        "The record is over 1024 octets, and receivers may read no further: shorten it.");
  }
  return notes;
}

/// libopendkim verifies nothing from the future, and takes the first minutes of 1970 for it.
constexpr std::chrono::system_clock::time_point some_time_past(std::chrono::seconds(1'000'000'000));

/// A message that the key has signed.
Result<std::string> signed_probe(Library& library,
                                 const PrivateKey& key,
                                 const PublishedKey& published) {
  const auto signer =
      make_signer(library, key, std::string(published.domain), std::string(published.selector));
  if (!signer) return signer.error();
  const std::string probe = "From: probe@" + std::string(published.domain) + "\r\n\r\n";
  const auto field = signer->sign(probe, some_time_past);
  if (!field) return field.error();
  return Result<std::string>(boost::system::in_place_value, *field + probe);
}

}  // namespace

Result<KeyTest> test_published(Library& library,
                               const PrivateKey& key,
                               const PublishedKey& published) {
  const std::string_view record = published.record.substr(0, PublishedKey::max_record);
  const auto probe = signed_probe(library, key, published);
  if (!probe) return probe.error();
  const auto verified = verify(library, *probe, {published.domain, published.selector, record});
  const auto tags = read_tags(record);
  if (!verified) return explain(tags, key, verified.error());
  // libopendkim does not compare k= with the signature's a=; others do.
  if (auto why = tags ? bar(*tags, key.algorithm()) : std::nullopt) {
    return no_match(KeyMatch::barred, *std::move(why));
  }
  return KeyTest{KeyMatch::same,
                 {},
                 notes_on(tags.value_or(Tags{}), key, record.size() < published.record.size())};
}

}  // namespace dkim
