#pragma once

#include "mail/result.hpp"
#include "relay/aws/credential_source.hpp"
#include "relay/aws/http_client.hpp"
#include "relay/aws/ses_account.hpp"
#include "relay/aws/ses_configuration_set.hpp"
#include "relay/aws/ses_identity.hpp"
#include "relay/config/secret.hpp"
#include "relay/net/clock.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace aws {

/// A key of ours that SES shall sign with ("bring your own DKIM"): RSA of 1024 to 2048 bits.
struct OwnKey {
  OwnKey(std::string selector_, config::Secret private_key_)
      : selector(std::move(selector_)), private_key(std::move(private_key_)) {}
  std::string selector;        ///< letters and digits
  config::Secret private_key;  ///< PEM
};

struct IdentityAnswer {
  Answer answer;
  Identity identity;  ///< when the outcome is done
};

struct AccountAnswer {
  Answer answer;
  SesAccount account;                                    ///< when the outcome is done
  std::optional<std::chrono::seconds> clock_ahead = {};  ///< of SES's, where that was told
};

struct ConfigurationSetAnswer {
  Answer answer;
  ConfigurationSet set;  ///< when the outcome is done
};

/// Turns to speak to SES: all calls of an account together have one a second.
class Turns {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;
  /// A tenth more than AWS asks for: two requests may come closer together than they were sent.
  static constexpr duration interval = std::chrono::milliseconds(1100);
  static constexpr duration longest_wait = interval * 60;

  /// How long to wait for the turn that is taken hereby; nothing if that were over `longest_wait`:
  /// then none is taken.
  std::optional<duration> take(time_point now);

 private:
  time_point next_{};
};

/// `https://email.eu-central-1.amazonaws.com`: where SES's API of that region answers.
[[nodiscard]] std::string ses_endpoint(std::string_view region);

/// The base64 octets between the lines of a PEM key, without line breaks, as SES takes a private
/// key. A failure says what to give; it shows nothing of the key.
[[nodiscard]] mail::Result<config::Secret> without_armour(const config::Secret& pem);

/// The calls of SES's API (version 2) that a relay needs, one a second in all. Lives on one
/// executor, the one its calls are awaited on, and stays until they have returned.
class SesApi {
 public:
  struct Account {
    std::string region;
    std::string endpoint;  ///< empty: ses_endpoint(region)
  };

  SesApi(HttpClient& http, CredentialSource& credentials, const net::Clock& clock, Account account);

  /// Done also where SES does not know the domain: then the identity does not exist.
  boost::asio::awaitable<IdentityAnswer> get_identity(std::string domain);
  /// Without a key of ours SES signs with its own (Easy DKIM). Refused where the identity exists.
  boost::asio::awaitable<Answer> create_identity(std::string domain, std::optional<OwnKey> key);
  /// What SES signs the domain's mail with from now on; without a key of ours, Easy DKIM.
  boost::asio::awaitable<Answer> set_dkim(std::string domain, std::optional<OwnKey> key);
  boost::asio::awaitable<Answer> set_mail_from(std::string domain,
                                               std::string mail_from_domain,
                                               OnMxFailure on_mx_failure);
  /// The account's standing, quota and rate.
  boost::asio::awaitable<AccountAnswer> get_account();
  /// With its event destinations: two calls. Done also where SES does not know it.
  boost::asio::awaitable<ConfigurationSetAnswer> get_configuration_set(std::string name);
  /// Puts an address on the account's suppression list: SES sends it nothing more.
  boost::asio::awaitable<Answer> suppress(std::string address, SuppressedFor why);
  /// Takes it off again; done also where it is not on the list.
  boost::asio::awaitable<Answer> unsuppress(std::string address);
  /// Calls that wait for their turn end at once, unreachable, and so do later ones.
  void close();

 private:
  struct Call;
  struct Reply;
  boost::asio::awaitable<Reply> ask_about(const std::string& domain, Call call);
  boost::asio::awaitable<Reply> ask(Call call);
  boost::asio::awaitable<void> read_set(const std::string& path,
                                        const std::string& body,
                                        ConfigurationSetAnswer& got);
  boost::asio::awaitable<std::optional<std::string>> await_turn();
  [[nodiscard]] HttpRequest request(Call call) const;

  HttpClient& http_;
  CredentialSource& credentials_;
  const net::Clock& clock_;
  Account account_;
  Turns turns_;
  std::set<boost::asio::steady_timer*> waiting_;
  bool closed_ = false;
};

}  // namespace aws
