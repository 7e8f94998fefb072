// Load generator: CONNECTIONS clients at once, each sends PER_CONNECTION messages of about SIZE
// octets and reconnects, until TOTAL are sent: lock-step plain SMTP, as PHP's mailers speak it.
// With a RATE the messages start at fixed instants instead.
//   bench_load PORT CONNECTIONS PER_CONNECTION TOTAL SIZE [RATE]
// Prints one line of JSON: messages sent, errors, the start on the monotonic clock, and the latency
// of an accept in microseconds: from before connect() for the first message of a connection, else
// from MAIL, to the reply after the final dot. With a RATE it counts from the planned instant, so
// that a relay which falls behind is not flattered.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Plan {
  std::uint16_t port = 0;
  long connections = 0, per_connection = 0, total = 0, size = 0;
  double rate = 0;
};

class Client {
 public:
  explicit Client(std::uint16_t port) : port_(port) {}
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool open() {
    close();
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const timeval patience{60, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
           reply() == 220 && say("EHLO php.example.com\r\n") == 250;
  }
  int say(std::string_view octets) { return write(octets) ? reply() : 0; }
  void quit() {
    say("QUIT\r\n");
    close();
  }

 private:
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
    waiting_.clear();
  }
  bool write(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t sent = ::send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      octets.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// The code of the next reply, its last line read; 0 at the end of the stream.
  int reply() {
    for (;;) {
      const auto end = waiting_.find('\n');
      if (end == std::string::npos) {
        char chunk[4096];
        const ssize_t got = ::recv(socket_, chunk, sizeof chunk, 0);
        if (got <= 0) return 0;
        waiting_.append(chunk, static_cast<std::size_t>(got));
        continue;
      }
      const bool last = end < 4 || waiting_[3] != '-';
      const int code = std::atoi(waiting_.c_str());
      waiting_.erase(0, end + 1);
      if (last) return code;
    }
  }

  std::uint16_t port_;
  int socket_ = -1;
  std::string waiting_;
};

/// Lines of an order, other ones for each message: a relay that counts equal contents must not take
/// them for one campaign.
std::string order_lines(long number,
                        std::size_t octets,
                        std::string_view open,
                        std::string_view close) {
  static constexpr std::array<std::string_view, 8> kGoods = {"teapot",
                                                             "garden chair",
                                                             "reading lamp",
                                                             "bicycle bell",
                                                             "wool blanket",
                                                             "notebook",
                                                             "kettle",
                                                             "umbrella"};
  std::string text;
  for (auto seed = static_cast<std::uint32_t>(number + 1); text.size() < octets;) {
    seed = seed * 1664525U + 1013904223U;
    text.append(open)
        .append(std::to_string(seed >> 28U))
        .append(" x ")
        .append(kGoods[seed >> 16U & 7U]);
    text.append(", article ")
        .append(std::to_string(seed))
        .append(", ships within two days")
        .append(close);
  }
  return text;
}

/// A multipart/alternative notice as Drupal's modules send it, with the final dot.
std::string message(long number, long size) {
  const std::string id = std::to_string(number);
  const std::string head =
      "To: user" + std::to_string(number % 5000) + "@example.net\r\nSubject: Order confirmation " +
      id +
      "\r\nFrom: Example Shop <shop@example.com>\r\nSender: shop@example.com\r\n"
      "Return-Path: shop@example.com\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
      "Message-ID: <" +
      id + "." + std::to_string(::getpid()) +
      "@example.com>\r\nX-Mailer: Drupal\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/alternative; boundary=\"=_b\"\r\n\r\n";
  const std::string plain =
      "--=_b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
  const std::string html =
      "\r\n--=_b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: "
      "8bit\r\n\r\n";
  const std::string end = "\r\n--=_b--\r\n.\r\n";
  const auto frame = static_cast<long>(head.size() + plain.size() + html.size() + end.size());
  const auto room = static_cast<std::size_t>(std::max(0L, size - frame));
  return head + plain + order_lines(number, room / 3, "", "\r\n") + html +
         order_lines(number, room - room / 3, "<p>", "</p>\r\n") + end;
}

struct Shared {
  explicit Shared(const Plan& p) : plan(p) {}
  Plan plan;
  Clock::time_point start = Clock::now();
  std::atomic<long> next{0}, errors{0};
  std::mutex mutex;
  std::vector<long> latencies;  ///< microseconds
};

bool deliver(Client& client, long number, long size) {
  const std::string recipient =
      "RCPT TO:<user" + std::to_string(number % 5000) + "@example.net>\r\n";
  return client.say("MAIL FROM:<shop@example.com>\r\n") == 250 && client.say(recipient) == 250 &&
         client.say("DATA\r\n") == 354 && client.say(message(number, size)) == 250;
}

/// When this message starts: now, or after sleeping until its planned instant.
Clock::time_point await_start(const Shared& shared, long number) {
  if (shared.plan.rate <= 0) return Clock::now();
  const std::chrono::duration<double> after(static_cast<double>(number) / shared.plan.rate);
  const auto instant = shared.start + std::chrono::duration_cast<Clock::duration>(after);
  std::this_thread::sleep_until(instant);
  return instant;
}

void run_client(Shared& shared) {
  const Plan& plan = shared.plan;
  Client client(plan.port);
  std::vector<long> mine;
  for (bool more = true; more;) {
    bool open = false;
    for (long i = 0; i < plan.per_connection; ++i) {
      const long number = shared.next++;
      more = number < plan.total;
      if (!more) break;
      const auto began = await_start(shared, number);
      if (!open) open = client.open();
      if (!open || !deliver(client, number, plan.size)) {
        ++shared.errors;
        open = false;
        continue;
      }
      mine.push_back(
          std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began).count());
    }
    if (open) client.quit();
  }
  const std::lock_guard lock(shared.mutex);
  shared.latencies.insert(shared.latencies.end(), mine.begin(), mine.end());
}

long percentile(const std::vector<long>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: bench_load PORT CONNECTIONS PER_CONNECTION TOTAL SIZE [RATE]\n");
    return 2;
  }
  Plan plan;
  plan.port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  plan.connections = std::atol(argv[2]);
  plan.per_connection = std::atol(argv[3]);
  plan.total = std::atol(argv[4]);
  plan.size = std::atol(argv[5]);
  plan.rate = argc > 6 ? std::atof(argv[6]) : 0;
  Shared shared(plan);
  std::vector<std::thread> clients;
  for (long i = 0; i < plan.connections; ++i)
    clients.emplace_back([&shared] { run_client(shared); });
  for (std::thread& client : clients) client.join();
  std::sort(shared.latencies.begin(), shared.latencies.end());
  const std::chrono::nanoseconds start = shared.start.time_since_epoch();
  std::printf(
      "{\"sent\": %zu, \"errors\": %ld, \"start_ns\": %lld, \"accept_p50_us\": %ld, "
      "\"accept_p99_us\": %ld}\n",
      shared.latencies.size(),
      shared.errors.load(),
      static_cast<long long>(start.count()),
      percentile(shared.latencies, 0.5),
      percentile(shared.latencies, 0.99));
  return shared.errors == 0 ? 0 : 1;
}
