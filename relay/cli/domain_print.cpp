#include "relay/cli/domain_print.hpp"

#include "relay/cli/shown.hpp"

#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

namespace json = boost::json;

namespace {

// Both forms of an internationalised name.
std::string name_of(const json::object& domain) {
  const std::string name = shown(domain, "name"), unicode = shown(domain, "unicode");
  return unicode.empty() ? name : fmt::format("{} ({})", name, unicode);
}

std::string joined(const json::array& members, std::string_view name) {
  std::string all;
  for (const json::value& member : members)
    all += (all.empty() ? "" : ", ") + shown(member.as_object(), name);
  return all;
}

bool is_bad(const json::object& check) { return shown(check, "result") == "bad"; }

// The checks that say something is wrong, or say nothing for some time.
std::string concerns_of(const json::object& domain) {
  std::string all;
  for (const json::value& each : domain.at("checks").as_array()) {
    const json::object& check = each.as_object();
    const bool stale = !shown(check, "stale_since").empty();
    if (!stale && !(is_bad(check) && is_set(check, "required"))) continue;
    all += (all.empty() ? "" : ", ") + shown(check, "check") + (stale ? " (stale)" : "");
  }
  return all;
}

void print_standing(std::ostream& out, const json::object& domain) {
  out << fmt::format(
      "{}  {}  since {}\n", name_of(domain), shown(domain, "status"), moment(domain, "since"));
  print_line(out, "trouble", shown(domain, "trouble"));
}

void print_under(std::ostream& out, std::string_view name, const std::string& value) {
  if (!value.empty()) out << fmt::format("    {:10}  {}\n", name, value);
}

void print_diagnosis(std::ostream& out, const json::object& diagnosis) {
  const std::string found = shown(diagnosis, "found");
  print_under(out, "mistake", shown(diagnosis, "mistake"));
  print_under(out, "at", shown(diagnosis, "name"));
  print_under(out, "expected", shown(diagnosis, "expected"));
  print_under(out, "found", found.empty() ? "nothing" : found);
  print_under(out, "edit", shown(diagnosis, "edit"));
}

void print_check(std::ostream& out, const json::object& domain, const json::object& check) {
  const std::string name = shown(check, "check"), stale = moment(check, "stale_since");
  std::string line = fmt::format("  {:10}  {:8}{:10}",
                                 name,
                                 shown(check, "result"),
                                 is_set(check, "required") ? "required" : "advised");
  if (const std::string seen = moment(check, "seen"); !seen.empty()) line += "seen " + seen;
  if (!stale.empty()) line += "  no answer since " + stale;
  out << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
  if (name == "identity") print_under(out, "why", shown(domain.at("identity").as_object(), "why"));
  for (const json::value& each : domain.at("diagnoses").as_array()) {
    const json::object& diagnosis = each.as_object();
    if (shown(diagnosis, "check") == name) print_diagnosis(out, diagnosis);
  }
}

std::string aligned(const json::object& sight) {
  if (!is_set(sight, "known")) return "DNS has not said what applies";
  return alignment(shown(sight, "policy"), is_set(sight, "by_dkim"), is_set(sight, "by_spf"));
}

void print_keys(std::ostream& out, const json::object& domain) {
  for (const json::value& each : domain.at("keys").as_array()) {
    const json::object& key = each.as_object();
    print_line(out,
               "key",
               fmt::format("{}  {}  {}since {}",
                           shown(key, "selector"),
                           shown(key, "stage"),
                           is_set(key, "confirmed") ? "" : "not confirmed by DNS  ",
                           moment(key, "since")));
  }
  print_line(out, "signs with", shown(domain, "signs"));
  print_line(out, "not signing", shown(domain, "unsigned_why"));
}

}  // namespace

void print_domains(std::ostream& out, const json::array& domains) {
  std::vector<std::vector<std::string>> rows{
      {"NAME", "STATUS", "SINCE (UTC)", "SIGNING", "SOURCE", "APPS", "CONCERNS"}};
  for (const json::value& each : domains) {
    const json::object& domain = each.as_object();
    rows.push_back({name_of(domain),
                    shown(domain, "status"),
                    moment(domain, "since"),
                    shown(domain, "signing"),
                    is_set(domain, "provisioned") ? "file" : "managed",
                    joined(domain.at("associations").as_array(), "app"),
                    concerns_of(domain)});
  }
  print_table(out, rows);
}

void print_domain(std::ostream& out, const json::object& domain) {
  print_checks(out, domain);
  for (const std::string_view member : {"owner", "verify", "signing", "algorithm"})
    print_line(out, member, shown(domain, member));
  print_line(out, "mail from", shown(domain, "mail_from"));
  print_line(out, "sub-domains", is_set(domain, "subdomains") ? "covered" : "not covered");
  print_line(out, "source", is_set(domain, "provisioned") ? "configuration file" : "managed");
  print_line(out, "added", moment(domain, "added_at"));
  print_line(out, "apps", joined(domain.at("associations").as_array(), "app"));
  print_keys(out, domain);
  for (const json::value& each : domain.at("dmarc").as_array()) {
    const json::object& sight = each.as_object();
    print_line(out, "DMARC", shown(sight, "from_domain") + "  " + aligned(sight));
  }
}

void print_checks(std::ostream& out, const json::object& domain) {
  print_standing(out, domain);
  for (const json::value& check : domain.at("checks").as_array())
    print_check(out, domain, check.as_object());
}

bool has_trouble(const json::object& domain) {
  const json::array& checks = domain.at("checks").as_array();
  const std::string status = shown(domain, "status");
  return (status != "verified" && status != "warning") ||
         std::ranges::any_of(checks, [](const json::value& each) {
           return is_bad(each.as_object()) && is_set(each.as_object(), "required");
         });
}

}  // namespace cli
