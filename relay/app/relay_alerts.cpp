#include "relay/app/relay.hpp"

// What somebody is told of at once.

namespace app {

void Relay::alert(const notices::Alert& alert) {
  log_.warn(alert.sentence,
            {{"alert", notices::word(alert.kind)}, {"app", alert.app}, {"about", alert.about}});
}

}  // namespace app
