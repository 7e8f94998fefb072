#pragma once

#include "policy/notice_text.hpp"
#include "policy/report.hpp"
#include "relay/net/clock.hpp"
#include "relay/net/published.hpp"
#include "relay/spool/entry.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace delivery {

/// Who reports to whom: an immutable snapshot, replaced whole on reload.
struct ReportAddresses {
  std::string from;      ///< empty: nothing is reported
  std::string domain;    ///< the configured sender domain that `from` is at
  std::string hostname;  ///< the relay's own name
  std::string operator_contact;
  std::map<std::string, std::string, std::less<>> contacts;  ///< by app, where it has one

  /// Whom the owner of an app's mail is reached by.
  [[nodiscard]] const std::string& contact(std::string_view app) const;
};

/// Makes the one report (RFC 3464) about a message that is given up, and warns that one will be.
/// Thread-safe.
class Reporter {
 public:
  Reporter(const net::Published<ReportAddresses>& addresses, net::Clock& clock)
      : addresses_(addresses), clock_(clock) {}

  /// To be stored with the change that closes `job`; null when none may be made.
  [[nodiscard]] std::shared_ptr<const spool::Job> about(const spool::Job& job,
                                                        policy::ReportKind kind,
                                                        std::optional<policy::Reason> reason,
                                                        const std::string& last_reply) const;

  /// The same about a held message that will be given up at that time, for so many held alike; to
  /// be stored with a change of it.
  [[nodiscard]] std::shared_ptr<const spool::Job> warning(const spool::Job& job,
                                                          policy::Reason reason,
                                                          spool::WallTime deadline,
                                                          std::uint64_t held_alike) const;

  /// Mail of the relay's own in the lane of an app (empty: of none); there is an address that it
  /// comes from.
  [[nodiscard]] spool::Job letter(const std::string& app, const policy::Letter& letter) const;

 private:
  [[nodiscard]] spool::Job addressed(const ReportAddresses& addresses,
                                     const std::string& app,
                                     const std::string& to) const;
  [[nodiscard]] std::shared_ptr<const spool::Job> make(const spool::Job& job,
                                                       policy::ReportFacts facts) const;
  [[nodiscard]] std::string boundary() const;

  const net::Published<ReportAddresses>& addresses_;
  net::Clock& clock_;
  mutable spool::QueueIds queue_ids_;
};

}  // namespace delivery
