#pragma once

#include "relay/http/server.hpp"
#include "relay/http/sources.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

namespace http {

/// A request to the API, and on whose behalf it is.
struct Call : Request {
  domains::Caller caller;
};

/// Whom an operation answers, beside the admins. An app is never shown that another app, a domain
/// of others or their mail is there: whatever the operation, that is 404.
enum class Access : std::uint8_t {
  everybody,  ///< the answer shows an app what is its own
  readers,    ///< callers with a `read` token
  owner,      ///< the app whose name or domain stands in the path
  admins,
  socket,  ///< admins at the admin socket alone
};

/// One method at one path of the API.
struct Operation {
  Access access = Access::socket;
  std::function<asio::awaitable<Response>(Call)> run = nullptr;
};

struct Endpoint {
  Operation get{}, post{}, remove{};
};

/// The API, by path (as in Routes).
using Endpoints = std::map<std::string, Endpoint, std::less<>>;

/// The operation of a coroutine that takes the sources first.
template <class Coroutine>
[[nodiscard]] Operation operation(Access access, const Sources& sources, Coroutine coroutine) {
  return {access, [sources, coroutine](Call call) { return coroutine(sources, std::move(call)); }};
}

}  // namespace http
