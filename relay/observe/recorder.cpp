#include "relay/observe/recorder.hpp"

#include <string_view>
#include <utility>

namespace observe {

namespace {

double seconds(std::chrono::nanoseconds took) {
  return std::chrono::duration<double>(took).count();
}

std::vector<Field> fields_of(const Circumstances& known) {
  std::vector<Field> fields;
  if (!known.peer.empty()) fields.emplace_back("peer", known.peer);
  if (!known.reverse_path.empty()) fields.emplace_back("from", known.reverse_path);
  if (!known.forward_path.empty()) fields.emplace_back("to", known.forward_path);
  if (known.recipients) fields.emplace_back("recipients", *known.recipients);
  if (known.size) fields.emplace_back("size", *known.size);
  if (!known.message_id.empty())
    fields.push_back(Field::identifier("message_id", known.message_id));
  if (!known.upstream_id.empty())
    fields.push_back(Field::identifier("upstream_id", known.upstream_id));
  if (known.attempts) fields.emplace_back("attempts", *known.attempts);
  if (known.took) fields.emplace_back("seconds", *known.took);
  return fields;
}

}  // namespace

void Recorder::record(const policy::Event& event, const Circumstances& circumstances) {
  count(event, circumstances);
  log_.event(event, fields_of(circumstances));
}

void Recorder::internal_error(std::string_view what, std::string_view where) {
  metrics_.internal_error();
  log_.error("Internal error: please report it.", {{"where", where}, {"what", what}});
}

void Recorder::count(const policy::Event& event, const Circumstances& circumstances) {
  switch (event.kind) {
    case policy::EventKind::accepted:
      metrics_.accepted(event.app, event.domain);
      if (circumstances.took) metrics_.transaction_seconds(seconds(*circumstances.took));
      return;
    case policy::EventKind::refused:
      // A wrong credential refuses no message: auth_failure() counts it, by connection.
      if (event.reason && *event.reason != policy::Reason::auth_failed)
        metrics_.refused(event.app, *event.reason);
      if (circumstances.took) metrics_.transaction_seconds(seconds(*circumstances.took));
      return;
    case policy::EventKind::sent:
      if (circumstances.took) metrics_.delivery_seconds(seconds(*circumstances.took));
      return;
    case policy::EventKind::throttled:
      metrics_.upstream_throttled();
      return;
    case policy::EventKind::resent:
      metrics_.in_doubt("resent");
      return;
    case policy::EventKind::settled:
      metrics_.in_doubt("settled");
      return;
    case policy::EventKind::held:
      if (circumstances.was_in_doubt) metrics_.in_doubt("held");
      return;
    case policy::EventKind::repeated:
      metrics_.duplicate(event.app);
      if (circumstances.took) metrics_.transaction_seconds(seconds(*circumstances.took));
      return;
    case policy::EventKind::quarantined:
      metrics_.internal_error();
      return;
    case policy::EventKind::in_doubt:
    case policy::EventKind::deferred:
    case policy::EventKind::released:
    case policy::EventKind::failed:
    case policy::EventKind::expired:
    case policy::EventKind::dropped:
    case policy::EventKind::superseded:
    case policy::EventKind::left_out:
    case policy::EventKind::delivered:
    case policy::EventKind::delayed:
    case policy::EventKind::bounced:
    case policy::EventKind::complained:
    case policy::EventKind::rejected:
    case policy::EventKind::noted:
      return;
  }
}

}  // namespace observe
