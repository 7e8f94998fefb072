#pragma once

#include "mail/result.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

namespace spool {

/// The data directory, held by this process alone for as long as the object lives (design 13): an
/// flock on its file `lock`, which names the holder as "PID HOST".
class DataDir {
 public:
  /// Creates the directory (0700) and its missing parents (0755) if need be, and takes the lock.
  /// Fails with one sentence when another process has it, when users outside owner and group may
  /// enter it (the group may: Kubernetes' fsGroup gives volumes away so), when it cannot be
  /// written, and on a network file system, whose memory maps and locks SQLite's write-ahead log
  /// cannot rely on.
  static mail::Result<DataDir> open(const std::filesystem::path& directory);

  DataDir(DataDir&& other) noexcept;
  DataDir& operator=(DataDir&& other) noexcept;
  ~DataDir();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// A sentence for the log when the directory is usable but doubtful (a FUSE file system), else
  /// empty.
  [[nodiscard]] const std::string& warning() const noexcept { return warning_; }

 private:
  DataDir(std::filesystem::path path, std::string warning, int lock);
  std::filesystem::path path_;
  std::string warning_;
  int lock_ = -1;
};

/// What a file system means for the store, by the magic number of statfs(2).
enum class FileSystemKind { local, network, fuse };
[[nodiscard]] FileSystemKind file_system_kind(std::int64_t magic) noexcept;

/// Octets that this process may still write below `directory`; 0 if that cannot be found out.
[[nodiscard]] std::uint64_t free_octets(const std::filesystem::path& directory) noexcept;

}  // namespace spool
