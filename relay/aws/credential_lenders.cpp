#include "relay/aws/credential_lenders.hpp"

#include "relay/aws/credential_answers.hpp"
#include "relay/aws/members.hpp"
#include "relay/aws/service_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>

namespace aws {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::size_t max_token_file_octets = 20000;  // the most that STS takes
constexpr std::size_t max_role_octets = 64;
constexpr std::string_view roles_path = "/latest/meta-data/iam/security-credentials/";

/// One that answers on this machine or beside it, or not at all.
HttpRequest near_by(std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  request.connect_within = 2s;
  request.within = 5s;
  return request;
}

std::string_view without_line_end(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

/// The token in a file: kept in memory where it lies, in Kubernetes, so reading it does not block.
mail::Result<config::Secret> read_token(const std::string& file, std::string_view variable) {
  std::string octets(max_token_file_octets + 1, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(octets.data(), static_cast<std::streamsize>(octets.size()));
  octets.resize(static_cast<std::size_t>(stream.gcount()));
  const config::Secret read(std::move(octets));
  const std::string_view token = without_line_end(read.reveal());
  if (token.empty())
    return mail::failure(fmt::format(
        "{} cannot be read or is empty: give the relay's user the right to read it, or correct {}",
        file,
        variable));
  if (!fits_a_header(token, max_token_file_octets))
    return mail::failure(
        fmt::format("{} holds no token: {} must name a file with one line of at most {} octets",
                    file,
                    variable,
                    max_token_file_octets));
  return config::Secret(std::string(token));
}

mail::Result<std::optional<config::Secret>> container_token(const CredentialVariables& variables) {
  if (variables.container_token_file.empty()) {
    if (variables.container_token.empty()) return std::optional<config::Secret>();
    return std::optional(variables.container_token);
  }
  auto token = read_token(variables.container_token_file, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (!token) return token.error();
  return std::optional(*std::move(token));
}

std::string form_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

mail::Failure strange(std::string_view lender, std::string_view answered) {
  return mail::failure(fmt::format("{} answered {}; it is asked again later", lender, answered));
}

bool is_role(std::string_view name) {
  return !name.empty() && name.size() <= max_role_octets && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("+=,.@_-").find(c) != std::string_view::npos;
  });
}

mail::Failure no_instance(std::string_view reason) {
  return mail::failure(fmt::format(
      "There are no AWS credentials: neither the configuration nor the environment has any, and "
      "EC2's metadata service gave none ({}). Give `aws.access_key_id_file` and "
      "`aws.secret_access_key_file`, or attach a role; for a container on EC2 also raise the "
      "instance's metadata hop limit to 2",
      reason));
}

/// A GET of the metadata service with a session token; its body.
asio::awaitable<mail::Result<std::string>> metadata(HttpClient& http,
                                                    std::string url,
                                                    std::string token) {
  HttpRequest request = near_by(url);
  request.headers = {"X-aws-ec2-metadata-token: " + token};
  auto response = co_await http.send(std::move(request));
  if (!response) co_return no_instance(response.error().sentence());
  if (response->status == 404) co_return no_instance("the instance has no role");
  if (response->status != 200)
    co_return no_instance(fmt::format("{} answered {}", url, response->status));
  co_return std::move(response->body);
}

asio::awaitable<mail::Result<std::string>> metadata_token(HttpClient& http, std::string endpoint) {
  HttpRequest request = near_by(endpoint + "/latest/api/token");
  request.method = "PUT";
  request.headers = {"X-aws-ec2-metadata-token-ttl-seconds: 60", "Content-Type:"};
  auto response = co_await http.send(std::move(request));
  if (!response) co_return no_instance(response.error().sentence());
  if (response->status != 200)
    co_return no_instance(fmt::format("it answered {} when asked for a token", response->status));
  const std::string_view token = without_line_end(response->body);
  if (token.empty() || !fits_a_header(token, max_token_octets))
    co_return no_instance("it answered something that is no token");
  co_return std::string(token);
}

}  // namespace

asio::awaitable<mail::Result<LentCredentials>> lent_by_container(HttpClient& http,
                                                                 std::string url,
                                                                 CredentialVariables variables) {
  HttpRequest request = near_by(url);
  request.headers = {"Accept: application/json"};
  const auto token = container_token(variables);
  if (!token) co_return token.error();
  if (*token) request.headers.push_back("Authorization: " + (*token)->reveal());
  auto response = co_await http.send(std::move(request));
  const std::string lender = fmt::format("The container's credentials endpoint {}", url);
  if (!response)
    co_return mail::failure(fmt::format(
        "The container's credentials are not to be had ({}): check that the task or pod has a role",
        response.error().sentence()));
  const config::Secret body(std::move(response->body));
  if (response->status != 200)
    co_return mail::failure(
        fmt::format("{} answered {} ({}): check that the task or pod has a role",
                    lender,
                    response->status,
                    read_error({}, body.reveal()).message));
  auto lent = parse_lent_json(body.reveal());
  if (!lent) co_return strange(lender, lent.error().sentence());
  co_return lent;
}

asio::awaitable<mail::Result<LentCredentials>> lent_by_sts(HttpClient& http,
                                                           std::string endpoint,
                                                           CredentialVariables variables) {
  const auto token = read_token(variables.web_identity_token_file, "AWS_WEB_IDENTITY_TOKEN_FILE");
  if (!token) co_return token.error();
  HttpRequest request;
  request.method = "POST";
  request.url = endpoint + "/";
  request.within = 10s;
  const std::string name =
      variables.role_session_name.empty() ? "postern" : variables.role_session_name;
  request.body = config::Secret(fmt::format(
      "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={}&RoleSessionName={}&"
      "WebIdentityToken={}",
      form_encoded(variables.role_arn),
      form_encoded(name),
      form_encoded(token->reveal())));
  auto response = co_await http.send(std::move(request));
  if (!response)
    co_return mail::failure(
        fmt::format("The role {} cannot be had ({}): the relay must reach STS there",
                    variables.role_arn,
                    response.error().sentence()));
  const config::Secret body(std::move(response->body));
  if (response->status != 200)
    co_return mail::failure(fmt::format(
        "STS answered {} ({}) when asked for the role {}: check the role's trust policy, and the "
        "token in {}",
        response->status,
        sts_error(body.reveal()),
        variables.role_arn,
        variables.web_identity_token_file));
  auto lent = parse_lent_xml(body.reveal());
  if (!lent) co_return strange("STS", lent.error().sentence());
  co_return lent;
}

asio::awaitable<mail::Result<LentCredentials>> lent_by_instance(HttpClient& http,
                                                                std::string endpoint) {
  auto token = co_await metadata_token(http, endpoint);
  if (!token) co_return token.error();
  const std::string roles_url = endpoint + std::string(roles_path);
  auto roles = co_await metadata(http, roles_url, *token);
  if (!roles) co_return roles.error();
  const std::string role(std::string_view(*roles).substr(0, roles->find('\n')));
  if (!is_role(role)) co_return no_instance("it named something that is no role");
  auto answer = co_await metadata(http, roles_url + role, *token);
  if (!answer) co_return answer.error();
  const config::Secret body(*std::move(answer));
  auto lent = parse_lent_json(body.reveal());
  if (!lent) co_return strange("EC2's metadata service", lent.error().sentence());
  co_return lent;
}

}  // namespace aws
