#include "relay/sendmail/wire.hpp"

#include "relay/sendmail/resolve.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace sendmail {
namespace {

using std::chrono::steady_clock;

/// Where systems keep the authorities that they trust: a static program runs on any of them.
constexpr std::array<const char*, 4> authorities{"/etc/ssl/certs/ca-certificates.crt",
                                                 "/etc/pki/tls/certs/ca-bundle.crt",
                                                 "/etc/ssl/ca-bundle.pem",
                                                 "/etc/ssl/cert.pem"};

int milliseconds_until(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

/// Whether the descriptor is ready for `events` before the deadline.
bool await(int descriptor, short events, Deadline deadline) {
  while (true) {
    pollfd entry{descriptor, events, 0};
    const int ready = ::poll(&entry, 1, milliseconds_until(deadline));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

std::string text_of(int error) { return std::error_code(error, std::generic_category()).message(); }

class Socket {
 public:
  explicit Socket(int number) : number_(number) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  Socket(Socket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Socket() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_;
};

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

SocketAddress socket_address(const std::string& address, std::uint16_t port) {
  SocketAddress made;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&made.storage);
  if (::inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    made.size = sizeof(sockaddr_in);
    return made;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&made.storage);
  ::inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  made.size = sizeof(sockaddr_in6);
  return made;
}

/// A connected socket, or nothing and why.
std::optional<Socket> connect_to(const SocketAddress& address, Deadline deadline, int& error) {
  Socket socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const auto* where = reinterpret_cast<const sockaddr*>(&address.storage);
  const bool begun = socket.number() >= 0 &&
                     (::connect(socket.number(), where, address.size) == 0 || errno == EINPROGRESS);
  error = begun ? 0 : errno;
  if (!begun) return std::nullopt;
  error = ETIMEDOUT;
  if (!await(socket.number(), POLLOUT, deadline)) return std::nullopt;
  socklen_t size = sizeof error;
  ::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return std::nullopt;
  const int on = 1;
  ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

using SslContext = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Ssl = std::unique_ptr<SSL, decltype(&SSL_free)>;

bool load_authorities(SSL_CTX* context, const std::filesystem::path& file) {
  if (!file.empty()) return SSL_CTX_load_verify_file(context, file.c_str()) == 1;
  return std::ranges::any_of(authorities, [context](const char* usual) {
    return ::access(usual, R_OK) == 0 && SSL_CTX_load_verify_file(context, usual) == 1;
  });
}

Trouble without_authorities(const Settings& settings) {
  const bool named = !settings.tls_ca_file.empty();
  return {EX_CONFIG,
          named
              ? fmt::format("{} cannot be used as authorities of TLS: give a PEM file that may be "
                            "read.",
                            settings.tls_ca_file.string())
              : "This system has no list of authorities for TLS: install ca-certificates, or set "
                "`tls_ca_file`."};
}

/// Reads neither openssl.cnf nor the environment: the one configuration is ours.
SslContext make_context(const Settings& settings) {
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  SslContext context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (!load_authorities(context.get(), settings.tls_ca_file)) context.reset();
  return context;
}

bool expect_name(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1) return true;
  ERR_clear_error();
  return SSL_set_tlsext_host_name(ssl, host.c_str()) == 1 && SSL_set1_host(ssl, host.c_str()) == 1;
}

Trouble failed_handshake(SSL* ssl, const Settings& settings, bool late) {
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK)
    return {
        EX_UNAVAILABLE,
        fmt::format("The certificate of the relay {} is not believed ({}): set `host` to a name "
                    "in it and `tls_ca_file` to its authority.",
                    settings.relay(),
                    X509_verify_cert_error_string(verdict))};
  return {late ? EX_TEMPFAIL : EX_UNAVAILABLE,
          fmt::format("TLS with the relay {} failed{}: check `port` and `tls`.",
                      settings.relay(),
                      late ? " in the time given" : "")};
}

}  // namespace

struct Wire::State {
  Socket socket;
  Deadline deadline;
  SslContext context{nullptr, &SSL_CTX_free};
  Ssl ssl{nullptr, &SSL_free};
  std::string unread{};

  /// Repeats an OpenSSL call until it succeeds; gives its result, or 0 at an end, 0 with
  /// `late` at the deadline.
  template <class Call>
  int repeat(Call call, bool* late = nullptr) {
    while (true) {
      ERR_clear_error();
      const int done = call();
      if (done > 0) return done;
      const int wanted = SSL_get_error(ssl.get(), done);
      if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE) return 0;
      const short events = wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
      if (await(socket.number(), events, deadline)) continue;
      if (late != nullptr) *late = true;
      return 0;
    }
  }

  /// The same for a call on the bare socket.
  template <class Call>
  ssize_t repeat_plain(Call call, short events) {
    while (true) {
      const ssize_t done = call();
      if (done >= 0) return done;
      if (errno == EINTR) continue;
      if (errno != EAGAIN || !await(socket.number(), events, deadline)) return 0;
    }
  }

  ssize_t write_some(std::string_view octets) {
    const auto most = static_cast<int>(std::min<std::size_t>(octets.size(), 1U << 20U));
    if (ssl) return repeat([&] { return SSL_write(ssl.get(), octets.data(), most); });
    return repeat_plain(
        [&] { return ::send(socket.number(), octets.data(), octets.size(), MSG_NOSIGNAL); },
        POLLOUT);
  }

  /// The next octets, 16 KiB at most; empty: the end, or the deadline.
  std::string receive() {
    std::array<char, 16384> block{};
    const auto most = static_cast<int>(block.size());
    const ssize_t count =
        ssl ? repeat([&] { return SSL_read(ssl.get(), block.data(), most); })
            : repeat_plain([&] { return ::recv(socket.number(), block.data(), block.size(), 0); },
                           POLLIN);
    return {block.data(), static_cast<std::size_t>(count)};
  }
};

Wire::Wire(std::unique_ptr<State> state) : state_(std::move(state)) {}
Wire::Wire(Wire&&) noexcept = default;
Wire& Wire::operator=(Wire&&) noexcept = default;
Wire::~Wire() = default;

Result<Wire> Wire::connect(const Settings& settings, Deadline deadline) {
  constexpr std::chrono::seconds patience(5);
  const auto addresses = resolve(settings.host);
  if (!addresses) return addresses.error();
  int error = 0;
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    const bool last = i + 1 == addresses->size();
    const Deadline until = last ? deadline : std::min(deadline, steady_clock::now() + patience);
    auto socket = connect_to(socket_address((*addresses)[i], settings.port), until, error);
    if (socket)
      return Wire(
          std::make_unique<State>(State{.socket = *std::move(socket), .deadline = deadline}));
  }
  return Trouble(EX_TEMPFAIL,
                 fmt::format("The relay {} cannot be reached ({}): start it, or correct `host` and "
                             "`port` in {}.",
                             settings.relay(),
                             text_of(error),
                             settings_file));
}

