#include "relay/net/listener.hpp"

#include "relay/net/limits.hpp"
#include "relay/observe/log.hpp"
#include "relay/observe/metrics.hpp"
#include "relay/observe/recorder.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <set>

namespace net {
namespace {

using boost::system::error_code;
using namespace std::chrono_literals;

constexpr std::string_view too_many =
    "421 4.3.2 Too many connections at once, try again [storage]\r\n";

asio::ip::address without_mapping(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address;
}

template <class Network, class Address>
bool within(const Network& network, const Address& address) {
  return Network(address, network.prefix_length()).canonical() == network.canonical();
}

bool within(const std::string& cidr, const asio::ip::address& address) {
  error_code failed;
  if (address.is_v4()) {
    const auto network = asio::ip::make_network_v4(cidr, failed);
    return !failed && within(network, address.to_v4());
  }
  const auto network = asio::ip::make_network_v6(cidr, failed);
  return !failed && within(network, address.to_v6());
}

/// `allow` entries are networks; a lone address stands for itself.
bool allowed(const std::vector<std::string>& networks, const asio::ip::address& address) {
  for (const std::string& entry : networks) {
    const std::string host_bits = address.is_v4() ? "/32" : "/128";
    if (within(entry.find('/') == std::string::npos ? entry + host_bits : entry, address))
      return true;
  }
  return false;
}

std::string base32(std::uint64_t value, int digits) {
  static constexpr char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string text(static_cast<std::size_t>(digits), '0');
  for (auto place = text.rbegin(); place != text.rend(); ++place, value >>= 5)
    *place = alphabet[value & 31];
  return text;
}

}  // namespace

struct FrontDoor::Port {
  Port(asio::io_context& context, config::SmtpListener settings)
      : listener(std::move(settings)), acceptor(context) {}
  config::SmtpListener listener;
  std::string label;
  Tcp::acceptor acceptor;
};

struct FrontDoor::Live {
  std::set<std::shared_ptr<Session>> sessions;
};

FrontDoor::FrontDoor(Services& services,
                     Threads& threads,
                     std::string hostname,
                     std::uint64_t size_limit)
    : services_(services),
      threads_(threads),
      hostname_(std::move(hostname)),
      size_limit_(size_limit),
      tls_(std::make_shared<const TlsContext>()) {
  for (std::size_t i = 0; i < threads.size(); ++i) live_.push_back(std::make_shared<Live>());
  const auto since_epoch = services.clock.now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count();
  run_reference_ =
      base32(static_cast<std::uint64_t>(seconds), 7) + base32(services.clock.random(), 2);
}

FrontDoor::~FrontDoor() = default;

mail::Result<Tcp::endpoint> FrontDoor::listen(const config::SmtpListener& listener) {
  const auto port = std::make_shared<Port>(threads_.context(0), listener);
  const auto where = listener.endpoint.address + ":" + std::to_string(listener.endpoint.port);
  const Tcp::endpoint endpoint(asio::ip::make_address(listener.endpoint.address),
                               listener.endpoint.port);
  error_code failed;
  port->acceptor.open(endpoint.protocol(), failed);
  if (!failed) port->acceptor.set_option(Tcp::acceptor::reuse_address(true), failed);
  if (!failed) port->acceptor.bind(endpoint, failed);
  if (!failed) port->acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (failed) {
    return mail::failure(
        "Cannot listen on " + where + " (" + failed.message() +
        "): stop what uses that port, or change listen.smtp in the configuration.");
  }
  const Tcp::endpoint bound = port->acceptor.local_endpoint();
  port->label = listener.endpoint.address + ":" + std::to_string(bound.port());
  services_.metrics.declare_listener(port->label);
  ports_.push_back(port);
  auto accepting = [this, port] { return accept_forever(port); };
  spawn(
      threads_.context(0).get_executor(),
      accepting,
      [&recorder = services_.recorder](std::string_view what) {
        recorder.internal_error(what, "listener");
      },
      [] {});
  return bound;
}

void FrontDoor::replace_tls(TlsContext tls) {
  tls_.set(std::make_shared<const TlsContext>(std::move(tls)));
}

asio::awaitable<void> FrontDoor::accept_forever(std::shared_ptr<Port> port) {
  asio::steady_timer breath(threads_.context(0));
  while (port->acceptor.is_open()) {
    const std::size_t thread = threads_.least_busy();
    Tcp::socket socket(threads_.context(thread));
    const auto [failed] = co_await port->acceptor.async_accept(socket, tup);
    if (!failed) {
      admit(*port, std::move(socket), thread);
    } else if (failed != asio::error::operation_aborted && port->acceptor.is_open()) {
      // Out of descriptors, mostly: the connection stays in the backlog until some are free again.
      services_.log.warn("accept failed", {{"listener", port->label}, {"error", failed.message()}});
      breath.expires_after(100ms);
      co_await breath.async_wait(tup);
    }
  }
}

void FrontDoor::admit(const Port& port, Tcp::socket socket, std::size_t thread) {
  error_code failed;
  const auto remote = socket.remote_endpoint(failed);
  if (failed) return;  // gone already
  const auto address = without_mapping(remote.address());
  const std::string peer = address.to_string();
  auto level = std::make_shared<observe::Level>(services_.metrics.connection(port.label));
  socket.set_option(Tcp::no_delay(true), failed);
  const config::SmtpListener& listener = port.listener;
  const bool listed = allowed(listener.allow, address);
  if (!listener.app.empty() && !listed && !listener.allow.empty()) return;
  if (!enter(peer)) {
    socket.non_blocking(true, failed);
    socket.write_some(asio::buffer(too_many), failed);
    return;
  }
  smtp::ServerOptions options = this->options();
  options.starttls = listener.tls == config::ListenerTls::starttls;
  options.encrypted = listener.tls == config::ListenerTls::implicit;
  options.auth = listener.app.empty();
  options.plain_text_ok = listed || address.is_loopback();
  options.app = listener.app;
  run(thread,
      std::make_shared<Session>(
          services_, std::move(socket), std::move(options), *tls_.get(), peer),
      peer,
      std::move(level));
}

smtp::ServerOptions FrontDoor::options() {
  smtp::ServerOptions options;
  options.hostname = hostname_;
  options.session_reference = run_reference_ + base32(next_session_++, 4);
  options.size_limit = size_limit_;
  return options;
}

void FrontDoor::serve(Tcp::socket socket, std::string app) {
  const std::string peer = "admin-socket";
  if (!enter(peer)) return;
  smtp::ServerOptions options = this->options();
  options.plain_text_ok = true;
  options.app = std::move(app);
  auto level = std::make_shared<observe::Level>(services_.metrics.connection(peer));
  run(0,
      std::make_shared<Session>(
          services_, std::move(socket), std::move(options), *tls_.get(), peer),
      peer,
      std::move(level));
}

void FrontDoor::run(std::size_t thread,
                    const std::shared_ptr<Session>& session,
                    const std::string& peer,
                    std::shared_ptr<observe::Level> level) {
  ++threads_.load(thread);
  const auto live = live_[thread];
  auto start = [live, session]() -> asio::awaitable<void> {
    live->sessions.insert(session);
    return session->run();
  };
  auto ended = [this, live, session, thread, peer, level = std::move(level)] {
    live->sessions.erase(session);
    --threads_.load(thread);
    leave(peer);
  };
  spawn(
      threads_.context(thread).get_executor(),
      std::move(start),
      [&recorder = services_.recorder](std::string_view what) {
        recorder.internal_error(what, "session");
      },
      std::move(ended));
}

bool FrontDoor::enter(const std::string& peer) {
  const std::lock_guard lock(peers_mutex_);
  std::size_t& from_peer = peers_[peer];
  if (open_ >= limits::sessions || from_peer >= limits::sessions_per_peer) {
    if (from_peer == 0) peers_.erase(peer);
    return false;
  }
  ++from_peer;
  ++open_;
  return true;
}

void FrontDoor::leave(const std::string& peer) {
  const std::lock_guard lock(peers_mutex_);
  const auto found = peers_.find(peer);
  if (--found->second == 0) peers_.erase(found);
  --open_;
}

void FrontDoor::stop_accepting() {
  asio::post(threads_.context(0), [ports = ports_] {
    error_code ignored;  // closing twice is harmless
    for (const auto& port : ports) port->acceptor.close(ignored);
  });
}

void FrontDoor::for_each_session(void (Session::*what)()) {
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    asio::post(threads_.context(i), [live = live_[i], what] {
      const auto sessions = live->sessions;  // ending one changes the set
      for (const auto& session : sessions) (session.get()->*what)();
    });
  }
}

void FrontDoor::drain_sessions() { for_each_session(&Session::drain); }
void FrontDoor::abort_sessions() { for_each_session(&Session::abort); }

}  // namespace net
