#include "relay/app/examination.hpp"
#include "relay/app/preflight.hpp"
#include "relay/app/serve.hpp"
#include "relay/cli/run.hpp"
#include "relay/domains/spf/child_main.hpp"
#include "relay/sendmail/run.hpp"

#include <iostream>
#include <string_view>

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "spf-child") return domains::spf_child_main();
  if (argc > 0 && sendmail::is_called_sendmail(argv[0]))
    return sendmail::run({argv + 1, argv + argc}, sendmail::settings_file);
  cli::Commands commands;
  commands.serve = &app::serve;
  commands.preflight = &app::make_preflight;
  commands.examine_alone = &app::examine_without_relay;
  commands.sendmail = [](auto words) { return sendmail::run(words, sendmail::chosen_file()); };
  return cli::run(argc, argv, commands, {std::cin, std::cout, std::cerr});
}
