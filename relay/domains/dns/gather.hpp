#pragma once

#include "policy/dns_answer.hpp"
#include "relay/net/coro.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace domains {

using MaybeAnswer = std::optional<policy::DnsAnswer>;
using Start = std::function<net::asio::awaitable<MaybeAnswer>()>;

/// Starts all of them at once on the caller's executor and waits until all have ended; one answer a
/// start, in their order. One that throws has `failed`.
[[nodiscard]] net::asio::awaitable<std::vector<MaybeAnswer>> gather(std::vector<Start> starts);

}  // namespace domains
