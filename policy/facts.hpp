#pragma once

#include "policy/dmarc.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace policy {

/// Where a sender domain stands (design: states as operators know them).
enum class DomainStatus : std::uint8_t { pending, verified, warning, revoked, failed };

/// A domain that an app may send as.
struct SenderDomain {
  std::string name;         ///< lower-case A-label
  bool subdomains = false;  ///< names under it are covered too
  DomainStatus status = DomainStatus::verified;
  std::string trouble{};  ///< what is wrong and what to change, unless it may send: one sentence
  std::vector<std::string> foreign{};  ///< names under it that another owner proved: not covered
  std::string signing_domain{};        ///< d= of its signatures; empty: its name
  std::string spf_domain{};            ///< its custom MAIL FROM where that works; empty: SES's own
  /// By From domain: the name itself, and names under it that were asked about.
  std::map<std::string, DmarcFacts, std::less<>> dmarc{};
  std::uint64_t association = 0;  ///< ties accepted mail to this app's right to the domain
};

enum class Environment : std::uint8_t { production, sandbox };

/// Bounds of an app; what is left out has none.
struct Limits {
  std::optional<std::uint64_t> per_minute, per_hour, per_day;
  std::uint64_t recipients_per_message = 50;                     ///< SES takes no more
  std::uint64_t message_size = std::uint64_t{10} * 1024 * 1024;  ///< octets
  std::optional<std::uint64_t> queued_messages, queued_bytes;
};

enum class InlineImages : std::uint8_t { referenced, none, any };
enum class Calendar : std::uint8_t { alternative, none, any };
enum class Signatures : std::uint8_t { detached, none };
enum class Encrypted : std::uint8_t { refuse, allow };

/// policy.attachments of the configuration; the definition is in docs/attachments.md.
struct AttachmentRules {
  bool refuse = true;
  InlineImages inline_images = InlineImages::referenced;
  Calendar calendar = Calendar::alternative;
  Signatures signatures = Signatures::detached;
  Encrypted encrypted = Encrypted::refuse;
};

/// policy.bulk of the configuration, its part without counting.
struct BulkRules {
  bool refuse = true;
};

enum class LineEnds : std::uint8_t { refuse, normalise };

struct Rules {
  LineEnds line_ends = LineEnds::refuse;
  AttachmentRules attachments;
  BulkRules bulk;
};

/// What is known of the app that sends, at the moment of the transaction: part of one immutable
/// snapshot.
struct AppFacts {
  std::string name;
  std::string contact;  ///< who a site's administrator can ask, may be empty
  std::vector<SenderDomain> domains;
  Environment environment = Environment::production;
  bool blocked = false;     ///< nothing is taken
  bool restricted = false;  ///< only recipients that it reached before get mail
  /// By the operator, where one of both is: the reason given and for how long. Else it is for its
  /// reputation.
  std::string standing_why;
  std::optional<std::chrono::system_clock::time_point> standing_until;
  Limits limits;
  Rules rules;
  std::vector<std::string> urgent_paths;  ///< of links that a person waits for, beside Drupal's own
};

/// What an app has in the spool that is not settled.
struct QueueLoad {
  std::uint64_t messages = 0, octets = 0;
};

}  // namespace policy
