#pragma once

#include "mail/result.hpp"
#include "relay/app/aws_access.hpp"
#include "relay/net/coro.hpp"

#include <set>
#include <string>

namespace app {

/// Takes an address off SES's list of the account, in each of these regions. A Failure says why it
/// may still be on it.
[[nodiscard]] net::asio::awaitable<mail::Result<void>> forget_at_ses(AwsAccess& aws,
                                                                     std::set<std::string> regions,
                                                                     std::string address);

}  // namespace app
