#pragma once

#include "relay/domains/registry.hpp"
#include "relay/http/server.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <string_view>

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

}  // namespace http
