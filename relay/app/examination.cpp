#include "relay/app/examination.hpp"

#include "relay/app/side_by_side.hpp"
#include "relay/app/system_clock.hpp"
#include "relay/delivery/smtp_upstream.hpp"
#include "relay/doctor/judge.hpp"
#include "relay/keystore/master_key_file.hpp"
#include "relay/net/connect.hpp"
#include "relay/net/tls.hpp"
#include "relay/spool/data_dir.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

namespace app {
namespace {

namespace asio = net::asio;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr auto greeting_limit = 5s;
constexpr std::size_t greeting_octets = 1024;

doctor::FileSeen seen(const std::filesystem::path& path) {
  std::error_code failed;
  const auto status = std::filesystem::status(path, failed);
  doctor::FileSeen file{path, std::nullopt};
  if (!failed && std::filesystem::exists(status))
    file.mode = static_cast<unsigned>(status.permissions() & std::filesystem::perms::mask);
  return file;
}

doctor::UpstreamSeen seen(const delivery::SmtpUpstream& upstream,
                          const std::optional<delivery::Attempt>& failure,
                          std::chrono::steady_clock::time_point began) {
  const auto& sight = upstream.sight();
  doctor::UpstreamSeen seen;
  seen.connected = sight.connected;
  seen.secured = sight.secured;
  seen.ready = !failure;
  if (failure) {
    seen.phase = failure->phase;
    seen.trouble = failure->trouble;
    if (failure->reply)
      seen.reply = fmt::format("{} {}", failure->reply->code, failure->reply->text);
  }
  if (sight.greeted) seen.greeted_after = std::chrono::ceil<milliseconds>(*sight.greeted - began);
  seen.certificate_expires = sight.certificate_expires;
  return seen;
}

/// Where a listener can be reached from here.
std::string reachable(const std::string& address) {
  if (address == "0.0.0.0") return "127.0.0.1";
  return address == "::" ? "::1" : address;
}

/// Why it does not greet; empty: it does.
asio::awaitable<std::string> greeting_of(std::string address, std::uint16_t port, bool by_tls) {
  net::Connecting connecting(co_await asio::this_coro::executor, greeting_limit);
  auto socket = co_await connecting.to(std::move(address), port);
  if (!socket) co_return std::string(socket.error().sentence());
  net::Connection connection(std::move(*socket), greeting_octets);
  connection.expect_within(greeting_limit);
  boost::system::error_code failed;
  if (by_tls) failed = co_await connection.connect_tls_unverified(net::unverifying_tls());
  if (!failed) failed = co_await connection.fill();
  const bool greeted = !failed && connection.buffered().starts_with("220 ");
  if (greeted) co_await connection.write("QUIT\r\n");
  connection.close();
  if (greeted) co_return std::string();
  co_return failed ? failed.message() : std::string(connection.buffered());
}

}  // namespace

asio::awaitable<doctor::Findings> take_looks(std::vector<Look> looks, net::ExceptionSink sink) {
  std::vector<std::function<asio::awaitable<doctor::Findings>()>> starts;
  starts.reserve(looks.size());
  for (const Look& look : looks) starts.push_back(look.at);
  auto found = co_await side_by_side(std::move(starts), examination_limit, std::move(sink));
  doctor::Findings findings;
  for (std::size_t i = 0; i < looks.size(); ++i) {
    if (found[i])
      std::ranges::move(*found[i], std::back_inserter(findings));
    else
      findings.push_back(doctor::without_end(looks[i].check, examination_limit));
  }
  co_return findings;
}

asio::awaitable<doctor::Findings> look_at_upstream(config::Upstream upstream,
                                                   std::string hostname,
                                                   net::Clock& clock) {
  if (upstream.kind == config::UpstreamKind::capture)
    co_return doctor::judge_upstream(upstream, {}, clock.now());
  const auto settings = std::make_shared<const config::Upstream>(std::move(upstream));
  auto tls = net::client_tls(settings->tls_ca_file);  // of its own: nothing is resumed
  if (!tls) {
    doctor::UpstreamSeen unusable;
    unusable.connected = true;
    unusable.trouble = tls.error().sentence();
    co_return doctor::judge_upstream(*settings, unusable, clock.now());
  }
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto connection = std::make_shared<delivery::SmtpUpstream>(
      executor, settings, std::move(*tls), std::move(hostname));
  asio::steady_timer limit(executor, look_limit);
  limit.async_wait([watched = std::weak_ptr(connection)](const boost::system::error_code& failed) {
    if (const auto late = watched.lock(); late && !failed) late->abort();
  });
  const auto began = std::chrono::steady_clock::now();
  const auto failure = co_await connection->open();
  limit.cancel();
  if (!failure) co_await connection->close();
  co_return doctor::judge_upstream(*settings, seen(*connection, failure, began), clock.now());
}

asio::awaitable<doctor::Findings> look_at_listener(config::SmtpListener listener) {
  const std::string address = reachable(listener.endpoint.address);
  const auto began = std::chrono::steady_clock::now();
  const std::string why = co_await greeting_of(
      address, listener.endpoint.port, listener.tls == config::ListenerTls::implicit);
  const auto after = std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - began);
  const std::string name = fmt::format("{}:{}", listener.endpoint.address, listener.endpoint.port);
  doctor::Findings findings;
  findings.push_back(doctor::judge_listener(name, why, after));
  co_return findings;
}

/// What `path` is, or would be made in: before the first start that one's disk is the one that
/// counts.
std::filesystem::path nearest_there(std::filesystem::path path) {
  std::error_code unseen;
  while (!std::filesystem::exists(path, unseen) && path.has_relative_path())
    path = path.parent_path();
  return path;
}

doctor::Findings look_at_files(const config::Config& settings) {
  std::vector<doctor::FileSeen> secrets{seen(settings.data_dir)};
  secrets.push_back(seen(settings.master_key_file.empty()
                             ? keystore::default_file(settings.data_dir)
                             : settings.master_key_file));
  for (const auto& file : settings.secret_files) secrets.push_back(seen(file));
  auto findings = doctor::judge_permissions(secrets, seen(settings.socket));
  const std::filesystem::path disk = nearest_there(settings.data_dir);
  findings.push_back(doctor::judge_disk(disk, spool::free_octets(disk), settings.spool_reserve));
  return findings;
}

doctor::Findings examine_without_relay(const config::Config& settings) {
  doctor::Findings findings = look_at_files(settings);
  SystemClock clock;
  asio::io_context context(1);
  std::vector<Look> looks;
  looks.reserve(settings.upstreams.size());
  for (const config::Upstream& upstream : settings.upstreams)
    looks.push_back({"upstream " + upstream.name, [&clock, &settings, &upstream] {
                       return look_at_upstream(upstream, settings.hostname, clock);
                     }});
  const auto bug = [&findings](std::string_view what) {
    findings.push_back({"doctor", doctor::Grade::bad, std::string(what), "Report it."});
  };
  auto examine = [&]() -> asio::awaitable<void> {
    doctor::Findings seen_there = co_await take_looks(std::move(looks), bug);
    std::ranges::move(seen_there, std::back_inserter(findings));
  };
  net::spawn(context.get_executor(), examine, bug, [&context] { context.stop(); });
  context.run();
  return findings;
}

}  // namespace app
