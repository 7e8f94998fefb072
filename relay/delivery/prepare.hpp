#pragma once

#include "dkim/signer.hpp"
#include "mail/result.hpp"
#include "relay/config/config.hpp"
#include "relay/spool/entry.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace delivery {

/// How the mail of a sender domain may leave.
struct Signing {
  std::shared_ptr<const dkim::Signer> signer;  ///< null: nothing signs here
  bool by_upstream = false;                    ///< SES signs, so that mail leaves unsigned here
  std::string unsigned_why;                    ///< one sentence where nothing may sign
  bool may_send = true;                        ///< the domain is verified, or warned of
};

/// What may leave, and what signs it: an immutable snapshot, replaced whole on change.
struct Keyring {
  std::map<std::string, Signing, std::less<>> domains;
  std::set<std::uint64_t> associations;        ///< the rights to domains that stand
  std::set<std::string, std::less<>> blocked;  ///< apps
  /// Apps of which only mail to recipients that they reached lately leaves.
  std::set<std::string, std::less<>> restricted;
  std::map<std::string, std::string, std::less<>>
      configuration_sets;  ///< by app, where it has its own
  std::string relay_tag;   ///< names this store to its own feedback

  /// Why mail of this app and domain, accepted under this right, has to wait here; nothing: it may
  /// leave. An association of 0 is of a version that did not note it, or of the relay's own mail.
  [[nodiscard]] std::optional<policy::Reason> standing(std::string_view app,
                                                       std::string_view domain,
                                                       std::uint64_t association) const;
};

/// The octets as they go upstream, dot-stuffed and with the final dot: header mended, tagged for
/// SES, signed. A Failure means that the message must wait: it never leaves unsigned.
[[nodiscard]] mail::Result<std::string> prepare(const spool::Job& job,
                                                const Keyring& keyring,
                                                const config::Upstream& upstream,
                                                std::chrono::system_clock::time_point now);

}  // namespace delivery
