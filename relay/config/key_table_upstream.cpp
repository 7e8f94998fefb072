#include "relay/config/key_table.hpp"

#include "relay/config/config.hpp"

#include <array>

namespace config::key_table {
namespace {

constexpr std::array upstream_keys{
    Key{"upstream",
        Kind::map_or_list,
        "required",
        "Where mail goes; those of a list are tried in order.",
        0,
        max_upstreams},
    Key{"upstream.name",
        Kind::text,
        "default",
        "A name for logs and for `apps[].upstream`; those of a list differ."},
    Key{"upstream.kind",
        Kind::choice,
        "ses",
        "`ses` is Amazon SES, `smtp` another smarthost, `capture` writes files and sends nothing.",
        0,
        0,
        "ses smtp capture"},
    Key{"upstream.region", Kind::text, "none", "`ses`: the AWS region, gives host and port."},
    Key{"upstream.host",
        Kind::text,
        "by region",
        "Host name or IP address; must be in the server's certificate."},
    Key{"upstream.port", Kind::integer, "465; 587 with `tls: starttls`", "TCP port.", 1, 65535},
    Key{"upstream.tls",
        Kind::choice,
        "implicit",
        "How TLS starts; without TLS nothing is sent.",
        0,
        0,
        "implicit starttls"},
    Key{"upstream.tls_ca_file",
        Kind::path,
        "the system's",
        "PEM: the roots that the server's certificate is checked by."},
    Key{"upstream.username",
        Kind::secret,
        "required with `ses`",
        "AUTH user name: for SES the SMTP user name."},
    Key{"upstream.password",
        Kind::secret,
        "required with `ses`",
        "AUTH password: for SES what `postern smtp-password` prints, not the secret access key."},
    Key{"upstream.configuration_set", Kind::text, "none", "The SES configuration set of all mail."},
    Key{"upstream.max_connections", Kind::integer, "16", "Connections open at once.", 1, 1000},
    Key{"upstream.max_rate",
        Kind::rate,
        "auto",
        "Recipients a second of this relay; `auto` adapts: faster while the upstream takes mail, "
        "slower when it throttles. Where SES's API tells the account's rate, it begins there and "
        "never goes above."},
    Key{"upstream.directory",
        Kind::path,
        "required with `capture`",
        "Where one .eml and one .json a message are written."},
};

}  // namespace

std::span<const Key> upstream() noexcept { return upstream_keys; }

}  // namespace config::key_table
