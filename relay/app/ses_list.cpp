#include "relay/app/ses_list.hpp"

#include <utility>

namespace app {

net::asio::awaitable<mail::Result<void>> forget_at_ses(AwsAccess& aws,
                                                       std::set<std::string> regions,
                                                       std::string address) {
  if (!aws.ses || regions.empty())
    co_return mail::failure(
        "SES's API is not asked (aws.region, aws.identities): take the address off the list in "
        "SES's console.");
  for (const std::string& region : regions) {
    auto answer = co_await aws.ses->in(region).unsuppress(address);
    if (answer.outcome != aws::Outcome::done) co_return mail::failure(std::move(answer.sentence));
  }
  co_return mail::Result<void>();
}

}  // namespace app
