#include "relay/config/key_table.hpp"

#include "relay/config/config.hpp"

#include <array>

namespace config::key_table {
namespace {

constexpr std::array aws_keys{
    Key{"aws", Kind::map, "none", "Access to the AWS API; without it SES's replies alone tell."},
    Key{"aws.region", Kind::text, "the first upstream's", "The AWS region."},
    Key{"aws.access_key_id",
        Kind::secret,
        "of the environment, the container, web identity or the instance",
        "The access key; its policy is in docs/domains.md."},
    Key{"aws.secret_access_key", Kind::secret, "likewise", "Its secret."},
    Key{"aws.endpoint", Kind::text, "Amazon's", "Another URL to ask, for emulators."},
    Key{"aws.identities",
        Kind::choice,
        "read",
        "Domains at SES: `off` asks nothing, `read` shows whether SES has verified them, `manage` "
        "creates them too.",
        0,
        0,
        "off read manage"},
    Key{"feedback",
        Kind::map,
        "none",
        "Where SES's events come from: bounces, complaints, deliveries."},
    Key{"feedback.sqs",
        Kind::map,
        "none",
        "A queue of the relay's own that is read; needs no port."},
    Key{"feedback.sqs.queue_url",
        Kind::text,
        "required",
        "The queue's URL, as SQS shows it: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME."},
    Key{"feedback.sqs.region", Kind::text, "the one in `queue_url`", "The queue's AWS region."},
    Key{"feedback.sqs.endpoint", Kind::text, "Amazon's", "Another URL to ask, for emulators."},
    Key{"feedback.sns",
        Kind::map,
        "none",
        "Topics whose posts are taken at `/feedback/sns`, on listeners with `serve: [sns]`."},
    Key{"feedback.sns.topic_arns",
        Kind::list_of_texts,
        "required",
        "The topics, like arn:aws:sns:REGION:ACCOUNT:NAME; what another one signed is refused.",
        0,
        max_topics},
    Key{"feedback.sns.certificate_file",
        Kind::path,
        "fetched from Amazon",
        "PEM: the certificate that posts are checked by, for emulators."},
};

}  // namespace

std::span<const Key> aws() noexcept { return aws_keys; }

}  // namespace config::key_table
