#include "relay/aws/credential_source.hpp"

#include "relay/aws/credential_answers.hpp"
#include "relay/aws/credential_lenders.hpp"
#include "relay/net/coro.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace aws {
namespace {

namespace asio = boost::asio;

/// What a key of the environment must be to be one.
std::optional<std::string> objection_to_keys(const CredentialVariables& variables) {
  const struct {
    const char* name;
    const config::Secret& value;
    std::size_t most;
  } rows[] = {{"AWS_ACCESS_KEY_ID", variables.access_key_id, config::max_secret_octets},
              {"AWS_SECRET_ACCESS_KEY", variables.secret_access_key, config::max_secret_octets},
              {"AWS_SESSION_TOKEN", variables.session_token, max_token_octets}};
  if (variables.access_key_id.empty() || variables.secret_access_key.empty())
    return fmt::format(
        "Of {} and {} one is set alone: set both or neither", rows[0].name, rows[1].name);
  for (const auto& row : rows)
    if (!fits_a_header(row.value.reveal(), row.most))
      return fmt::format(
          "{} holds no key: set it to the key alone, printable ASCII without spaces, at most {} "
          "octets",
          row.name,
          row.most);
  return std::nullopt;
}

mail::Result<CredentialOrigin> origin_in_container(const CredentialVariables& variables) {
  if (!variables.container_relative_uri.empty() &&
      !variables.container_relative_uri.starts_with('/'))
    return mail::failure(
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must be a path and begin with `/`");
  if (variables.container_relative_uri.empty() && !may_lend(variables.container_full_uri))
    return mail::failure(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI must begin with https://, or by http name this machine "
        "(127.0.0.1, localhost, [::1]) or an address of ECS or EKS (169.254.170.2, 169.254.170.23, "
        "[fd00:ec2::23])");
  if (!fits_a_header(variables.container_token.reveal(), max_token_octets))
    return mail::failure(
        fmt::format("AWS_CONTAINER_AUTHORIZATION_TOKEN holds no token: it must be one line of at "
                    "most {} octets",
                    max_token_octets));
  return CredentialOrigin::container;
}

/// Decided by what is set, as AWS's SDKs do: an origin that fails is not passed over for the next.
mail::Result<CredentialOrigin> origin_of(const CredentialSource::Settings& settings) {
  const CredentialVariables& variables = settings.variables;
  if (!settings.configured.access_key_id.empty()) return CredentialOrigin::configuration;
  if (!variables.access_key_id.empty() || !variables.secret_access_key.empty()) {
    if (auto objection = objection_to_keys(variables)) return mail::failure(*std::move(objection));
    return CredentialOrigin::environment;
  }
  if (!variables.web_identity_token_file.empty()) {
    if (variables.role_arn.empty())
      return mail::failure(
          "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not: set it to the role to "
          "assume");
    return CredentialOrigin::web_identity;
  }
  if (!variables.container_relative_uri.empty() || !variables.container_full_uri.empty())
    return origin_in_container(variables);
  if (!variables.metadata_disabled) return CredentialOrigin::instance;
  return mail::failure(
      "There are no AWS credentials: give `aws.access_key_id_file` and "
      "`aws.secret_access_key_file`, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or let EC2's "
      "metadata service be asked (AWS_EC2_METADATA_DISABLED)");
}

/// Keys that are not lent.
std::optional<Credentials> standing_keys(const CredentialSource::Settings& settings,
                                         CredentialOrigin origin) {
  if (origin == CredentialOrigin::configuration)
    return Credentials{
        settings.configured.access_key_id, settings.configured.secret_access_key, {}};
  if (origin == CredentialOrigin::environment)
    return Credentials{settings.variables.access_key_id,
                       settings.variables.secret_access_key,
                       settings.variables.session_token};
  return std::nullopt;
}

bool same(const Credentials& one, const Credentials& other) {
  return one.access_key_id.reveal() == other.access_key_id.reveal() &&
         one.session_token.reveal() == other.session_token.reveal();
}

}  // namespace

std::string_view name_of(CredentialOrigin origin) noexcept {
  switch (origin) {
    case CredentialOrigin::configuration:
      return "the configuration";
    case CredentialOrigin::environment:
      return "AWS_ACCESS_KEY_ID of the environment";
    case CredentialOrigin::web_identity:
      return "STS, for AWS_WEB_IDENTITY_TOKEN_FILE";
    case CredentialOrigin::container:
      return "the container's credentials endpoint";
    case CredentialOrigin::instance:
      return "EC2's metadata service";
  }
  return {};
}

std::string sts_endpoint(std::string_view region) {
  return fmt::format(
      "https://sts.{}.amazonaws.com{}", region, region.starts_with("cn-") ? ".cn" : "");
}

mail::Result<std::unique_ptr<CredentialSource>> CredentialSource::make(HttpClient& http,
                                                                       const net::Clock& clock,
                                                                       Settings settings) {
  const auto origin = origin_of(settings);
  if (!origin) return origin.error();
  if (settings.sts_endpoint.empty())
    settings.sts_endpoint = aws::sts_endpoint(settings.configured.region);
  return std::unique_ptr<CredentialSource>(
      new CredentialSource(http, clock, std::move(settings), *origin));
}

CredentialSource::CredentialSource(HttpClient& http,
                                   const net::Clock& clock,
                                   Settings settings,
                                   CredentialOrigin origin)
    : http_(http), clock_(clock), settings_(std::move(settings)), origin_(origin) {
  if (auto keys = standing_keys(settings_, origin))
    held_ = Held{*std::move(keys), WallTime::max(), WallTime::max()};
}

asio::awaitable<mail::Result<Credentials>> CredentialSource::now() {
  if ((!held_ || clock_.now() >= held_->renew_at) && !failed_lately()) co_await renew();
  co_return held();
}

asio::awaitable<mail::Result<Credentials>> CredentialSource::instead_of(Credentials refused) {
  const auto none = [this] {
    return mail::failure(
        fmt::format("AWS calls the credentials of {} expired, and there are no others: renew them",
                    name_of(origin_)));
  };
  if (held_ && same(held_->credentials, refused)) {
    if (held_->ends == WallTime::max()) co_return none();
    held_.reset();
  }
  if (!held_) co_await renew();
  auto others = held();
  if (others && same(*others, refused)) co_return none();
  co_return others;
}

/// Fetches, or waits for the end of the fetch under way.
asio::awaitable<void> CredentialSource::renew() {
  if (fetched_) {
    co_await fetched_->async_wait(net::tup);
    co_return;
  }
  struct End {
    explicit End(std::optional<asio::steady_timer>& timer) : fetched(timer) {}
    End(const End&) = delete;
    End& operator=(const End&) = delete;
    ~End() { fetched.reset(); }  // ends the others' waits
    std::optional<asio::steady_timer>& fetched;
  };
  fetched_.emplace(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
  const End end(fetched_);
  auto lent = co_await fetch();
  if (lent) {
    keep(*std::move(lent));
  } else {
    fail(lent.error().sentence());
  }
}

asio::awaitable<mail::Result<LentCredentials>> CredentialSource::fetch() {
  const CredentialVariables& variables = settings_.variables;
  switch (origin_) {
    case CredentialOrigin::web_identity:
      co_return co_await lent_by_sts(http_, settings_.sts_endpoint, variables);
    case CredentialOrigin::container: {
      std::string url = variables.container_relative_uri.empty()
                            ? variables.container_full_uri
                            : settings_.container_endpoint + variables.container_relative_uri;
      co_return co_await lent_by_container(http_, std::move(url), variables);
    }
    case CredentialOrigin::instance:
      co_return co_await lent_by_instance(http_, settings_.instance_endpoint);
    case CredentialOrigin::configuration:
    case CredentialOrigin::environment:
      break;
  }
  co_return mail::failure("The keys of the configuration and the environment are not renewed");
}

void CredentialSource::keep(LentCredentials lent) {
  const auto now = clock_.now();
  const auto ends = lent.expires.value_or(now + unsaid_use);
  if (ends <= now)
    return fail(fmt::format("{} handed out credentials that have expired: set this machine's clock",
                            name_of(origin_)));
  const auto renew_at = std::min(ends, std::max(ends - renewed_before, now + shortest_use));
  held_ = Held{std::move(lent.credentials), renew_at, ends};
  failure_.clear();
}

void CredentialSource::fail(std::string sentence) {
  failure_ = std::move(sentence);
  failed_at_ = clock_.monotonic();
}

bool CredentialSource::failed_lately() const {
  return !failure_.empty() && clock_.monotonic() < failed_at_ + failure_stands;
}

mail::Result<Credentials> CredentialSource::held() const {
  if (held_ && clock_.now() < held_->ends) return held_->credentials;
  return mail::failure(failure_);
}

}  // namespace aws
