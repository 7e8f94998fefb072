#pragma once

#include "mail/result.hpp"
#include "relay/aws/credential_source.hpp"
#include "relay/aws/http_client.hpp"
#include "relay/aws/ses_api.hpp"
#include "relay/config/config.hpp"
#include "relay/net/clock.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>

namespace app {

/// SES's API by region: all who ask it in one region take turns. Lives on one executor, as SesApi.
class SesRegions {
 public:
  /// `endpoint`: of all regions, for emulators; empty: Amazon's.
  SesRegions(aws::HttpClient& http,
             aws::CredentialSource& credentials,
             const net::Clock& clock,
             std::string endpoint);
  [[nodiscard]] aws::SesApi& in(const std::string& region);
  /// Calls that wait for their turn end at once.
  void close();

 private:
  aws::HttpClient& http_;
  aws::CredentialSource& credentials_;
  const net::Clock& clock_;
  std::string endpoint_;
  std::map<std::string, std::unique_ptr<aws::SesApi>, std::less<>> apis_;
};

/// What every call of AWS goes by. What the configuration does not call for is null.
struct AwsAccess {
  std::unique_ptr<aws::HttpClient> http;
  std::unique_ptr<aws::CredentialSource> credentials;
  std::unique_ptr<SesRegions> ses;

  /// Ends whatever is under way.
  void close();
};

/// Whether SES's API is asked about identities and the account.
[[nodiscard]] bool asks_ses(const config::Config& settings);

/// The region of SES that an upstream is; empty: it is another.
[[nodiscard]] std::string ses_region(const config::Config& settings,
                                     const config::Upstream& upstream);

[[nodiscard]] std::set<std::string> ses_regions(const config::Config& settings);

/// Asks nobody yet. A Failure says what of the configuration or the environment cannot be used.
[[nodiscard]] mail::Result<AwsAccess> open_aws(const config::Config& settings,
                                               const net::Clock& clock);

}  // namespace app
