#include "relay/app/aws_access.hpp"

#include "relay/aws/sqs_api.hpp"

#include <cstdlib>
#include <utility>

namespace app {
namespace {

bool fetches_certificates(const config::Feedback& feedback) {
  return !feedback.sns.topic_arns.empty() && feedback.sns.certificate_file.empty();
}

}  // namespace

SesRegions::SesRegions(aws::HttpClient& http,
                       aws::CredentialSource& credentials,
                       const net::Clock& clock,
                       std::string endpoint)
    : http_(http), credentials_(credentials), clock_(clock), endpoint_(std::move(endpoint)) {}

aws::SesApi& SesRegions::in(const std::string& region) {
  auto& api = apis_[region];
  if (!api)
    api = std::make_unique<aws::SesApi>(
        http_, credentials_, clock_, aws::SesApi::Account{region, endpoint_});
  return *api;
}

void SesRegions::close() {
  for (const auto& [region, api] : apis_) api->close();
}

void AwsAccess::close() {
  if (ses) ses->close();
  if (http) http->close();
}

std::string ses_region(const config::Config& settings, const config::Upstream& upstream) {
  if (upstream.kind != config::UpstreamKind::ses) return {};
  return upstream.region.empty() ? settings.aws.region : upstream.region;
}

std::set<std::string> ses_regions(const config::Config& settings) {
  std::set<std::string> regions;
  for (const config::Upstream& upstream : settings.upstreams)
    if (std::string region = ses_region(settings, upstream); !region.empty())
      regions.insert(std::move(region));
  return regions;
}

bool asks_ses(const config::Config& settings) {
  return !settings.aws.region.empty() && settings.aws.identities != config::Identities::off;
}

mail::Result<AwsAccess> open_aws(const config::Config& settings, const net::Clock& clock) {
  AwsAccess access;
  const bool reads_queue = !settings.feedback.sqs.queue_url.empty();
  if (!asks_ses(settings) && !reads_queue && !fetches_certificates(settings.feedback))
    return access;
  auto http = aws::HttpClient::start();
  if (!http) return http.error();
  access.http = std::move(*http);
  if (!asks_ses(settings) && !reads_queue) return access;
  const auto environment = [](const char* name) {
    return std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here sets it
  };
  aws::CredentialSource::Settings source;
  source.configured = settings.aws;
  source.variables = aws::credential_variables(environment);
  std::string& region = source.configured.region;
  if (region.empty()) region = settings.feedback.sqs.region;
  if (region.empty()) region = aws::region_of_queue(settings.feedback.sqs.queue_url);
  auto credentials = aws::CredentialSource::make(*access.http, clock, std::move(source));
  if (!credentials) return credentials.error();
  access.credentials = std::move(*credentials);
  if (asks_ses(settings))
    access.ses = std::make_unique<SesRegions>(
        *access.http, *access.credentials, clock, settings.aws.endpoint);
  return access;
}

}  // namespace app
