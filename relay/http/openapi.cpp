#include "relay/http/openapi.hpp"

#include "relay/http/answers.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

namespace {

namespace json = boost::json;

// A JSON object by its members, `name:type`: text, number, share, flag, time, another shape, or a
// list of one in brackets. A `?` behind it: of an answer, null where there is none; of a body, it
// may be left out.
struct Shape {
  std::string_view name, members;
};

constexpr Shape answers[] = {
    {"Error", "error:text"},
    {"Removed", "removed:text"},
    {"Limits",
     "recipients_per_message:number message_size:number queued_messages:number? "
     "queued_bytes:number?"},
    {"DomainOfApp", "name:text status:text?"},
    {"Load", "messages:number octets:number"},
    {"App",
     "name:text owner:text? contact:text? upstream:text? configuration_set:text? weight:number "
     "environment:text limits:Limits urgent:[text] provisioned:flag has_password:flag blocked:flag "
     "blocked_why:text? standing:Standing domains:[DomainOfApp] queued:Load added_at:time? "
     "version:number"},
    {"Standing", "state:text by_hand:flag why:text? since:time? until:time? offences:number"},
    {"Apps", "apps:[App] next:text?"},
    {"Submission", "host:text port:number encryption:text"},
    {"AppWithPassword", "app:App password:text submission:Submission?"},
    {"Association", "app:text number:number provisioned:flag"},
    {"Check", "check:text result:text required:flag seen:time? stale_since:time?"},
    {"DomainRow",
     "name:text unicode:text? status:text since:time? trouble:text? owner:text? provisioned:flag "
     "verify:text subdomains:flag signing:text algorithm:text mail_from:text? "
     "associations:[Association] checks:[Check] added_at:time? version:number"},
    {"Domains", "domains:[DomainRow] next:text?"},
    {"Key", "selector:text stage:text confirmed:flag made_at:time? since:time? last_signed:time?"},
    {"Identity",
     "result:text why:text? source:text? dkim_tokens:[text] mail_from:text? mail_from_status:text? "
     "seen:time?"},
    {"Diagnosis", "check:text mistake:text name:text? found:text? expected:text? edit:text?"},
    {"Sight", "from_domain:text known:flag inherited:flag policy:text? by_dkim:flag? by_spf:flag?"},
    {"Record", "check:text name:text type:text value:text ttl:number required:flag why:text"},
    {"Domain",
     "name:text unicode:text? status:text since:time? trouble:text? owner:text? provisioned:flag "
     "verify:text subdomains:flag signing:text algorithm:text mail_from:text? "
     "associations:[Association] checks:[Check] added_at:time? version:number signs:text? "
     "unsigned_why:text? keys:[Key] identity:Identity diagnoses:[Diagnosis] dmarc:[Sight] "
     "records:[Record]"},
    {"Records", "domain:text records:[Record] console_steps:[text]"},
    {"PrivateKey", "domain:text selector:text pem:text"},
    {"Token", "id:text role:text app:text? made_by:text? made_at:time?"},
    {"Tokens", "tokens:[Token]"},
    {"TokenWithSecret", "token:Token secret:text"},
    {"RefusedFor", "reason:text count:number"},
    {"Measure",
     "feedback:text window:number events:number sent:number ratio:share proved:share limit:share "
     "level:text"},
    {"AppStats",
     "app:text started_at:time accepted:number refused:[RefusedFor] delivered:number "
     "bounced:number complained:number measures:[Measure] domains:[DomainShares]"},
    {"DomainShares",
     "domain:text window:number sent:number bounces:number bounce_ratio:share complaints:number "
     "complaint_ratio:share"},
    {"Stats", "apps:[AppStats]"},
    {"Suppression", "app:text address:text cause:text since:time? until:time?"},
    {"Suppressions", "suppressions:[Suppression] next:text?"},
    {"Changed", "changed:number"},
    {"LeftAtSes", "address:text why:text"},
    {"MailedAgain", "changed:number left_at_ses:[LeftAtSes]"},
    {"AuditRecord", "number:number at:time? who:text? what:text? target:text? detail:text?"},
    {"Audit", "records:[AuditRecord] next:number?"},
    {"Entry",
     "id:text state:text reason:text? app:text domain:text reverse_path:text forward_paths:[text] "
     "message_id:text? size:number urgent:flag notice:flag accepted_at:time? attempts:number "
     "next_attempt:time? held_since:time? deadline:time? held_seconds:number last_reply:text? "
     "upstream_id:text?"},
    {"Event",
     "at:time? event:text reason:text? reference:text? app:text? domain:text? detail:text?"},
    {"Life", "entry:Entry? timeline:[Event]"},
    {"Entries", "entries:[Entry] next:text?"},
    {"Matches", "matches:[Life]"},
    {"LeftAlone", "id:text state:text?"},
    {"Ordered",
     "dry_run:flag matched:number superseded:number complete:flag left_alone:[LeftAlone]"},
    {"Drained", "drained:flag queued:number in_delivery:number in_doubt:number held:number"},
    {"Reloaded", "reloaded:flag mistakes:[text]"},
    {"BackedUp", "file:text"},
    {"Finding", "check:text grade:text what:text mend:text?"},
    {"Findings", "findings:[Finding]"},
    {"HandedIn", "queue_id:text? reply:text? feed:flag"},
    {"Settled", "settled:flag"},
};

constexpr Shape bodies[] = {
    {"Nothing", ""},
    {"NewLimits",
     "recipients_per_message:number? message_size:number? queued_messages:number? "
     "queued_bytes:number?"},
    {"NewApp",
     "name:text owner:text? contact:text? upstream:text? configuration_set:text? weight:number? "
     "domains:[text]? limits:NewLimits?"},
    {"Block", "why:text"},
    {"Override", "state:text seconds:number? reason:text"},
    {"NewDomain",
     "name:text owner:text? app:text? subdomains:flag? signing:text? algorithm:text? "
     "selector:text? mail_from:text? pem:text? allow_weak:flag?"},
    {"AppName", "app:text"},
    {"Rotation", "published:flag? abandon:flag? removed:flag?"},
    {"Selector", "selector:text"},
    {"Addresses", "app:text addresses:[text]"},
    {"AddressesAgain", "app:text addresses:[text] also_ses:flag?"},
    {"Imported", "address:text cause:text? since:time? until:time?"},
    {"Import", "app:text entries:[Imported]"},
    {"NewToken", "role:text app:text?"},
    {"Order",
     "ids:[text]? app:text? domain:text? reason:text? state:text? older_than:number? all:flag? "
     "dry_run:flag?"},
    {"Drain", "timeout:number"},
    {"Backup", "file:text"},
    {"TestMail", "app:text from:text to:text"},
    {"FeedbackEvent", "queue_id:text upstream_id:text event:text"},
};

// One operation. A GET and a DELETE have no body, a format other than JSON has no answer here.
struct Described {
  std::string_view path, method, access, summary, query, body, answer;
};

constexpr Described operations[] = {
    {"/apps", "get", "everybody", "The apps", "after limit", "", "Apps"},
    {"/apps",
     "post",
     "admins",
     "Add an app; its password is shown this once",
     "",
     "NewApp",
     "AppWithPassword"},
    {"/apps/{name}", "get", "everybody", "One app", "", "", "App"},
    {"/apps/{name}",
     "delete",
     "admins",
     "Remove an app without mail in the queue",
     "",
     "",
     "Removed"},
    {"/apps/{name}/block",
     "post",
     "admins",
     "Refuse an app's mail, and hold what waits",
     "",
     "Block",
     "App"},
    {"/apps/{name}/unblock", "post", "admins", "Take an app's mail again", "", "Nothing", "App"},
    {"/apps/{name}/override",
     "post",
     "admins",
     "Decide how far an app may mail, whatever its reputation",
     "",
     "Override",
     "App"},
    {"/apps/{name}/release",
     "post",
     "admins",
     "End that, and put an app that was held back on probation",
     "",
     "Nothing",
     "App"},
    {"/apps/{name}/rotate-password",
     "post",
     "admins",
     "Give an app another password",
     "",
     "Nothing",
     "AppWithPassword"},
    {"/domains", "get", "everybody", "The sender domains", "app after limit", "", "Domains"},
    {"/domains", "post", "admins", "Add a sender domain", "", "NewDomain", "Domain"},
    {"/domains/{name}", "get", "everybody", "One sender domain", "", "", "Domain"},
    {"/domains/{name}", "delete", "admins", "Remove a sender domain", "", "", "Removed"},
    {"/domains/{name}/records",
     "get",
     "everybody",
     "What to publish; format=table, zone and terraform are text",
     "format",
     "",
     "Records"},
    {"/domains/{name}/verify", "post", "owner", "Check a domain now", "", "Nothing", "Domain"},
    {"/domains/{name}/associate",
     "post",
     "admins",
     "Let an app send as a domain",
     "",
     "AppName",
     "Domain"},
    {"/domains/{name}/dissociate", "post", "admins", "Let it no longer", "", "AppName", "Domain"},
    {"/domains/{name}/rotate-key",
     "post",
     "admins",
     "Make the next key, let it sign (trusted domains), give it up, or say that the old record is "
     "gone",
     "",
     "Rotation",
     "Domain"},
    {"/domains/{name}/export-key", "post", "socket", "A private key", "", "Selector", "PrivateKey"},
    {"/tokens", "get", "readers", "The tokens, without their secrets", "", "", "Tokens"},
    {"/tokens",
     "post",
     "admins",
     "Make a token; it is shown this once",
     "",
     "NewToken",
     "TokenWithSecret"},
    {"/tokens/{id}", "delete", "admins", "Take a token back", "", "", "Removed"},
    {"/stats", "get", "everybody", "What became of the apps' mail", "app", "", "Stats"},
    {"/suppressions",
     "get",
     "everybody",
     "Addresses that are not mailed",
     "app address after limit",
     "",
     "Suppressions"},
    {"/suppressions", "post", "admins", "Mail addresses no more", "", "Addresses", "Changed"},
    {"/suppressions/import",
     "post",
     "admins",
     "Mail the addresses of a list no more",
     "",
     "Import",
     "Changed"},
    {"/suppressions/remove",
     "post",
     "admins",
     "Mail addresses again",
     "",
     "AddressesAgain",
     "MailedAgain"},
    {"/audit",
     "get",
     "readers",
     "Who changed what, newest first",
     "target before limit",
     "",
     "Audit"},
    {"/queue",
     "get",
     "everybody",
     "What waits, and what has left lately",
     "state app domain reason older_than after limit",
     "",
     "Entries"},
    {"/queue/{id}", "get", "everybody", "One message and its life", "", "", "Life"},
    {"/queue/retry",
     "post",
     "admins",
     "Deliver now what waits for its time",
     "",
     "Order",
     "Ordered"},
    {"/queue/hold", "post", "admins", "Keep queued messages", "", "Order", "Ordered"},
    {"/queue/release", "post", "admins", "Let held messages go", "", "Order", "Ordered"},
    {"/queue/drop", "post", "admins", "Give messages up for good", "", "Order", "Ordered"},
    {"/trace", "get", "everybody", "The lives of messages and refusals", "word", "", "Matches"},
    {"/drain", "post", "socket", "Deliver what is queued at full rate", "", "Drain", "Drained"},
    {"/reload", "post", "socket", "Read the configuration again", "", "Nothing", "Reloaded"},
    {"/backup", "post", "socket", "Copy the spool", "", "Backup", "BackedUp"},
    {"/doctor", "post", "socket", "Look at everything that mail needs", "", "Nothing", "Findings"},
    {"/send-test", "post", "socket", "Hand in a message as a client", "", "TestMail", "HandedIn"},
    {"/feedback/event",
     "post",
     "socket",
     "What SES says of a message",
     "",
     "FeedbackEvent",
     "Settled"},
    {"/openapi.json", "get", "everybody", "This document", "", "", ""},
};

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    found.push_back(word);
  }
  return found;
}

