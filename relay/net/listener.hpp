#pragma once

#include "relay/config/config.hpp"
#include "relay/net/session.hpp"
#include "relay/net/threads.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace observe {
class Level;
}

namespace net {

/// The SMTP listeners and the sessions that came in by them. One acceptor a listener hands each
/// socket to the thread with the fewest sessions.
class FrontDoor {
 public:
  FrontDoor(Services& services, Threads& threads, std::string hostname, std::uint64_t size_limit);
  ~FrontDoor();

  /// Binds and begins to accept; a Failure names the address and what to do.
  [[nodiscard]] mail::Result<Tcp::endpoint> listen(const config::SmtpListener& listener);
  /// A session over this socket of thread 0's, as if it had come in by a listener bound to the app.
  void serve(Tcp::socket socket, std::string app);
  /// The certificate of new connections from here on.
  void replace_tls(TlsContext tls);

  /// The SIZE that new connections announce.
  void announce_size(std::uint64_t octets) noexcept { size_limit_ = octets; }

  void stop_accepting();  ///< closes the ports; sessions go on
  void drain_sessions();  ///< idle ones get 421, others when their transaction ends
  void abort_sessions();
  [[nodiscard]] std::size_t sessions() const noexcept { return open_; }

 private:
  struct Port;
  struct Live;  ///< one thread's sessions, touched on that thread only
  asio::awaitable<void> accept_forever(std::shared_ptr<Port> port);
  void admit(const Port& port, Tcp::socket socket, std::size_t thread);
  [[nodiscard]] smtp::ServerOptions options();
  void run(std::size_t thread,
           const std::shared_ptr<Session>& session,
           const std::string& peer,
           std::shared_ptr<observe::Level> level);
  void for_each_session(void (Session::*what)());
  [[nodiscard]] bool enter(const std::string& peer);
  void leave(const std::string& peer);

  Services& services_;
  Threads& threads_;
  std::string hostname_;
  std::atomic<std::uint64_t> size_limit_;
  Published<TlsContext> tls_;
  std::vector<std::shared_ptr<Port>> ports_;
  std::vector<std::shared_ptr<Live>> live_;
  std::atomic<std::size_t> open_{0};
  std::atomic<std::uint32_t> next_session_{0};
  std::string run_reference_;
  std::mutex peers_mutex_;
  std::map<std::string, std::size_t> peers_;
};

}  // namespace net
