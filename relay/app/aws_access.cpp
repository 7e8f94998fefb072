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
  return access;
}

}  // namespace app
