#pragma once

#include "relay/domains/registry.hpp"
#include "relay/http/server.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace http {

/// What a caller may see: an app's token shows that app, the domains it is associated with, and
/// its mail.
[[nodiscard]] bool sees_app(const domains::Caller& caller, std::string_view app);
[[nodiscard]] bool sees_domain(const domains::Catalog& catalog,
                               const domains::Caller& caller,
                               std::string_view domain);

/// What stands in a path, or in a filter, as a domain, in lower-case A-labels; as it is if it is no
/// domain name.
[[nodiscard]] std::string domain_in_path(std::string_view parameter);

/// The answer where the app or domain that stands in a path does not exist for this caller.
/// \param path as in Endpoints \param parameter what stands for its `{…}`
[[nodiscard]] std::optional<Response> refuse_subject(const domains::Catalog& catalog,
                                                     const domains::Caller& caller,
                                                     std::string_view path,
                                                     std::string_view parameter);

[[nodiscard]] Response no_such_app();
[[nodiscard]] Response no_such_domain();

}  // namespace http
