#pragma once

#include "mail/result.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>

#include <filesystem>
#include <span>
#include <vector>

#include <sys/types.h>

namespace http {

using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;

/// Who is at the other end of a Unix socket: groups are all of its process, the primary one among
/// them.
struct Peer {
  uid_t user = static_cast<uid_t>(-1);
  std::vector<gid_t> groups;
};

/// Root, the user that runs the relay, or a member of the socket's group.
[[nodiscard]] bool admits(const Peer& peer, uid_t own, gid_t socket_group);

/// The peer of a connected Unix socket, or why the system does not say.
[[nodiscard]] mail::Result<Peer> peer_of(int descriptor);

/// Where a listening socket lies: removed from there once, unless another has taken its place.
class SocketFile {
 public:
  explicit SocketFile(std::filesystem::path path);
  ~SocketFile();
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

  [[nodiscard]] bool admits_peer(int descriptor) const;

 private:
  std::filesystem::path path_;
  dev_t device_{};
  ino_t inode_{};
};

/// Binds and listens, mode 0660. A socket file that nobody listens on is replaced; one that
/// answers, or a file that is no socket, is a Failure.
[[nodiscard]] mail::Result<std::unique_ptr<SocketFile>> listen_on(
    Acceptor& acceptor, const std::filesystem::path& path);

}  // namespace http
