#include "relay/config/key_table.hpp"

#include "relay/config/config.hpp"

#include <array>

namespace config::key_table {
namespace {

constexpr std::array apps_keys{
    Key{"apps", Kind::list_of_maps, "none", "The sites that send; more by `postern app add`."},
    Key{"apps[].name",
        Kind::text,
        "required",
        "`[a-z0-9][a-z0-9-]{0,62}`, also the AUTH user name."},
    Key{"apps[].password",
        Kind::secret,
        "none: no AUTH",
        "At least 256 random bits, as `openssl rand -base64 32` prints them."},
    Key{"apps[].contact",
        Kind::text,
        "none",
        "Mail address of who looks after the site, named in replies."},
    Key{"apps[].owner",
        Kind::text,
        "the operator",
        "Whose site it is: a domain serves the apps of one owner only."},
    Key{"apps[].weight",
        Kind::integer,
        "1",
        "Share of the rate: an app of weight 2 gets twice that of an app of weight 1.",
        1,
        1000},
    Key{"apps[].urgent",
        Kind::list_of_texts,
        "none",
        "Paths of links that a person waits for, like `/login/code/`: mail to one recipient with "
        "such "
        "a link goes first. Drupal's `/user/reset/` and `/user/registrationpassword/` are known.",
        0,
        max_urgent_paths},
    Key{"apps[].upstream", Kind::text, "all, in order", "The `name` of the only upstream it uses."},
    Key{"apps[].ses", Kind::map, "none", "The app's own settings at SES."},
    Key{"apps[].ses.configuration_set",
        Kind::text,
        "the upstream's",
        "The SES configuration set of the app's mail."},
    Key{"apps[].ses.tenant", Kind::awaited, "", "The SES tenant of the app's mail."},
    Key{"apps[].domains",
        Kind::list_of_texts,
        "none",
        "Names of `domains` that the app may send as; more by `postern domain associate`."},
    Key{"apps[].environment", Kind::fixed, "production", "Whether all recipients get mail."},
    Key{"apps[].limits", Kind::map, "none", "Bounds of the app."},
    Key{"apps[].limits.per_minute", Kind::awaited, "", "Messages a minute."},
    Key{"apps[].limits.per_hour", Kind::awaited, "", "Messages an hour."},
    Key{"apps[].limits.per_day", Kind::awaited, "", "Messages a day."},
    Key{"apps[].limits.recipients_per_message",
        Kind::integer,
        "50",
        "SES takes no more than 50.",
        1,
        50},
    Key{"apps[].limits.message_size",
        Kind::size,
        "10MiB",
        "Octets of a message as the client sends it.",
        kib,
        40 * mib},
    Key{"apps[].limits.queued_messages",
        Kind::integer,
        "none",
        "Messages in the spool at which more are refused.",
        1,
        100'000'000},
    Key{"apps[].limits.queued_bytes",
        Kind::size,
        "none",
        "Octets in the spool at which more are refused.",
        mib,
        1024 * gib},
};

}  // namespace

std::span<const Key> apps() noexcept { return apps_keys; }

}  // namespace config::key_table
