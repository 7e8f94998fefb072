#include "relay/app/serve.hpp"
#include "relay/cli/run.hpp"

#include <iostream>

int main(int argc, char** argv) {
  cli::Commands commands;
  commands.serve = &app::serve;
  return cli::run(argc, argv, commands, {std::cin, std::cout, std::cerr});
}