json::object reference(std::string_view shape) {
  return {{"$ref", "#/components/schemas/" + std::string(shape)}};
}

json::object schema_of_type(std::string_view type) {
  if (type.starts_with('['))
    return {{"type", "array"}, {"items", schema_of_type(type.substr(1, type.size() - 2))}};
  if (type == "text") return {{"type", "string"}};
  if (type == "time") return {{"type", "string"}, {"format", "date-time"}};
  if (type == "number") return {{"type", "integer"}};
  if (type == "share") return {{"type", "number"}};
  if (type == "flag") return {{"type", "boolean"}};
  return reference(type);
}

// A reference stands alone in OpenAPI 3.0: what may be null is wrapped.
json::object nullable(json::object schema) {
  if (!schema.contains("$ref")) {
    schema["nullable"] = true;
    return schema;
  }
  return {{"nullable", true}, {"allOf", json::array{std::move(schema)}}};
}

json::object schema_of(const Shape& shape, bool is_answer) {
  json::object properties;
  json::array required;
  for (std::string_view member : words(shape.members)) {
    const bool sometimes = member.ends_with('?');
    if (sometimes) member.remove_suffix(1);
    const std::size_t colon = member.find(':');
    const std::string_view name = member.substr(0, colon);
    json::object schema = schema_of_type(member.substr(colon + 1));
    if (is_answer || !sometimes) required.emplace_back(name);
    properties[name] = is_answer && sometimes ? nullable(std::move(schema)) : std::move(schema);
  }
  json::object schema{{"type", "object"}, {"additionalProperties", false}};
  schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

json::object content_of(std::string_view shape) {
  return {{"application/json", {{"schema", reference(shape)}}}};
}

json::array parameters_of(const Described& described) {
  json::array parameters;
  if (const auto open = described.path.find('{'); open != std::string_view::npos) {
    const auto close = described.path.find('}');
    parameters.push_back(json::object{{"name", described.path.substr(open + 1, close - open - 1)},
                                      {"in", "path"},
                                      {"required", true},
                                      {"schema", {{"type", "string"}}}});
  }
  for (const std::string_view name : words(described.query)) {
    parameters.push_back(
        json::object{{"name", name}, {"in", "query"}, {"schema", {{"type", "string"}}}});
  }
  return parameters;
}

// What creates something is answered with 201.
std::string_view status_of(const Described& described) {
  const bool creates = described.method == "post" && described.body.starts_with("New");
  return creates ? "201" : "200";
}

json::object operation_of(const Described& described) {
  json::object good{{"description", "Done"}};
  if (!described.answer.empty()) good["content"] = content_of(described.answer);
  json::object responses;
  responses[status_of(described)] = std::move(good);
  responses["default"] = {{"description", "Refused"}, {"content", content_of("Error")}};
  json::object operation{{"summary", described.summary}, {"x-access", described.access}};
  operation["parameters"] = parameters_of(described);
  if (!described.body.empty())
    operation["requestBody"] = {{"required", true}, {"content", content_of(described.body)}};
  operation["responses"] = std::move(responses);
  return operation;
}

asio::awaitable<Response> show_openapi(Call) { co_return json_response(openapi_document()); }

}  // namespace

json::object openapi_document() {
  json::object schemas;
  for (const Shape& shape : answers) schemas[shape.name] = schema_of(shape, true);
  for (const Shape& shape : bodies) schemas[shape.name] = schema_of(shape, false);
  json::object paths;
  for (const Described& described : operations) {
    json::value& path = paths["/api/v1" + std::string(described.path)];
    if (path.is_null()) path = json::object();
    path.as_object()[described.method] = operation_of(described);
  }
  json::object document{{"openapi", "3.0.3"},
                        {"info", {{"title", "Postern"}, {"version", "1"}}},
                        {"security", json::array{json::object{{"token", json::array()}}}}};
  document["paths"] = std::move(paths);
  document["components"] = {
      {"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}}};
  document["components"].as_object()["schemas"] = std::move(schemas);
  return document;
}

Endpoints openapi_endpoint() {
  return {{"/api/v1/openapi.json", {.get = {Access::everybody, show_openapi}}}};
}

}  // namespace http
