#include "relay/http/unix_socket.hpp"

#include <boost/asio/local/stream_protocol.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace http {

namespace {

mail::Failure failure(const std::filesystem::path& path, const std::string& what) {
  return mail::failure("The admin socket " + path.string() + " cannot be opened: " + what);
}

std::string reason(int error) { return std::generic_category().message(error) + "."; }

enum class Listening : std::uint8_t { yes, no, unknown };

Listening somebody_listens(const boost::asio::local::stream_protocol::endpoint& endpoint) {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return Listening::unknown;
  const int connected =
      ::connect(descriptor, endpoint.data(), static_cast<socklen_t>(endpoint.size()));
  const int error = connected == 0 ? 0 : errno;
  ::close(descriptor);
  if (error == ECONNREFUSED || error == ENOENT) return Listening::no;
  return error == 0 || error == EAGAIN ? Listening::yes : Listening::unknown;
}

// Makes the path free for us, if that harms nobody.
mail::Result<void> clear(const std::filesystem::path& path,
                         const boost::asio::local::stream_protocol::endpoint& endpoint) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    return errno == ENOENT ? mail::Result<void>() : failure(path, reason(errno));
  }
  if (!S_ISSOCK(found.st_mode)) {
    return failure(
        path,
        "there is a file that is no socket; remove it, or set listen.socket to another path.");
  }
  switch (somebody_listens(endpoint)) {
    case Listening::yes:
      return failure(path,
                     "another relay listens on it; stop it, or set listen.socket to another path.");
    case Listening::unknown:
      return failure(path,
                     "there is a socket of somebody else; set listen.socket to another path.");
    case Listening::no:
      break;
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failure(path, reason(errno));
  return {};
}

}  // namespace

bool admits(const Peer& peer, uid_t own, gid_t socket_group) {
  return peer.user == 0 || peer.user == own ||
         std::ranges::find(peer.groups, socket_group) != peer.groups.end();
}

mail::Result<Peer> peer_of(int descriptor) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
    return mail::failure("SO_PEERCRED: " + reason(errno));
  }
  Peer peer{credentials.uid, std::vector<gid_t>(256)};
  length = static_cast<socklen_t>(peer.groups.size() * sizeof(gid_t));
  // A peer of more groups than that counts with its primary one.
  const bool known =
      ::getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &length) == 0;
  peer.groups.resize(known ? length / sizeof(gid_t) : 0);
  peer.groups.push_back(credentials.gid);
  return peer;
}

SocketFile::SocketFile(std::filesystem::path path) : path_(std::move(path)) {
  struct stat own {};
  if (::lstat(path_.c_str(), &own) == 0) {
    device_ = own.st_dev;
    inode_ = own.st_ino;
  }
}

SocketFile::~SocketFile() {
  struct stat found {};
  if (::lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ && found.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
}

bool SocketFile::admits_peer(int descriptor) const {
  const auto peer = peer_of(descriptor);
  struct stat found {};
  const bool ours =
      ::lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ && found.st_ino == inode_;
  return peer && ours && admits(*peer, ::geteuid(), found.st_gid);
}

mail::Result<std::unique_ptr<SocketFile>> listen_on(Acceptor& acceptor,
                                                    const std::filesystem::path& path) {
  if (path.native().size() >= sizeof(sockaddr_un::sun_path)) {
    return failure(path,
                   "the path is longer than the 107 octets that a socket's name can have; set "
                   "listen.socket to a shorter one.");
  }
  const boost::asio::local::stream_protocol::endpoint endpoint(path.native());
  if (const auto cleared = clear(path, endpoint); !cleared) return cleared.error();
  boost::system::error_code error;
  acceptor.open(boost::asio::local::stream_protocol(), error);
  if (!error) acceptor.bind(endpoint, error);
  if (error) return failure(path, error.message() + ".");
  auto file = std::make_unique<SocketFile>(path);
  if (::chmod(path.c_str(), 0660) != 0)
    return failure(path, reason(errno));  // nobody can connect before listen
  acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error) return failure(path, error.message() + ".");
  return file;
}

}  // namespace http
