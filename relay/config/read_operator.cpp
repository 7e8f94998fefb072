#include "policy/address.hpp"
#include "policy/evaluate.hpp"
#include "relay/config/key_files.hpp"
#include "relay/config/networks.hpp"
#include "relay/config/parts.hpp"
#include "relay/config/secret.hpp"
#include "relay/config/url.hpp"
#include "relay/config/values.hpp"

#include <fmt/format.h>

namespace config {
namespace {

/// The domain that covers `from`, whose key signs what the relay sends itself.
void find_signing_domain(const Section& section, const Config& config, Operator& found) {
  const std::string at = found.from.substr(found.from.rfind('@') + 1);
  policy::AppFacts everything;
  for (const Domain& domain : config.domains) {
    policy::SenderDomain& sender = everything.domains.emplace_back();
    sender.name = domain.name;
    sender.subdomains = domain.subdomains;
  }
  if (const policy::SenderDomain* signs = policy::covering_domain(everything, at))
    found.domain = signs->name;
  else
    section.mistake(
        "from",
        fmt::format("{} is not at one of `domains`, so nothing could sign its mail: write "
                    "an address at one of them",
                    in_quotes(found.from)));
}

bool is_given(const Section& section, const std::string& secret) {
  return section.has(secret) || section.has(secret + "_file");
}

/// The key of a secret that is written, in whichever form.
std::string written(const Section& section, const std::string& secret) {
  return section.has(secret) ? secret : secret + "_file";
}

void refuse_without_url(const Section& section) {
  for (const char* key :
       {"webhook_secret", "webhook_secret_file", "webhook_allow", "webhook_tls_ca_file"}) {
    if (section.has(key))
      section.mistake(key,
                      fmt::format("`{}` is of no use without `webhook_url`: give "
                                  "`webhook_url_file: PATH`, or remove the key",
                                  key));
  }
}

void check_webhook_url(const Section& section, const Secret& url) {
  const auto parsed = parse_url(url.reveal());
  if (url.empty() || (parsed && parsed->https)) return;
  section.mistake(written(section, "webhook_url"),
                  "the webhook is no https URL: write one like https://hooks.example.com/postern");
}

/// Of a name nobody knows yet where it leads: its addresses are looked at before each post.
void check_webhook_address(const Section& section, const Webhook& webhook) {
  const auto url = parse_url(webhook.url.reveal());
  if (!url || !address_octets(url->host) || is_public(url->host) ||
      is_within(url->host, webhook.allow))
    return;
  section.mistake(written(section, "webhook_url"),
                  fmt::format("the webhook's address {} is not a public one: list its network in "
                              "`webhook_allow`, or give the webhook a public address",
                              url->host));
}

void check_webhook_secret(const Section& section, const Secret& secret) {
  if (!is_given(section, "webhook_secret"))
    section.mistake(written(section, "webhook_url"),
                    "`webhook_secret` is missing, which posts are signed with: make one with "
                    "`openssl rand -base64 32` and give `webhook_secret_file: PATH`");
  if (secret.empty()) return;
  if (auto fault = weakness(secret.reveal()))
    section.mistake(written(section, "webhook_secret"),
                    fmt::format("the webhook's secret {}", *fault));
}

void read_webhook(const Section& section, Webhook& webhook) {
  if (!is_given(section, "webhook_url")) return refuse_without_url(section);
  section.read_secret("webhook_url", webhook.url);
  check_webhook_url(section, webhook.url);
  section.read_secret("webhook_secret", webhook.secret);
  check_webhook_secret(section, webhook.secret);
  for (const Node* item : section.items("webhook_allow"))
    if (auto network = parse_network(item->scalar)) webhook.allow.push_back(*std::move(network));
  check_webhook_address(section, webhook);
  section.read("webhook_tls_ca_file", webhook.tls_ca_file);
  if (webhook.tls_ca_file.empty()) return;
  if (auto fault = fault_of_certificate(webhook.tls_ca_file))
    section.mistake("webhook_tls_ca_file", *fault);
}

}  // namespace

void read_address(const Section& section,
                  std::string_view key,
                  std::string_view example,
                  std::string& into) {
  const Node* written = section.node(key);
  if (written == nullptr) return;
  if (const auto address = policy::parse_path(written->scalar))
    into = address->text();
  else
    section.mistake(
        key,
        fmt::format(
            "{} is not a mail address: write one like {}", in_quotes(written->scalar), example));
}

void read_operator(const Section& root, Config& config) {
  const Section section = root.section("operator");
  Operator& found = config.relay_operator;
  read_address(section, "contact", "ops@example.com", found.contact);
  read_address(section, "from", "postern@example.com", found.from);
  if (!found.from.empty()) find_signing_domain(section, config, found);
  section.read("digest", found.digest);
  read_webhook(section, found.webhook);
}

}  // namespace config
