#pragma once

#include "dkim/library.hpp"
#include "mail/result.hpp"

#include <string_view>

namespace dkim {

/// Checks that the message carries a signature of `published.domain` and `published.selector` that
/// the published key verifies, by libopendkim and without DNS. Succeeds, or says in one sentence
/// what is wrong. Signatures of others are not looked at. libopendkim compares the signing time
/// with the system's clock.
[[nodiscard]] mail::Result<void> verify(Library& library,
                                        std::string_view octets,
                                        const PublishedKey& published);

}  // namespace dkim
