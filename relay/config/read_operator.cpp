#include "policy/address.hpp"
#include "policy/evaluate.hpp"
#include "relay/config/parts.hpp"

#include <fmt/format.h>

namespace config {

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
  if (found.from.empty()) return;
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

}  // namespace config
