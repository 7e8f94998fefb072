#include "relay/spool/durable_file.hpp"

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace spool {
namespace {

mail::Failure file_cannot_be(const std::filesystem::path& file, std::string_view what, int error) {
  return mail::failure(file.string() + " cannot be " + std::string(what) + " (" +
                       std::generic_category().message(error) +
                       "): name a place on a disk with room that postern's user may write.");
}

mail::Result<void> flush(const std::filesystem::path& path, int flags) {
  const int opened = ::open(path.c_str(), flags | O_CLOEXEC);
  if (opened < 0) return file_cannot_be(path, "opened", errno);
  const bool flushed = ::fsync(opened) == 0;
  const int error = errno;
  ::close(opened);
  if (!flushed) return file_cannot_be(path, "made durable", error);
  return {};
}

}  // namespace

mail::Result<void> make_private_file(const std::filesystem::path& file) {
  if (::unlink(file.c_str()) != 0 && errno != ENOENT)
    return file_cannot_be(file, "replaced", errno);
  const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made < 0) return file_cannot_be(file, "made", errno);
  ::close(made);
  return {};
}

mail::Result<void> flush_file(const std::filesystem::path& file) { return flush(file, O_RDONLY); }

mail::Result<void> rename_durably(const std::filesystem::path& from,
                                  const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return file_cannot_be(to, "put in place", errno);
  const auto directory = to.parent_path();
  return flush(directory.empty() ? "." : directory, O_RDONLY | O_DIRECTORY);
}

}  // namespace spool
