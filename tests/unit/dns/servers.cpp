#include "servers.hpp"

#include "packet.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr int addresses = 16;
constexpr std::chrono::seconds longest_start{30};
constexpr int between_polls = 50;  // milliseconds

std::string at_port(const config::Endpoint& endpoint) {
  return endpoint.address + '@' + std::to_string(endpoint.port);
}

/// Debian's servers lie in /usr/sbin, which not every user's PATH names.
std::string program(const std::string& name) { return "/usr/sbin/" + name; }

std::vector<std::string> nsd_command(const TemporaryFolder& folder,
                                     const config::Endpoint& endpoint,
                                     const Zones& zones) {
  const std::string at = folder.path().string();
  std::string text = "server:\n  ip-address: " + at_port(endpoint) +
                     "\n  username: \"\"\n  zonesdir: \"" + at +
                     "\"\n  database: \"\"\n  pidfile: \"\"\n  server-count: 1\n  xfrdfile: \"" +
                     at + "/xfrd.state\"\n  zonelistfile: \"" + at + "/zone.list\"\n  logfile: \"" +
                     at + "/log\"\nremote-control:\n  control-enable: no\n";
  for (const auto& [zone, records] : zones) {
    folder.write(
        zone + ".zone",
        "$ORIGIN " + zone + ".\n$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n" + records);
    text += "zone:\n  name: \"" + zone + "\"\n  zonefile: \"" + zone + ".zone\"\n";
  }
  return {program("nsd"), "-d", "-c", folder.write("nsd.conf", text)};
}

std::vector<std::string> unbound_command(const TemporaryFolder& folder,
                                         const config::Endpoint& endpoint,
                                         const config::Endpoint& server) {
  const std::string at = folder.path().string();
  std::string text =
      "server:\n  interface: " + at_port(endpoint) + "\n  do-daemonize: no\n  username: \"\"\n" +
      "  chroot: \"\"\n  directory: \"" + at +
      "\"\n  pidfile: \"\"\n  use-syslog: no\n  logfile: \"" + at +
      "/log\"\n  access-control: 127.0.0.0/8 allow\n  do-not-query-localhost: no\n" +
      "  module-config: \"iterator\"\n  num-threads: 1\n  so-reuseport: no\n  unblock-lan-zones: "
      "yes\n" +
      "  local-zone: \"test.\" transparent\nremote-control:\n  control-enable: no\n" +
      "forward-zone:\n  name: \".\"\n  forward-addr: " + at_port(server) + "\n";
  return {program("unbound"), "-d", "-c", folder.write("unbound.conf", text)};
}

template <class Protocol>
bool is_free(asio::io_context& context, const std::string& at, std::uint16_t port) {
  typename Protocol::socket socket(context);
  error_code failed;
  const typename Protocol::endpoint endpoint(asio::ip::make_address(at), port);
  socket.open(endpoint.protocol());
  socket.bind(endpoint, failed);
  return !failed;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "postern-dns.XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary directory");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(path_); }

std::filesystem::path TemporaryFolder::write(const std::string& name, std::string_view text) const {
  std::ofstream(path_ / name) << text;
  return path_ / name;
}

ServerProcess::ServerProcess(std::vector<std::string> command) {
  std::vector<char*> arguments;
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  child_ = ::fork();
  if (child_ != 0) return;
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing, standard);
  ::execv(arguments.front(), arguments.data());
  ::_exit(127);
}

ServerProcess::~ServerProcess() {
  ::kill(-child_, SIGKILL);  // its group: nsd has children of its own
  ::waitpid(child_, nullptr, 0);
}

void ServerProcess::await(const config::Endpoint& endpoint) const {
  asio::io_context context;
  const packet::Octets query =
      domains::query({.name = std::string(domains::root_name), .type = 6}, 1);
  const auto end = std::chrono::steady_clock::now() + longest_start;
  while (std::chrono::steady_clock::now() < end) {
    asio::ip::udp::socket socket(context, asio::ip::udp::v4());
    socket.connect({asio::ip::make_address(endpoint.address), endpoint.port});
    error_code failed;
    socket.send(asio::buffer(query), 0, failed);
    pollfd readable{.fd = socket.native_handle(), .events = POLLIN, .revents = 0};
    packet::Octets reply(512);
    if (::poll(&readable, 1, between_polls) == 1 &&
        socket.receive(asio::buffer(reply), 0, failed) > 0)
      return;
    siginfo_t ended{};
    if (::waitid(P_PID, static_cast<id_t>(child_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        ended.si_pid != 0)
      break;
    ::poll(nullptr, 0, between_polls);
  }
  throw std::runtime_error("the server does not answer");
}

std::string address(int last_octet) { return "127.0.40." + std::to_string(last_octet); }

std::uint16_t free_port() {
  asio::io_context context;
  while (true) {
    const asio::ip::udp::socket first(context, {asio::ip::make_address(address(addresses + 1)), 0});
    const std::uint16_t port = first.local_endpoint().port();
    bool free = true;
    for (int last = 1; last <= addresses && free; ++last)
      free = is_free<asio::ip::udp>(context, address(last), port) &&
             is_free<asio::ip::tcp>(context, address(last), port);
    if (free) return port;
  }
}

Nsd::Nsd(const config::Endpoint& endpoint, const Zones& zones)
    : process_(nsd_command(folder_, endpoint, zones)) {
  process_.await(endpoint);
}

Unbound::Unbound(const config::Endpoint& endpoint, const config::Endpoint& server)
    : process_(unbound_command(folder_, endpoint, server)) {
  process_.await(endpoint);
}
