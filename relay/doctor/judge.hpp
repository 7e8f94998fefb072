#pragma once

#include "policy/domain_state.hpp"
#include "policy/record_doctor.hpp"
#include "relay/aws/ses_api.hpp"
#include "relay/config/config.hpp"
#include "relay/doctor/finding.hpp"
#include "relay/feedback/sqs_reader.hpp"
#include "relay/proto/client_session.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace doctor {

using WallTime = std::chrono::system_clock::time_point;
using std::chrono::milliseconds;

/// How a connection to an upstream went, up to AUTH; no message was sent.
struct UpstreamSeen {
  bool connected = false, secured = false;  ///< TCP; TLS, with a certificate that is trusted
  bool ready = false;                       ///< it took the credentials
  smtp::Phase phase{};                      ///< not ready: where it ended
  std::string reply;                        ///< the one that ended it, with its code; may be empty
  std::string trouble;                      ///< why, where no reply says it
  std::optional<milliseconds> greeted_after;  ///< its first line, from the name's lookup on
  std::optional<WallTime> certificate_expires;
};
[[nodiscard]] Findings judge_upstream(const config::Upstream& upstream,
                                      const UpstreamSeen& seen,
                                      WallTime now);

/// Of the relay's own certificate, `file` as `tls.certificate` names it.
[[nodiscard]] Finding judge_certificate(const std::filesystem::path& file,
                                        WallTime expires,
                                        WallTime now);

/// What GetAccount answered for a region, and how the clock goes beside SES's there.
[[nodiscard]] Findings judge_account(std::string_view region, const aws::AccountAnswer& answered);

/// `feed`: this relay reads events.
[[nodiscard]] Findings judge_configuration_set(std::string_view name,
                                               std::string_view region,
                                               const aws::ConfigurationSetAnswer& answered,
                                               bool feed);

/// What is known of the feed of SES's events.
struct FeedSeen {
  bool topics = false;                         ///< posts of SNS are taken
  std::optional<feedback::SqsStanding> queue;  ///< none: no queue is read
  std::optional<WallTime> last_post = {};      ///< of an event by SNS, booked or known already
};
[[nodiscard]] Finding judge_feed(const FeedSeen& seen, WallTime now);

/// A sender domain as the last round found it.
struct DomainSeen {
  std::string name;
  policy::DomainStatus status{};
  std::string trouble;  ///< why it may not send and what to change, or why its mail is not signed
  std::string edit;     ///< of its records, the first that is wanting
  bool valued = false;  ///< the edit has a value published, which it does not say
};
[[nodiscard]] Finding judge_domain(const DomainSeen& seen);

/// What to ask of DNS for judge_keys(): the records of the keys that sign now.
[[nodiscard]] std::vector<policy::DnsQuestion> key_questions(const policy::DomainSetup& setup);
/// Whether receivers can verify what the relay signs for a domain that nobody else looks at.
[[nodiscard]] Finding judge_keys(const policy::DomainSetup& setup,
                                 const policy::DnsAnswers& answers);
/// An edit that has a value published, with where to read the value.
[[nodiscard]] std::string with_value(std::string_view edit, std::string_view domain);

/// `why`: of a question that got no answer; empty: it got one. `needed`: domains are verified by
/// DNS. \param servers as configured
[[nodiscard]] Finding judge_dns(const std::vector<config::Endpoint>& servers,
                                std::string_view why,
                                bool needed);

/// `steady`: for the last ten minutes wall and monotonic clock went together.
[[nodiscard]] Finding judge_clock(bool steady);

[[nodiscard]] Finding judge_disk(const std::filesystem::path& directory,
                                 std::uint64_t free_octets,
                                 std::uint64_t reserve);

/// A file or folder that others may not read.
struct FileSeen {
  std::filesystem::path path;
  std::optional<unsigned> mode;  ///< permission bits; none: it is not there
};
/// One finding for all files whose mode is well; those that are not there are left out.
[[nodiscard]] Findings judge_permissions(const std::vector<FileSeen>& secrets,
                                         const std::optional<FileSeen>& socket);

/// Of a look that did not end in `limit`.
[[nodiscard]] Finding without_end(std::string_view check, std::chrono::seconds limit);

/// Of the relay's own port. `why`: it did not greet; empty: after so long.
[[nodiscard]] Finding judge_listener(std::string_view address,
                                     std::string_view why,
                                     milliseconds after);

}  // namespace doctor