void Wire::set_deadline(Deadline deadline) noexcept { state_->deadline = deadline; }

std::optional<Trouble> Wire::start_tls(const Settings& settings) {
  State& state = *state_;
  state.context = make_context(settings);
  if (!state.context) return without_authorities(settings);
  state.ssl.reset(SSL_new(state.context.get()));
  SSL_set_fd(state.ssl.get(), state.socket.number());
  bool late = false;
  const bool done = state.unread.empty() && expect_name(state.ssl.get(), settings.host) &&
                    state.repeat([&state] { return SSL_connect(state.ssl.get()); }, &late) == 1;
  if (done) return std::nullopt;
  return failed_handshake(state.ssl.get(), settings, late);
}

bool Wire::write(std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t done = state_->write_some(octets);
    if (done <= 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

std::string Wire::read_some() {
  return state_->unread.empty() ? state_->receive() : std::exchange(state_->unread, {});
}

std::optional<std::string> Wire::read_line(std::size_t most) {
  std::string& unread = state_->unread;
  std::size_t end = unread.find('\n');
  while (end == std::string::npos) {
    const std::string more = unread.size() > most ? "" : state_->receive();
    if (more.empty()) return std::nullopt;
    unread += more;
    end = unread.find('\n');
  }
  std::string line = unread.substr(0, end);
  unread.erase(0, end + 1);
  if (line.ends_with('\r')) line.pop_back();
  if (line.size() > most) return std::nullopt;
  return line;
}

int Wire::descriptor() const noexcept { return state_->socket.number(); }

bool Wire::has_unread() const noexcept {
  return !state_->unread.empty() || (state_->ssl && SSL_pending(state_->ssl.get()) > 0);
}

void Wire::end_writing() {
  if (state_->ssl) SSL_shutdown(state_->ssl.get());
  ::shutdown(state_->socket.number(), SHUT_WR);
}

bool await_readable(int one, int other, Deadline deadline) {
  while (true) {
    std::array<pollfd, 2> entries{pollfd{one, POLLIN, 0}, pollfd{other, POLLIN, 0}};
    const int ready = ::poll(entries.data(), entries.size(), milliseconds_until(deadline));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace sendmail
