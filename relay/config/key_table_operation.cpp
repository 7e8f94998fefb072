#include "relay/config/key_table.hpp"

#include <array>

namespace config::key_table {
namespace {

constexpr std::array operation_keys{
    Key{"operator", Kind::map, "none", "Who runs the relay."},
    Key{"operator.contact",
        Kind::text,
        "none",
        "Mail address of who is told of all apps, and of reports when an app has no `contact`."},
    Key{"operator.from",
        Kind::text,
        "none: nobody is told by mail",
        "Mail address that reports, digests and alerts come from, at one of `domains`."},
    Key{"operator.digest",
        Kind::duration,
        "1d",
        "How often an app's `contact`, and the operator's of all apps, is told in one mail what "
        "was refused since and what is held; 0s is never.",
        0,
        30 * day},
    Key{"operator.webhook_url",
        Kind::secret,
        "none",
        "Where alerts are posted to: an `https` URL. A post is signed, and follows no redirect."},
    Key{"operator.webhook_secret",
        Kind::secret,
        "required with `webhook_url`",
        "The key that posts are signed with: at least 256 random bits, as `openssl rand -base64 "
        "32` "
        "prints them."},
    Key{"operator.webhook_allow",
        Kind::list_of_networks,
        "none",
        "Networks that are not public in which the webhook's host may be: posts go to no other "
        "private, loopback or link-local address."},
    Key{"operator.webhook_tls_ca_file",
        Kind::path,
        "the system's",
        "PEM: the roots that the webhook's certificate is checked by."},
    Key{"log", Kind::map, "none", "The log on standard error."},
    Key{"log.level", Kind::choice, "info", "What is logged.", 0, 0, "debug info warning error"},
    Key{"log.format", Kind::choice, "text", "For people or for programs.", 0, 0, "text json"},
    Key{"log.addresses",
        Kind::choice,
        "masked",
        "How mail addresses are shown.",
        0,
        0,
        "masked hashed full"},
};

}  // namespace

std::span<const Key> operation() noexcept { return operation_keys; }

}  // namespace config::key_table
