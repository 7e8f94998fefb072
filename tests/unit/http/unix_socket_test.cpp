#include "relay/http/unix_socket.hpp"

#include "relay/cli/admin_client.hpp"
#include "running_server.hpp"

#include <doctest/doctest.h>

#include <array>
#include <fstream>
#include <string>

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

boost::asio::awaitable<http::Response> answer_here(http::Request) {
  http::Response response;
  response.body = "here";
  co_return response;
}

http::Routes routes() { return {{"/where", {.get = answer_here, .post = answer_here}}}; }

unsigned mode_of(const std::filesystem::path& path) {
  struct stat found {};
  REQUIRE(::lstat(path.c_str(), &found) == 0);
  REQUIRE(S_ISSOCK(found.st_mode));
  return found.st_mode & 0777u;
}

// How many octets another user hears to a request, at most 100; asked by a child process, which
// makes system calls alone.
int octets_heard_as(uid_t user, const std::filesystem::path& socket, const std::string& request) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  socket.native().copy(&address.sun_path[0], sizeof address.sun_path - 1);
  const pid_t child = ::fork();
  if (child == 0) {
    std::array<char, 100> heard{};
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const bool connected =
        ::setgroups(0, nullptr) == 0 && ::setgid(user) == 0 && ::setuid(user) == 0 &&
        ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (!connected) ::_exit(255);
    (void)::send(descriptor, request.data(), request.size(), MSG_NOSIGNAL);
    const ssize_t octets = ::recv(descriptor, heard.data(), heard.size(), 0);
    ::_exit(octets > 0 ? static_cast<int>(octets) : 0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) != 255);
  return WEXITSTATUS(status);
}

}  // namespace

TEST_SUITE("relay/http/unix_socket") {
  TEST_CASE("root, the relay's user and the socket's group are admitted, nobody else") {
    constexpr uid_t own = 100;
    constexpr gid_t group = 200;
    CHECK(http::admits({0, {}}, own, group));
    CHECK(http::admits({own, {}}, own, group));
    CHECK(http::admits({300, {1, group, 2}}, own, group));
    CHECK(!http::admits({300, {1, 2}}, own, group));
    CHECK(!http::admits({300, {}}, own, group));
    CHECK(!http::admits({}, own, group));
  }

  TEST_CASE("the peer of a socket pair is this process with all its groups") {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
    const auto peer = http::peer_of(ends[0]);
    REQUIRE(peer.has_value());
    CHECK(peer->user == ::geteuid());
    CHECK(std::ranges::find(peer->groups, ::getegid()) != peer->groups.end());
    std::vector<gid_t> groups(static_cast<std::size_t>(::getgroups(0, nullptr)));
    REQUIRE(::getgroups(static_cast<int>(groups.size()), groups.data()) >= 0);
    for (const gid_t group : groups)
      CHECK(std::ranges::find(peer->groups, group) != peer->groups.end());
    for (const int end : ends) ::close(end);
    CHECK(!http::peer_of(-1).has_value());
  }

  TEST_CASE("the socket answers, is 0660 whatever the umask, and goes away with the server") {
    const TemporaryFolder folder;
    const auto path = folder / "admin.sock";
    const mode_t before = ::umask(0);
    {
      RunningServer server;
      REQUIRE(server.listen(path, routes()).has_value());
      CHECK(mode_of(path) == 0660);
      const auto answer = cli::ask_relay(path, {"/where"});
      REQUIRE(answer.has_value());
      CHECK(answer->body == "here");
      CHECK(cli::ask_relay(path, {.target = "/where", .body = "{}"})->body == "here");
    }
    ::umask(before);
    CHECK(!std::filesystem::exists(path));
  }

  TEST_CASE("a peer that is not admitted gets no word, whether it asks or tells") {
    if (::geteuid() != 0) return;  // only root can become somebody else
    const TemporaryFolder folder;
    std::filesystem::permissions(folder / ".", std::filesystem::perms(0755));
    const auto path = folder / "admin.sock";
    RunningServer server;
    REQUIRE(server.listen(path, routes()).has_value());
    REQUIRE(::chmod(path.c_str(), 0666) == 0);
    constexpr uid_t nobody = 65534;
    const std::string end = " /where HTTP/1.1\r\nContent-Type: application/json\r\n";
    for (const std::string& request :
         {"GET" + end + "\r\n", "POST" + end + "Content-Length: 2\r\n\r\n{}"}) {
      CAPTURE(request);
      CHECK(octets_heard_as(0, path, request) > 0);
      CHECK(octets_heard_as(nobody, path, request) == 0);
    }
  }

  TEST_CASE("a socket that nobody listens on is replaced; one that answers is left alone") {
    const TemporaryFolder folder;
    const auto path = folder / "admin.sock";
    {
      boost::asio::io_context context;
      boost::asio::local::stream_protocol::acceptor dead(context, path.native());
    }
    REQUIRE(std::filesystem::exists(path));
    RunningServer server;
    REQUIRE(server.listen(path, routes()).has_value());
    RunningServer second;
    const auto refused = second.listen(path, routes());
    REQUIRE(!refused.has_value());
    CHECK(refused.error().sentence().find("another relay listens") != std::string::npos);
    CHECK(cli::ask_relay(path, {"/where"}).has_value());
  }

  TEST_CASE("a file that is no socket is neither used nor removed") {
    const TemporaryFolder folder;
    const auto path = folder / "admin.sock";
    std::ofstream(path) << "precious";
    RunningServer server;
    const auto refused = server.listen(path, routes());
    REQUIRE(!refused.has_value());
    CHECK(refused.error().sentence().find("no socket") != std::string::npos);
    CHECK(std::filesystem::file_size(path) == 8);
  }

  TEST_CASE("a path too long, or in a folder that is not there, is one sentence") {
    const TemporaryFolder folder;
    RunningServer server;
    const auto too_long = server.listen(folder / std::string(120, 'x').c_str(), routes());
    REQUIRE(!too_long.has_value());
    CHECK(too_long.error().sentence().find("107 octets") != std::string::npos);
    const auto nowhere = server.listen(folder / "absent/admin.sock", routes());
    REQUIRE(!nowhere.has_value());
    CHECK(nowhere.error().sentence().find("No such file or directory") != std::string::npos);
  }

  TEST_CASE("a socket that took the place of ours is not removed") {
    const TemporaryFolder folder;
    const auto path = folder / "admin.sock";
    boost::asio::io_context context;
    RunningServer server;
    REQUIRE(server.listen(path, routes()).has_value());
    std::filesystem::remove(path);
    boost::asio::local::stream_protocol::acceptor other(context, path.native());
    server.close();
    CHECK(std::filesystem::exists(path));
  }
}
