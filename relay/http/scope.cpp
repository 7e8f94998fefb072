#include "relay/http/scope.hpp"

#include "policy/address.hpp"
#include "relay/http/answers.hpp"

#include <algorithm>

namespace http {

bool sees_app(const domains::Caller& caller, std::string_view app) {
  return caller.role != domains::Caller::Role::app || caller.app == app;
}

bool sees_domain(const domains::Catalog& catalog,
                 const domains::Caller& caller,
                 std::string_view domain) {
  if (caller.role != domains::Caller::Role::app) return true;
  return std::ranges::any_of(
      catalog.of_app(caller.app),
      [&](const domains::Association& association) { return association.domain == domain; });
}

std::string domain_in_path(std::string_view parameter) {
  auto domain = policy::normal_domain(parameter);
  return domain ? *std::move(domain) : std::string(parameter);
}

std::optional<Response> refuse_subject(const domains::Catalog& catalog,
                                       const domains::Caller& caller,
                                       std::string_view path,
                                       std::string_view parameter) {
  if (path.starts_with("/api/v1/apps/{") && !sees_app(caller, parameter)) return no_such_app();
  if (path.starts_with("/api/v1/domains/{") &&
      !sees_domain(catalog, caller, domain_in_path(parameter)))
    return no_such_domain();
  return std::nullopt;
}

Response no_such_app() {
  return error_response(404, "There is no such app: `postern app list` shows all.");
}

Response no_such_domain() {
  return error_response(404, "There is no such domain: `postern domain list` shows all.");
}

}  // namespace http
