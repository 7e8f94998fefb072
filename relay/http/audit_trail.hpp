#pragma once

#include "relay/http/endpoint.hpp"

#include <string>

namespace http {

/// Writes into the audit trail what a caller asks for, where the change itself carries no record.
/// True once that is on stable storage: before, and without it, it is not to be done.
[[nodiscard]] asio::awaitable<bool> write_down(
    Sources sources, std::string who, std::string what, std::string target, std::string detail);

}  // namespace http
