#include "relay/aws/ses_configuration_set.hpp"

#include "relay/aws/members.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <optional>
#include <utility>

namespace aws {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_name = 64;

bool is_arn(std::string_view text) { return text.starts_with("arn:") && quoted(text) == text; }

mail::Failure not_understood(std::string_view member) {
  return mail::failure(fmt::format(
      "SES's answer about the configuration set has no `{}` that this version understands",
      member));
}

std::optional<json::object> object_of(std::string_view text) {
  boost::system::error_code failed;
  json::value value = json::parse(text, failed);
  if (failed || !value.is_object()) return std::nullopt;
  return std::move(value.as_object());
}

/// The strings of a list; an absent list is empty.
std::set<std::string> words(const Members& members, std::string_view name) {
  std::set<std::string> found;
  const json::value* value = members.find(name);
  if (value == nullptr) return found;
  const json::array* list = value->if_array();
  if (list == nullptr) {
    members.mark(name);
    return found;
  }
  for (const json::value& word : *list) {
    const json::string* text = word.if_string();
    if (text == nullptr || !is_label(view(*text))) {
      members.mark(name);
    } else {
      found.emplace(view(*text));
    }
  }
  return found;
}

EventDestination destination_of(const Members& members) {
  EventDestination destination;
  destination.name = members.text("Name", is_configuration_set);
  destination.enabled = members.find("Enabled") != nullptr && members.flag("Enabled");
  destination.types = words(members, "MatchingEventTypes");
  members.inner("SnsDestination", [&](const Members& topic) {
    destination.topic_arn = topic.text("TopicArn", is_arn);
  });
  return destination;
}

}  // namespace

bool is_configuration_set(std::string_view name) {
  if (name.empty() || name.size() > longest_name) return false;
  return name.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
         std::string_view::npos;
}

mail::Result<ConfigurationSet> parse_configuration_set(std::string_view text) {
  const auto object = object_of(text);
  if (!object) return not_understood("ConfigurationSetName");
  ConfigurationSet set;
  set.exists = true;
  std::optional<std::string> strange;
  const Members members(*object, "", strange);
  members.inner("SendingOptions", [&](const Members& sending) {
    set.sending_enabled = sending.flag("SendingEnabled");
  });
  members.inner("VdmOptions", [&](const Members& options) {
    options.inner("DashboardOptions", [&](const Members& dashboard) {
      set.engagement_metrics = dashboard.text("EngagementMetrics", is_label) == "ENABLED";
    });
  });
  if (strange) return not_understood(*strange);
  return set;
}

mail::Result<std::vector<EventDestination>> parse_event_destinations(std::string_view text) {
  const auto object = object_of(text);
  const json::value* value = object ? object->if_contains("EventDestinations") : nullptr;
  const json::array* list = value == nullptr ? nullptr : value->if_array();
  if (list == nullptr || list->size() > max_event_destinations)
    return not_understood("EventDestinations");
  std::vector<EventDestination> destinations;
  std::optional<std::string> strange;
  for (const json::value& each : *list) {
    const json::object* destination = each.if_object();
    if (destination == nullptr) return not_understood("EventDestinations");
    destinations.push_back(destination_of(Members(*destination, "EventDestinations.", strange)));
  }
  if (strange) return not_understood(*strange);
  return destinations;
}

}  // namespace aws
