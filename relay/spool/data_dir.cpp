#include "relay/spool/data_dir.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace spool {
namespace {

namespace fs = std::filesystem;

std::string words_of(int error) { return std::generic_category().message(error); }

mail::Failure cannot_use(const fs::path& directory, std::string_view what, int error) {
  return mail::failure("data_dir " + directory.string() + " " + std::string(what) + " (" +
                       words_of(error) +
                       "): give it to the user that runs postern (chown), or set another "
                       "data_dir.");
}

/// Makes the directory and what is missing above it, and makes its name durable.
mail::Result<bool> create(const fs::path& directory) {
  std::error_code error;
  if (fs::exists(directory, error)) return true;
  if (const auto parent = directory.parent_path(); !parent.empty())
    fs::create_directories(parent, error);
  if (error) return cannot_use(directory, "cannot be created", error.value());
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return cannot_use(directory, "cannot be created", errno);
  const int parent = ::open((directory / "..").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent < 0) return cannot_use(directory, "cannot be entered", errno);
  const bool synced = ::fsync(parent) == 0;
  const int why = errno;
  ::close(parent);
  if (!synced) return cannot_use(directory, "cannot be made durable", why);
  return true;
}

mail::Result<bool> check_permissions(const fs::path& directory) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0)
    return cannot_use(directory, "cannot be read", errno);
  if (!S_ISDIR(status.st_mode))
    return mail::failure("data_dir " + directory.string() +
                         " is not a directory: move that file away, or set another data_dir.");
  if ((status.st_mode & S_IRWXO) != 0)
    return mail::failure("data_dir " + directory.string() +
                         " is open to every user of this machine: chmod 700 it, or name a new "
                         "folder inside it.");
  return true;
}

/// The warning for a doubtful file system, or why it is refused.
mail::Result<std::string> check_file_system(const fs::path& directory) {
  struct statfs status {};
  if (::statfs(directory.c_str(), &status) != 0)
    return cannot_use(directory, "cannot be read", errno);
  switch (file_system_kind(status.f_type)) {
    case FileSystemKind::local:
      return mail::Result<std::string>(boost::system::in_place_value);
    case FileSystemKind::network:
      return mail::failure("data_dir " + directory.string() +
                           " lies on a network file system, where SQLite's write-ahead log does "
                           "not work: put it on a local disk.");
    case FileSystemKind::fuse:
      break;
  }
  return mail::Result<std::string>(
      boost::system::in_place_value,
      "data_dir " + directory.string() +
          " lies on a FUSE file system: make sure that it honours fsync and shared memory maps, or "
          "put it on a local disk.");
}

std::string holder_of(int lock) {
  std::array<char, 300> text{};
  const auto got = ::pread(lock, text.data(), text.size() - 1, 0);
  std::string holder(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  for (char& c : holder)
    if (c < ' ' || c > '~') c = ' ';
  while (holder.ends_with(' ')) holder.pop_back();
  const auto space = holder.find(' ');
  if (space == std::string::npos) return "another process";
  return "process " + holder.substr(0, space) + " on " + holder.substr(space + 1);
}

bool sign(int lock) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  const auto holder = std::to_string(::getpid()) + " " + host.data() + "\n";
  return ::ftruncate(lock, 0) == 0 &&
         ::pwrite(lock, holder.data(), holder.size(), 0) == static_cast<ssize_t>(holder.size());
}

mail::Result<int> take_lock(const fs::path& directory) {
  const auto file = directory / "lock";
  const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0) return cannot_use(directory, "cannot be written", errno);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const auto holder = holder_of(lock);
    ::close(lock);
    if (error != EWOULDBLOCK) return cannot_use(directory, "cannot be locked", error);
    return mail::failure("data_dir " + directory.string() + " is in use by " + holder +
                         ": stop that one, or give this one a data_dir of its own.");
  }
  if (!sign(lock)) {
    const int error = errno;
    ::close(lock);
    return cannot_use(directory, "cannot be written", error);
  }
  return lock;
}

}  // namespace

mail::Result<DataDir> DataDir::open(const fs::path& directory) {
  if (const auto created = create(directory); !created) return created.error();
  if (const auto permitted = check_permissions(directory); !permitted) return permitted.error();
  const auto warning = check_file_system(directory);
  if (!warning) return warning.error();
  const auto lock = take_lock(directory);
  if (!lock) return lock.error();
  return DataDir(directory, *warning, *lock);
}

DataDir::DataDir(fs::path path, std::string warning, int lock)
    : path_(std::move(path)), warning_(std::move(warning)), lock_(lock) {}

DataDir::DataDir(DataDir&& other) noexcept
    : path_(std::move(other.path_)),
      warning_(std::move(other.warning_)),
      lock_(std::exchange(other.lock_, -1)) {}

DataDir& DataDir::operator=(DataDir&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(warning_, other.warning_);
  std::swap(lock_, other.lock_);
  return *this;
}

DataDir::~DataDir() {
  if (lock_ >= 0) ::close(lock_);  // the lock goes with its last descriptor
}

FileSystemKind file_system_kind(std::int64_t magic) noexcept {
  constexpr std::array<std::int64_t, 9> network{
      0x6969,      // NFS
      0x517B,      // SMB
      0xFF534D42,  // CIFS
      0xFE534D42,  // SMB2
      0x01021997,  // 9P: shared memory maps are not coherent
      0x00C36400,  // Ceph
      0x0BD00BD0,  // Lustre
      0x5346414F,  // AFS
      0x73757245,  // Coda
  };
  constexpr std::int64_t fuse = 0x65735546;
  const auto low = static_cast<std::int64_t>(static_cast<std::uint32_t>(magic));
  for (const auto known : network)
    if (known == low) return FileSystemKind::network;
  return low == fuse ? FileSystemKind::fuse : FileSystemKind::local;
}

std::uint64_t free_octets(const fs::path& directory) noexcept {
  struct statvfs status {};
  if (::statvfs(directory.c_str(), &status) != 0) return 0;
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace spool
