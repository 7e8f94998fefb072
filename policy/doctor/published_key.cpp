#include "policy/doctor/published_key.hpp"

#include "mail/header_fields.hpp"
#include "policy/doctor/finding.hpp"
#include "policy/tag_list.hpp"

#include <algorithm>

namespace policy::doctor {
namespace {

std::string value_of(const std::vector<Tag>& tags, std::string_view name, std::string_view absent) {
  const Tag* tag = find_tag(tags, name);
  return std::string(tag == nullptr ? absent : std::string_view(tag->value));
}

std::string key_of(const std::vector<Tag>& tags) {
  return without_white_space(value_of(tags, "p", ""));
}

/// Whether a list with colons between its words has one of them.
bool lists(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const auto end = std::min(list.find(':'), list.size());
    if (mail::trim(list.substr(0, end)) == word) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

bool is_base64(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '=';
  });
}

/// The front of PKCS#1 and PKCS#8 private keys of 512 to 4096 bits, in Base64.
bool is_private_key(std::string_view key) noexcept {
  const std::string_view front = key.substr(0, 16);
  return front.starts_with("MII") && (front.find("IBAAK") != std::string_view::npos ||
                                      front.find("IBADAN") != std::string_view::npos);
}

/// RFC 6376 3.2.
bool is_tag_name(std::string_view name) noexcept {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::optional<Mistake> version_fault(const std::vector<Tag>& tags) {
  const Tag* version = find_tag(tags, "v");
  if (version == nullptr) return std::nullopt;
  const bool holds_another = version->value.find_first_of("=,") != std::string::npos;
  if (holds_another && find_tag(tags, "p") == nullptr) return Mistake::separators_wrong;
  if (version->value != "DKIM1") return Mistake::version_wrong;
  if (version != &tags.front()) return Mistake::version_not_first;
  return std::nullopt;
}

std::optional<Mistake> list_fault(const std::vector<Tag>& tags) {
  for (auto tag = tags.begin(); tag != tags.end(); ++tag) {
    if (!is_tag_name(tag->name)) return Mistake::trailing_junk;
    const auto same = [tag](const Tag& other) { return other.name == tag->name; };
    if (std::any_of(std::next(tag), tags.end(), same)) return Mistake::tag_repeated;
  }
  return std::nullopt;
}

/// How a key that is not ours came to be.
Mistake foreign_key(std::string_view key,
                    std::string_view ours,
                    const std::vector<SelectorSetup>& all) {
  if (is_private_key(key)) return Mistake::private_key_published;
  if (ours.starts_with(key)) return Mistake::key_cut;
  if (key.starts_with(ours)) return Mistake::trailing_junk;
  if (mail::equals_ignoring_case(key, ours)) return Mistake::case_changed;
  const auto is_published_as = [key](const SelectorSetup& other) {
    return key_of(read_tags(other.public_record)) == key;
  };
  if (std::any_of(all.begin(), all.end(), is_published_as)) return Mistake::key_of_other_selector;
  return is_base64(key) ? Mistake::key_of_another : Mistake::key_not_base64;
}

std::optional<Mistake> fault_as_it_stands(std::string_view text,
                                          const SelectorSetup& selector,
                                          const std::vector<SelectorSetup>& all) {
  if (text.find("PRIVATE KEY") != std::string_view::npos) return Mistake::private_key_published;
  if (text.find("-----") != std::string_view::npos) return Mistake::pem_armour;
  const std::vector<Tag> tags = read_tags(text);
  if (const auto mistake = version_fault(tags)) return mistake;
  if (find_tag(tags, "p") == nullptr) return Mistake::key_missing;
  const std::string key = key_of(tags);
  if (key.empty()) return Mistake::key_revoked;
  const std::vector<Tag> wanted = read_tags(selector.public_record);
  const std::string ours = key_of(wanted);
  if (key != ours) return foreign_key(key, ours, all);
  if (value_of(tags, "k", "rsa") != value_of(wanted, "k", "rsa")) return Mistake::key_type_wrong;
  if (!lists(value_of(tags, "h", "sha256"), "sha256")) return Mistake::sha256_excluded;
  const std::string services = value_of(tags, "s", "*");
  if (!lists(services, "*") && !lists(services, "email")) return Mistake::mail_excluded;
  return list_fault(tags);
}

}  // namespace

bool looks_like_key(std::string_view text) {
  const std::string dense = mail::to_lower(without_white_space(text));
  return dense.find("p=") != std::string::npos || dense.find("v=dkim") != std::string::npos ||
         dense.find("-----begin") != std::string::npos;
}

std::optional<Mistake> key_fault(std::string_view text,
                                 const SelectorSetup& selector,
                                 const std::vector<SelectorSetup>& all) {
  const auto mistake = fault_as_it_stands(text, selector, all);
  if (!mistake) return std::nullopt;
  const auto fits = [&](std::string_view repaired) {
    return !fault_as_it_stands(repaired, selector, all);
  };
  return damage(text, fits).value_or(*mistake);
}

std::optional<Mistake> key_advice(std::string_view text) {
  const std::vector<Tag> tags = read_tags(text);
  if (lists(value_of(tags, "t", ""), "y")) return Mistake::testing_flag;
  const std::string key = value_of(tags, "p", "");
  return key == without_white_space(key) ? std::nullopt : std::optional(Mistake::key_spaced);
}

}  // namespace policy::doctor
