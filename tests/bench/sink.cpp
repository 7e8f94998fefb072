// An SES-like end point for the benchmark: implicit TLS, AUTH PLAIN or LOGIN required, lock-step,
// `250 Ok ID` after the dot, with a delay before each reply if asked. One thread a connection. Each
// KEEP_EVERYth message is kept in DIRECTORY.
//   bench_sink CERTIFICATE KEY DIRECTORY KEEP_EVERY
// Prints its port. A line `REPLY_MS DOT_MS` on standard input sets the delays (DOT_MS: after the
// final dot, on top); each line is answered by the number of messages taken and the monotonic
// clock, in ns, at the last. Ends with standard input.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>

namespace {

struct Sink {
  std::string directory;
  long keep_every = 0;
  std::atomic<long> messages{0}, last_ns{0}, reply_ms{0}, dot_ms{0};
};

class Peer {
 public:
  Peer(SSL_CTX* context, int socket) : socket_(socket), tls_(SSL_new(context)) {
    SSL_set_fd(tls_, socket_);
  }
  ~Peer() {
    SSL_free(tls_);
    ::close(socket_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  bool handshake() { return SSL_accept(tls_) == 1; }
  bool say(std::string_view reply, long delay_ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    return SSL_write(tls_, reply.data(), static_cast<int>(reply.size())) > 0;
  }
  /// Up to and with `end`; empty at the end of the stream.
  std::string read_to(std::string_view end) {
    for (std::size_t from = 0;;) {
      const auto at = waiting_.find(end, from);
      if (at != std::string::npos) {
        std::string text = waiting_.substr(0, at + end.size());
        waiting_.erase(0, at + end.size());
        return text;
      }
      from = waiting_.size() < end.size() ? 0 : waiting_.size() - end.size() + 1;
      char chunk[16384];
      const int got = SSL_read(tls_, chunk, sizeof chunk);
      if (got <= 0) return {};
      const int on = 1;  // or a client that writes in two pieces waits 40 ms for our ACK, which is
                         // not its cost
      ::setsockopt(socket_, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
      waiting_.append(chunk, static_cast<std::size_t>(got));
    }
  }

 private:
  int socket_;
  SSL* tls_;
  std::string waiting_;
};

/// One connection's dialogue.
class Session {
 public:
  Session(Sink& sink, Peer& peer) : sink_(sink), peer_(peer) {}

  void run() {
    bool alive = peer_.handshake() && say("220 sink ESMTP\r\n");
    while (alive) {
      const std::string line = peer_.read_to("\r\n");
      alive = !line.empty() && answer(line);
    }
  }

 private:
  bool say(std::string_view reply) { return peer_.say(reply, sink_.reply_ms); }
  bool answer(const std::string& line) {
    if (line.starts_with("EHLO"))
      return say("250-sink\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN\r\n250 Ok\r\n");
    if (line.starts_with("AUTH")) return log_in(line.starts_with("AUTH LOGIN"));
    if (line.starts_with("MAIL") && !authenticated_) return say("530 Authentication required\r\n");
    if (line.starts_with("DATA")) return take_message();
    if (line.starts_with("QUIT")) return say("221 Bye\r\n") && false;
    return say("250 Ok\r\n");
  }
  bool log_in(bool login) {
    if (login && (!say("334 VXNlcm5hbWU6\r\n") || peer_.read_to("\r\n").empty())) return false;
    if (login && (!say("334 UGFzc3dvcmQ6\r\n") || peer_.read_to("\r\n").empty())) return false;
    authenticated_ = true;
    return say("235 Authentication successful.\r\n");
  }
  bool take_message() {
    if (!say("354 End data with <CR><LF>.<CR><LF>\r\n")) return false;
    const std::string content = peer_.read_to("\r\n.\r\n");
    if (content.empty()) return false;
    const long number = ++sink_.messages;
    sink_.last_ns =
        std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
    const std::string name = std::to_string(number);
    if (number % sink_.keep_every == 0)
      std::ofstream(sink_.directory + "/" + name + ".eml") << content;
    return peer_.say("250 Ok 0107bench-" + name + "-000000\r\n", sink_.reply_ms + sink_.dot_ms);
  }

  Sink& sink_;
  Peer& peer_;
  bool authenticated_ = false;
};

void serve(Sink& sink, SSL_CTX* context, int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Peer peer(context, socket);
  Session(sink, peer).run();
}

SSL_CTX* make_context(const char* certificate, const char* key) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(context, certificate) == 1 &&
      SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1)
    return context;
  std::fprintf(stderr, "bench_sink: cannot use %s and %s\n", certificate, key);
  std::exit(1);
}

int listen_anywhere(std::uint16_t& port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket, generic, size) != 0 || ::listen(socket, 1024) != 0 ||
      ::getsockname(socket, generic, &size) != 0) {
    std::perror("bench_sink");
    std::exit(1);
  }
  port = ntohs(address.sin_port);
  return socket;
}

/// Until the end of standard input.
void obey(Sink& sink) {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    long reply_ms = 0, dot_ms = 0;
    if (words >> reply_ms >> dot_ms) {
      sink.reply_ms = reply_ms;
      sink.dot_ms = dot_ms;
    }
    std::cout << sink.messages << ' ' << sink.last_ns << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: bench_sink CERTIFICATE KEY DIRECTORY KEEP_EVERY\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  Sink sink;
  sink.directory = argv[3];
  sink.keep_every = std::max(1L, std::atol(argv[4]));
  SSL_CTX* context = make_context(argv[1], argv[2]);
  std::uint16_t port = 0;
  const int listener = listen_anywhere(port);
  std::cout << port << std::endl;
  std::thread([&sink, context, listener] {
    for (;;) {
      const int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket >= 0)
        std::thread([&sink, context, socket] { serve(sink, context, socket); }).detach();
    }
  }).detach();
  obey(sink);
  std::_Exit(0);
}
