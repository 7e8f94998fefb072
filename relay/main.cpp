#include "relay/app/preflight.hpp"
#include "relay/app/serve.hpp"
#include "relay/cli/run.hpp"
#include "relay/domains/spf/child_main.hpp"

#include <iostream>
#include <string_view>

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "spf-child") return domains::spf_child_main();
  cli::Commands commands;
  commands.serve = &app::serve;
  commands.preflight = &app::make_preflight;
  return cli::run(argc, argv, commands, {std::cin, std::cout, std::cerr});
}
