#include "relay/config/key_table.hpp"

#include "relay/config/config.hpp"

#include <array>

namespace config::key_table {
namespace {

constexpr std::array domains_keys{
    Key{"dns", Kind::map, "none", "Who is asked when domains are checked."},
    Key{"dns.servers",
        Kind::list_of_texts,
        "the system's",
        "Resolvers: literal IP addresses, with or without a port.",
        0,
        max_dns_servers},
    Key{"dns.timeout",
        Kind::duration,
        "5s",
        "How long an answer is waited for; what takes longer is no verdict.",
        1,
        minute},
    Key{"dns.dnssec",
        Kind::choice,
        "off",
        "Whether answers are validated; a bogus one counts as a failure of DNS.",
        0,
        0,
        "off on"},
    Key{"dns.private_servers",
        Kind::boolean,
        "false",
        "Whether authoritative servers at addresses that are not public are asked: a zone of your "
        "own inside network."},

    Key{"domains", Kind::list_of_maps, "none", "Sender domains."},
    Key{"domains[].name",
        Kind::text,
        "required",
        "The domain; international names in either form."},
    Key{"domains[].selector",
        Kind::text,
        "p1",
        "The DKIM selector: the key is published at SELECTOR._domainkey.NAME."},
    Key{"domains[].algorithm",
        Kind::choice,
        "rsa2048",
        "The kind of DKIM key; few receivers verify `ed25519`.",
        0,
        0,
        "rsa2048 ed25519"},
    Key{"domains[].key_file",
        Kind::path,
        "made and sealed in the store",
        "PEM: the private DKIM key, not encrypted, not readable by everybody."},
    Key{"domains[].verify",
        Kind::choice,
        "required",
        "Who vouches that the domain is yours: `dns` is its zone, by records that are checked "
        "again "
        "and again; `trusted` is you.",
        0,
        0,
        "dns trusted"},
    Key{"domains[].signing",
        Kind::choice,
        "local",
        "Who signs: `local` is the relay; `ses` is SES (Easy DKIM), whose records are checked.",
        0,
        0,
        "local ses"},
    Key{"domains[].subdomains",
        Kind::boolean,
        "false",
        "Whether names under the domain may send too."},
    Key{"domains[].mail_from",
        Kind::text,
        "none",
        "The custom MAIL FROM domain at SES, under the domain: bounces go there, and SPF aligns."},
};

}  // namespace

std::span<const Key> domains() noexcept { return domains_keys; }

}  // namespace config::key_table
