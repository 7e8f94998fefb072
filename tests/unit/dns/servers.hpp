#pragma once

#include "relay/config/config.hpp"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// A folder that goes with its test.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path write(const std::string& name, std::string_view text) const;

 private:
  std::filesystem::path path_;
};

/// A server in the foreground, which ends with its test.
class ServerProcess {
 public:
  explicit ServerProcess(std::vector<std::string> command);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  /// Waits until it answers a query of any kind.
  void await(const config::Endpoint& endpoint) const;

 private:
  pid_t child_ = 0;
};

/// Zone and what its file holds; "$ORIGIN", "$TTL 300" and an SOA record stand in front of it.
using Zones = std::map<std::string, std::string>;

/// A port that is free, over UDP and TCP, at each of the addresses 127.0.40.1 to 127.0.40.16.
std::uint16_t free_port();

/// The address 127.0.40.N.
std::string address(int last_octet);

/// nsd with these zones.
class Nsd {
 public:
  Nsd(const config::Endpoint& endpoint, const Zones& zones);

 private:
  TemporaryFolder folder_;
  ServerProcess process_;
};

/// unbound, which asks that server about everything. It does not validate.
class Unbound {
 public:
  Unbound(const config::Endpoint& endpoint, const config::Endpoint& server);

 private:
  TemporaryFolder folder_;
  ServerProcess process_;
};
