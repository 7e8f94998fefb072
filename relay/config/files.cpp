#include "relay/config/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace config {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_;
};

mail::Failure failure_of(const std::filesystem::path& file, int error) {
  const std::string_view mend = error == ENOENT   ? "make the file or change the path"
                                : error == EACCES ? "let the relay's user read it"
                                                  : "check the path";
  return mail::failure(fmt::format("`{}` cannot be read ({}): {}",
                                   file.string(),
                                   std::error_code(error, std::generic_category()).message(),
                                   mend));
}

}  // namespace

mail::Result<FileText> read_file(const std::filesystem::path& file, std::size_t most) {
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (descriptor.number() < 0 || ::fstat(descriptor.number(), &status) != 0)
    return failure_of(file, errno);
  if (!S_ISREG(status.st_mode))
    return mail::failure(fmt::format("`{}` is not a regular file: change the path", file.string()));
  FileText read{{}, status.st_mode};
  std::array<char, 4096> block{};
  while (true) {
    const ssize_t count = ::read(descriptor.number(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure_of(file, errno);
    if (count == 0) return read;
    read.text.append(block.data(), static_cast<std::size_t>(count));
    if (read.text.size() > most)
      return mail::failure(
          fmt::format("`{}` is longer than {} octets: change the path", file.string(), most));
  }
}

}  // namespace config
