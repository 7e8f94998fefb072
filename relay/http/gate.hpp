#pragma once

#include "relay/http/endpoint.hpp"

namespace http {

/// The API as a TCP listener serves it. A request is answered only
/// - at a Host that is a literal address, localhost or in the list (else 421: so no web page can
///   have its own name lead here), and with an Origin, where there is one, of that host or one in
///   the list (403);
/// - with `Authorization: Bearer TOKEN` (401). An address whose tokens were wrong too often waits
///   (429), as net::AuthGuard counts;
/// - where the token's role fits the operation's Access (403, or 404).
[[nodiscard]] Routes behind_tokens(const Sources& sources, const Endpoints& endpoints);

/// The API as the admin socket serves it: every caller is an admin, known by user id.
[[nodiscard]] Routes for_the_socket(const Endpoints& endpoints);

}  // namespace http
