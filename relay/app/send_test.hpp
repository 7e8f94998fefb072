#pragma once

#include "relay/http/sources.hpp"
#include "relay/net/connection.hpp"
#include "relay/net/coro.hpp"

#include <functional>
#include <string>

namespace app {

/// Takes the other end of a connection, as a listener bound to the app would.
using ServeApp = std::function<void(net::Tcp::socket socket, std::string app)>;

/// Hands one message in over SMTP, as a client of the app: policy, limits and spool see no
/// difference.
[[nodiscard]] net::asio::awaitable<http::TestAnswer> hand_in(http::TestMail mail, ServeApp serve);

}  // namespace app
