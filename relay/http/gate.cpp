#include "relay/http/gate.hpp"

#include "relay/http/answers.hpp"
#include "relay/http/scope.hpp"
#include "relay/net/auth_guard.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace http {

namespace {

using boost::beast::iequals;

constexpr std::string_view api_user = "api";  // as AuthGuard names one

/// What all operations of one listener share.
struct Gate {
  Sources sources;
  net::AuthGuard guard;
};

// The host of `host:port`, without brackets. (Boost.URL 1.81 reads 127.0.0.1.evil.example as the
// address 127.0.0.1 and a path.)
std::string_view host_of(std::string_view authority) {
  const std::size_t colon = authority.find_last_not_of("0123456789");
  if (colon != std::string_view::npos && authority[colon] == ':')
    authority = authority.substr(0, colon);
  const bool bracketed = authority.starts_with('[') && authority.ends_with(']');
  return bracketed ? authority.substr(1, authority.size() - 2) : authority;
}

// The host of an Origin, `scheme://host:port`; empty for `null` and for what is none.
std::string_view host_of_origin(std::string_view origin) {
  constexpr std::string_view separator = "://";
  const std::size_t scheme = origin.find(separator);
  if (scheme == std::string_view::npos) return {};
  return host_of(origin.substr(scheme + separator.size()));
}

bool is_listed(const Sources& sources, std::string_view host) {
  return std::ranges::any_of(sources.hosts, [&](const auto& ours) { return iequals(ours, host); });
}

// A web page can have its own name lead here, but no literal address and no localhost.
bool leads_here_alone(std::string_view host) {
  boost::system::error_code no_address;
  static_cast<void>(asio::ip::make_address(host, no_address));
  return !no_address || iequals(host, "localhost");
}

std::optional<Response> refuse_host(const Sources& sources, const Fields& fields) {
  const std::string_view host = host_of(fields.host);
  if (!leads_here_alone(host) && !is_listed(sources, host)) {
    return error_response(
        421, "The API is not asked by this host name: name it in listen.hosts to allow it.");
  }
  if (fields.origin.empty()) return std::nullopt;
  const std::string_view origin = host_of_origin(fields.origin);
  if (iequals(origin, host) || is_listed(sources, origin)) return std::nullopt;
  return error_response(403, "A page of another host may not ask the API.");
}

Response unauthorized(std::string_view sentence) {
  Response response = error_response(401, sentence);
  response.fields["WWW-Authenticate"] = "Bearer";
  return response;
}

// Whose token came with the request, or what to answer.
boost::system::result<domains::Caller, Response> caller_of(Gate& gate, const Request& request) {
  constexpr std::string_view scheme = "Bearer ";
  const std::string_view credentials = request.fields.authorization;
  if (!iequals(credentials.substr(0, scheme.size()), scheme))
    return unauthorized("Send a token: `Authorization: Bearer TOKEN` (`postern token add`).");
  // A right token counts whatever else came from its address, which may be that of a proxy.
  if (auto caller = gate.sources.authenticate(credentials.substr(scheme.size()))) return *caller;
  const auto now = std::chrono::steady_clock::now();
  if (gate.guard.locked(api_user, request.peer, now))
    return error_response(429, "Too many wrong tokens came from this address: wait five minutes.");
  gate.guard.failed(api_user, request.peer, now);
  return unauthorized("This token is not known: make one with `postern token add`.");
}

// What an operation answers this caller instead; nothing if it is for them.
std::optional<Response> refuse_role(Access access, domains::Caller::Role role, bool reads) {
  using Role = domains::Caller::Role;
  if (access == Access::socket)
    return error_response(403, "This is answered at the admin socket alone.");
  if (role == Role::admin) return std::nullopt;
  if (role == Role::read) {
    if (reads && access != Access::admins) return std::nullopt;
    return error_response(403, "A `read` token changes nothing: use an `admin` token.");
  }
  if (access == Access::everybody || access == Access::owner) return std::nullopt;
  return error_response(403, "An app's token shows what is the app's: use an `admin` token.");
}

// An operation with what its request has to pass.
struct Guarded {
  std::string path;
  bool reads = false;  ///< GET
  Operation operation;
};

asio::awaitable<Response> pass(std::shared_ptr<Gate> gate, Guarded guarded, Request request) {
  if (auto refusal = refuse_host(gate->sources, request.fields)) co_return *std::move(refusal);
  auto caller = caller_of(*gate, request);
  if (!caller) co_return caller.error();
  const auto catalog = gate->sources.registry->catalog();
  if (auto refusal = refuse_subject(*catalog, *caller, guarded.path, request.parameter))
    co_return *std::move(refusal);
  if (auto refusal = refuse_role(guarded.operation.access, caller->role, guarded.reads))
    co_return *std::move(refusal);
  Call call{std::move(request), *std::move(caller)};
  co_return co_await guarded.operation.run(std::move(call));
}

Handler guard(const std::shared_ptr<Gate>& gate, Guarded guarded) {
  if (!guarded.operation.run) return nullptr;
  return [gate, guarded = std::move(guarded)](Request request) {
    return pass(gate, guarded, std::move(request));
  };
}

Handler unguarded(const Operation& operation) {
  if (!operation.run) return nullptr;
  return [run = operation.run](Request request) {
    domains::Caller admin;
    admin.who = "admin socket, " + request.peer;
    return run({std::move(request), std::move(admin)});
  };
}

}  // namespace

Routes behind_tokens(const Sources& sources, const Endpoints& endpoints) {
  const auto gate = std::make_shared<Gate>(sources);
  Routes routes;
  for (const auto& [path, endpoint] : endpoints) {
    routes[path] = {.get = guard(gate, {path, true, endpoint.get}),
                    .post = guard(gate, {path, false, endpoint.post}),
                    .remove = guard(gate, {path, false, endpoint.remove})};
  }
  return routes;
}

Routes for_the_socket(const Endpoints& endpoints) {
  Routes routes;
  for (const auto& [path, endpoint] : endpoints) {
    routes[path] = {.get = unguarded(endpoint.get),
                    .post = unguarded(endpoint.post),
                    .remove = unguarded(endpoint.remove)};
  }
  return routes;
}

}  // namespace http
