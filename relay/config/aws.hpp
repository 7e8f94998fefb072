#pragma once

#include "relay/config/secret.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace config {

/// How far the relay looks after identities at SES.
enum class Identities : std::uint8_t { off, read, manage };

/// Access to the AWS API.
struct Aws {
  std::string region;                       ///< empty: no access is configured
  Secret access_key_id, secret_access_key;  ///< empty: the environment's
  std::string endpoint;                     ///< empty: Amazon's
  Identities identities = Identities::read;
};

/// The queue that SES's events are read from.
struct Sqs {
  std::string queue_url;  ///< empty: none is read
  std::string region;     ///< empty: the one in queue_url
  std::string endpoint;   ///< empty: Amazon's
};

inline constexpr int max_topics = 20;

/// The topics of SES's events that are posted to the relay.
struct Sns {
  std::vector<std::string> topic_arns;     ///< empty: no post is taken
  std::filesystem::path certificate_file;  ///< empty: fetched from Amazon
};

struct Feedback {
  Sqs sqs;
  Sns sns;
};

}  // namespace config
