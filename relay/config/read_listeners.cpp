#include "policy/address.hpp"
#include "relay/config/key_files.hpp"
#include "relay/config/parts.hpp"
#include "relay/config/secret.hpp"
#include "relay/config/values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace config {
namespace {

constexpr std::array http_tls_words{Word<bool>{"none", false}, Word<bool>{"implicit", true}};

constexpr std::array tls_words{Word<ListenerTls>{"none", ListenerTls::none},
                               Word<ListenerTls>{"starttls", ListenerTls::starttls},
                               Word<ListenerTls>{"implicit", ListenerTls::implicit}};

SmtpListener read_smtp(const Section& section) {
  SmtpListener listener;
  section.read("address", listener.endpoint);
  section.read("tls", tls_words, listener.tls);
  section.read("app", listener.app);
  for (const Node* item : section.items("allow"))
    if (auto network = parse_network(item->scalar)) listener.allow.push_back(*std::move(network));
  const bool trusts_peers = !listener.app.empty() || listener.tls == ListenerTls::none;
  if (trusts_peers && !section.has("allow")) listener.allow = {"127.0.0.0/8", "::1/128"};
  return listener;
}

/// One that names nothing: all but the posts of SNS, which strangers may reach where they are
/// taken.
HttpListener unnamed_http() {
  HttpListener listener;
  listener.health = listener.metrics = listener.api = true;
  return listener;
}

HttpListener read_http(const Section& section) {
  HttpListener listener = section.has("serve") ? HttpListener{} : unnamed_http();
  section.read("address", listener.endpoint);
  section.read("tls", http_tls_words, listener.tls);
  for (const Node* item : section.items("serve")) {
    if (item->scalar == "health") listener.health = true;
    if (item->scalar == "metrics") listener.metrics = true;
    if (item->scalar == "api") listener.api = true;
    if (item->scalar == "sns") listener.sns = true;
  }
  return listener;
}

void read_hosts(const Section& listen, std::vector<std::string>& hosts) {
  for (const Node* item : listen.items("hosts")) {
    auto name = policy::normal_domain(item->scalar);
    if (!name)
      listen.findings().mistake(
          item->place, fmt::format("{}: {}", in_quotes(item->scalar), name.error().sentence()));
    else
      hosts.push_back(*std::move(name));
  }
}

void read_certificate(const Section& root, Config& config) {
  const Section tls = root.section("tls");
  tls.read("certificate", config.certificate);
  tls.read("private_key", config.private_key);
  if (!config.certificate.empty())
    if (auto fault = fault_of_certificate(config.certificate)) tls.mistake("certificate", *fault);
  if (!config.private_key.empty())
    if (auto fault = fault_of_tls_key(config.private_key, config.certificate))
      tls.mistake("private_key", *fault);
}

/// Whether binding the one keeps the other from being bound.
bool collide(const Endpoint& a, const Endpoint& b) {
  const auto is_any = [](const Endpoint& endpoint) {
    return endpoint.address == "0.0.0.0" || endpoint.address == "::";
  };
  return a.port == b.port && a.port != 0 && (a.address == b.address || is_any(a) || is_any(b));
}

void check_reach(const Section& section, const SmtpListener& listener) {
  const bool trusts_peers = !listener.app.empty() || listener.tls == ListenerTls::none;
  if (trusts_peers && !section.has("allow") && !is_loopback(listener.endpoint.address))
    section.mistake("address",
                    fmt::format("this listener with {} is open beyond loopback: name the networks "
                                "that may use it in `allow`, like "
                                "[10.1.2.0/24]",
                                listener.app.empty() ? "`tls: none`" : "`app`"));
  const bool everybody = std::ranges::any_of(
      listener.allow, [](const std::string& network) { return network.ends_with("/0"); });
  if (everybody && !listener.app.empty())
    section.warn("allow",
                 fmt::format("whoever reaches this port may send as {} without a password",
                             in_quotes(listener.app)));
}

void check_certificate(const Section& section, bool needed, const Config& config) {
  if (needed && config.certificate.empty())
    section.mistake(
        "tls",
        "TLS needs a certificate: give `tls: { certificate: cert.pem, private_key: key.pem }`");
}

void check_smtp(const Section& section, const SmtpListener& listener, const Config& config) {
  if (!listener.endpoint.address.empty()) check_reach(section, listener);
  if (section.has("allow") && section.items("allow").empty())
    section.mistake(
        "allow",
        "`allow` names no network, so nobody could use this listener: name one or remove the key");
  check_certificate(section, listener.tls != ListenerTls::none, config);
  if (listener.app.empty() ||
      std::ranges::find(config.apps, listener.app, &App::name) != config.apps.end())
    return;
  section.mistake("app",
                  fmt::format("no app is named {}: write a name that stands in `apps`",
                              in_quotes(listener.app)));
}

struct Bound {
  Endpoint endpoint;
  Place place;
};

std::vector<Bound> bound_endpoints(const Section& listen) {
  std::vector<Bound> bound;
  for (const char* list : {"smtp", "http"}) {
    for (const Section& section : listen.sections(list)) {
      Endpoint endpoint;
      section.read("address", endpoint);
      bound.push_back({std::move(endpoint), section.place("address")});
    }
    for (const Node* item : listen.items(list))
      if (auto endpoint = parse_endpoint(item->scalar))
        bound.push_back({*std::move(endpoint), item->place});
  }
  return bound;
}

void check_collisions(const Section& listen) {
  const std::vector<Bound> bound = bound_endpoints(listen);
  for (auto later = bound.begin(); later != bound.end(); ++later) {
    const auto hit = std::find_if(bound.begin(), later, [&](const Bound& earlier) {
      return collide(earlier.endpoint, later->endpoint);
    });
    if (hit == later) continue;
    listen.findings().mistake(later->place,
                              fmt::format("port {} is taken by an earlier listener: write another",
                                          later->endpoint.port));
  }
}

}  // namespace

void read_listeners(const Section& root, Config& config) {
  const Section listen = root.section("listen");
  for (const Section& section : listen.sections("smtp")) config.smtp.push_back(read_smtp(section));
  for (const Section& section : listen.sections("http")) config.http.push_back(read_http(section));
  for (const Node* item : listen.items("http"))
    if (auto endpoint = parse_endpoint(item->scalar))
      config.http.emplace_back(unnamed_http()).endpoint = *std::move(endpoint);
  listen.read_secret("admin_token", config.admin_token);
  if (!config.admin_token.empty())
    if (auto fault = weakness(config.admin_token.reveal()))
      listen.mistake(
          listen.has("admin_token") ? "admin_token" : "admin_token_file",
          fmt::format("the admin token {} and give the same to who asks the API", *fault));
  read_hosts(listen, config.hosts);
  config.socket = config.data_dir / "admin.sock";
  listen.read("socket", config.socket);
  read_certificate(root, config);
}

void check_listeners(const Section& root, const Config& config) {
  constexpr std::size_t longest_socket_path = 107;  // sockaddr_un::sun_path
  const Section listen = root.section("listen");
  if (config.socket.string().size() > longest_socket_path)
    listen.mistake(
        "socket",
        fmt::format("the socket's path is longer than {} octets: give a shorter `socket`",
                    longest_socket_path));

  const std::vector<Section> smtp = listen.sections("smtp"), http = listen.sections("http");
  for (std::size_t i = 0; i < smtp.size(); ++i) check_smtp(smtp[i], config.smtp[i], config);
  for (std::size_t i = 0; i < http.size(); ++i)
    check_certificate(http[i], config.http[i].tls, config);
  check_collisions(listen);
}

}  // namespace config
