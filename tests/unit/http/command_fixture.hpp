#pragma once

#include "fake_store.hpp"
#include "relay/cli/app_commands.hpp"
#include "relay/cli/domain_commands.hpp"
#include "relay/cli/operator_commands.hpp"
#include "relay/cli/queue_commands.hpp"
#include "relay/cli/stats_command.hpp"
#include "relay/cli/suppression_commands.hpp"
#include "relay/cli/token_commands.hpp"
#include "relay/http/routes.hpp"
#include "running_server.hpp"

#include <CLI/CLI.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

struct Ran {
  int exit_code = -1;
  std::string out, err;
};

/// Runs a command that asks the relay at a socket.
inline Ran run_at(const std::filesystem::path& socket,
                  std::vector<std::string> arguments,
                  const std::string& input = {}) {
  CLI::App root;
  std::istringstream in(input);
  std::ostringstream out, err;
  Ran ran;
  const auto console = std::make_shared<cli::Console>([socket] { return socket; }, out, err);
  cli::add_app_commands(root, console, ran.exit_code);
  cli::add_domain_commands(root, console, ran.exit_code);
  cli::add_token_commands(root, console, ran.exit_code);
  cli::add_suppression_commands(root, console, in, ran.exit_code);
  cli::add_stats_command(root, console, ran.exit_code);
  cli::add_queue_commands(root, console, ran.exit_code);
  cli::add_operator_commands(root, console, ran.exit_code);
  std::ranges::reverse(arguments);
  try {
    root.parse(arguments);
  } catch (const CLI::ParseError& error) {
    ran.exit_code = 2;
    err << error.what();
  }
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

/// The admin socket of a relay whose store and hooks are told what to do.
struct CommandFixture {
  TemporaryFolder folder;
  FakeStore store;
  observe::Metrics metrics{"1.2.3"};
  std::filesystem::path socket = folder / "admin.sock";
  std::vector<std::string> mistakes;                        ///< what a reload finds
  std::function<void(std::function<void(bool)>)> draining;  ///< what a drain does
  RunningServer server;

  CommandFixture() {
    http::Sources sources{
        .store = store,
        .metrics = metrics,
        .troubles = [] { return std::vector<std::string>(); },
        .refresh = [](observe::Metrics&) {},
        .store_timeout = std::chrono::milliseconds(50),
        .hold_expire = [] { return std::chrono::hours(336); },
        .order =
            [this](spool::Order order, std::function<void(spool::Ordered)> done) {
              store.order(std::move(order), std::move(done));
            },
        .drain = [this](std::function<void(bool)> done) { draining(std::move(done)); },
        .reload = [this](const std::string&) -> http::asio::awaitable<std::vector<std::string>> {
          co_return mistakes;
        },
        .feedback = {},
    };
    REQUIRE(server.listen(socket, http::admin_routes(sources)).has_value());
  }
  Ran run(std::vector<std::string> arguments) { return run_at(socket, std::move(arguments)); }
};

inline std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}
