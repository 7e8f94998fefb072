#pragma once

#include "relay/domains/registry.hpp"
#include "relay/spool/store.hpp"

#include <boost/json/object.hpp>

#include <string_view>

namespace http {

// Apps, tokens and the audit trail as the API shows them (docs/api.md). No secret is among it.

/// \param load what the app has in the queue
[[nodiscard]] boost::json::object to_json(const domains::Catalog& catalog,
                                          const domains::App& app,
                                          const spool::AppLoad& load);
[[nodiscard]] boost::json::object to_json(const domains::Token& token);
[[nodiscard]] boost::json::object to_json(const spool::AuditRecord& record);

[[nodiscard]] std::string_view word(domains::Caller::Role role) noexcept;

}  // namespace http
