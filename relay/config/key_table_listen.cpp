#include "relay/config/key_table.hpp"

#include "relay/config/config.hpp"

#include <array>

namespace config::key_table {
namespace {

constexpr std::array listen_keys{
    Key{"listen", Kind::map, "required", "Where the relay listens."},
    Key{"listen.smtp", Kind::list_of_maps, "required", "The SMTP listeners, at least one."},
    Key{"listen.smtp[].address", Kind::endpoint, "required", "Literal IP address and port."},
    Key{"listen.smtp[].tls",
        Kind::choice,
        "none",
        "`implicit` is TLS from the first octet (port 465), `starttls` after STARTTLS (port 587).",
        0,
        0,
        "none starttls implicit"},
    Key{"listen.smtp[].app",
        Kind::text,
        "none: AUTH",
        "Sidecar: every client of this listener is this app, without AUTH."},
    Key{"listen.smtp[].allow",
        Kind::list_of_networks,
        "loopback, on a listener with `app` or `tls: none`",
        "Who may use the listener; peers named here need no TLS. Must be written out where `app` "
        "or `tls: none` is used "
        "beyond loopback."},
    Key{"listen.http",
        Kind::list_of_maps_or_endpoints,
        "none",
        "The HTTP listeners; a plain address means `health`, `metrics` and `api`."},
    Key{"listen.http[].address", Kind::endpoint, "required", "Literal IP address and port."},
    Key{"listen.http[].serve",
        Kind::list_of_choices,
        "health, metrics, api",
        "`health` is `/healthz` and `/readyz`, `metrics` is `/metrics`, `api` is `/api/v1/`, which "
        "asks for a token, `sns` is `/feedback/sns`, where the topics of `feedback.sns` post.",
        0,
        0,
        "health metrics api sns",
        "page"},
    Key{"listen.http[].tls",
        Kind::choice,
        "none",
        "`implicit` is HTTPS, with the certificate of `tls`.",
        0,
        0,
        "none implicit"},
    Key{"listen.admin_token",
        Kind::secret,
        "none",
        "The token that may do everything by the API: at least 256 random bits, as `openssl rand "
        "-base64 32` prints them."},
    Key{"listen.hosts",
        Kind::list_of_texts,
        "none",
        "Host names that the API may be asked by; literal addresses and localhost always may.",
        0,
        max_hosts},
    Key{"listen.socket",
        Kind::path,
        "data_dir/admin.sock",
        "The Unix socket that the commands talk to."},

    Key{"tls", Kind::map, "none", "The certificate of the listeners with TLS."},
    Key{"tls.certificate",
        Kind::path,
        "required",
        "PEM: the certificate, then the chain up to a public root."},
    Key{"tls.private_key",
        Kind::path,
        "required",
        "PEM, not encrypted, not readable by everybody."},
};

}  // namespace

std::span<const Key> listen() noexcept { return listen_keys; }

}  // namespace config::key_table
