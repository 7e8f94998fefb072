#include "relay/app/serve.hpp"

#include "relay/app/relay.hpp"
#include "relay/config/config.hpp"

#include <sys/prctl.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

namespace app {
namespace {

int refuse(const std::string& sentence) {
  std::fprintf(stderr, "postern: %s\n", sentence.c_str());
  return 1;
}

}  // namespace

int serve(const std::filesystem::path& configuration) {
  std::signal(SIGPIPE, SIG_IGN);
  ::prctl(PR_SET_DUMPABLE, 0);  // keys and passwords stay out of core dumps
  auto reading = config::read(configuration);
  for (const config::Mistake& mistake : reading.mistakes) {
    std::fprintf(stderr, "%s\n", config::describe(configuration, mistake).c_str());
  }
  for (const config::Mistake& warning : reading.warnings) {
    std::fprintf(stderr, "%s\n", config::describe(configuration, warning).c_str());
  }
  if (!reading.config) return 1;
  try {
    auto relay = Relay::make(std::move(*reading.config));
    if (!relay) return refuse(relay.error().sentence());
    if (const auto started = (*relay)->start(); !started) return refuse(started.error().sentence());
    (*relay)->run();
  } catch (const std::exception& failure) {
    return refuse(std::string("cannot start: ") + failure.what());
  }
  return 0;
}

}  // namespace app
