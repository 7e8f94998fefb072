#pragma once

#include "relay/domains/registry.hpp"
#include "relay/http/server.hpp"
#include "relay/net/coro.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

namespace http {

/// Conditional requests (RFC 9110 13). An ETag has two parts, `"VERSION-DIGEST"`: a change is made
/// if the version is still that one, whatever verification has seen since; a client's copy is good
/// if all of it is still the same.

/// The answer of a GET, or 304 if that is what the client has.
[[nodiscard]] Response tagged(const Fields& fields,
                              const boost::json::object& body,
                              std::uint64_t version);

/// The version that a change must find (If-Match), or 412, or 400 for what is no ETag of ours.
[[nodiscard]] boost::system::result<domains::Expected, Response> expected_version(
    const Fields& fields, std::uint64_t version);

/// The answer to a change that was not made. \param version the present one
[[nodiscard]] Response refused(const domains::Refused& refusal,
                               const domains::Expected& expected,
                               std::uint64_t version);

/// The same where nothing was there to have a version.
[[nodiscard]] Response refused(const domains::Refused& refusal);

/// Makes a change of an app or a domain if it is as the caller saw it: what the change gives, or
/// the answer instead of that.
/// \param find the thing with its `version` as it is now, null where there is none: then `absent`
/// \param change awaited with the version that it must find, gives an Outcome
template <class Find, class Change>
auto attempt(const Fields& fields, Find find, Response absent, Change change)
    -> asio::awaitable<boost::system::result<
        typename std::invoke_result_t<Change, domains::Expected>::value_type::value_type,
        Response>> {
  const auto before = find();
  if (!before) co_return absent;
  const auto expected = expected_version(fields, before->version);
  if (!expected) co_return expected.error();
  auto outcome = co_await change(*expected);
  if (outcome) co_return *std::move(outcome);
  const auto now = find();
  co_return refused(outcome.error(), *expected, now ? now->version : 0);
}

}  // namespace http
