#pragma once

#include "mail/result.hpp"
#include "relay/aws/credentials.hpp"
#include "relay/aws/http_client.hpp"
#include "relay/config/config.hpp"
#include "relay/net/clock.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aws {

/// Where the credentials of this process come from, in the order in which it is looked.
enum class CredentialOrigin : std::uint8_t {
  configuration,
  environment,
  web_identity,  ///< AWS_WEB_IDENTITY_TOKEN_FILE: a role by STS, as in EKS
  container,     ///< AWS_CONTAINER_CREDENTIALS_…: ECS, EKS Pod Identity
  instance       ///< the metadata service of EC2, version 2
};

/// The origin in words, for a sentence: "the container's credentials endpoint".
[[nodiscard]] std::string_view name_of(CredentialOrigin origin) noexcept;

/// `https://sts.eu-central-1.amazonaws.com`: where a region's token service answers.
[[nodiscard]] std::string sts_endpoint(std::string_view region);

/// Credentials, fetched and renewed as their origin asks: five minutes before they expire, or once
/// AWS refuses them. One fetch at a time, whoever asks; a failure stands for five seconds. Lives on
/// one executor, the one its calls are awaited on, and stays until they have returned;
/// HttpClient::close() ends a fetch under way.
class CredentialSource {
 public:
  static constexpr std::chrono::minutes renewed_before{5};
  static constexpr std::chrono::seconds failure_stands{5};
  /// Lent credentials are asked for again no sooner, unless AWS refuses them.
  static constexpr std::chrono::seconds shortest_use{60};
  /// For how long credentials are used that say nothing of their end.
  static constexpr std::chrono::minutes unsaid_use{15};

  struct Settings {
    config::Aws configured;  ///< its keys, and the region of the token service
    CredentialVariables variables;
    // Where those answer that lend credentials; others than AWS's are for tests.
    std::string container_endpoint = "http://169.254.170.2";
    std::string instance_endpoint = "http://169.254.169.254";
    std::string sts_endpoint;  ///< empty: that of the region
  };

  /// A Failure says what of the configuration or the environment cannot be used. Nothing is asked
  /// yet.
  static mail::Result<std::unique_ptr<CredentialSource>> make(HttpClient& http,
                                                              const net::Clock& clock,
                                                              Settings settings);
  CredentialSource(const CredentialSource&) = delete;
  CredentialSource& operator=(const CredentialSource&) = delete;

  [[nodiscard]] CredentialOrigin origin() const noexcept { return origin_; }

  /// Credentials that hold now. A Failure is a sentence with the mend, and shows none.
  boost::asio::awaitable<mail::Result<Credentials>> now();
  /// AWS calls these expired: others, fetched at once unless that was done meanwhile. A Failure if
  /// there are none but these.
  boost::asio::awaitable<mail::Result<Credentials>> instead_of(Credentials refused);

 private:
  using WallTime = std::chrono::system_clock::time_point;
  struct Held {
    Credentials credentials;
    WallTime renew_at, ends;
  };

  CredentialSource(HttpClient& http,
                   const net::Clock& clock,
                   Settings settings,
                   CredentialOrigin origin);
  boost::asio::awaitable<void> renew();
  boost::asio::awaitable<mail::Result<LentCredentials>> fetch();
  void keep(LentCredentials lent);
  void fail(std::string sentence);
  [[nodiscard]] bool failed_lately() const;
  [[nodiscard]] mail::Result<Credentials> held() const;

  HttpClient& http_;
  const net::Clock& clock_;
  const Settings settings_;
  const CredentialOrigin origin_;
  std::optional<Held> held_;
  std::string failure_;  ///< of the last fetch; empty: it went well
  std::chrono::steady_clock::time_point failed_at_{};
  std::optional<boost::asio::steady_timer>
      fetched_;  ///< while a fetch is under way; its end ends it
};

}  // namespace aws
