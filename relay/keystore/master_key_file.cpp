#include "relay/keystore/master_key_file.hpp"

#include "dkim/key.hpp"

#include <openssl/crypto.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace keystore {
namespace {

namespace fs = std::filesystem;
using mail::failure;
using mail::Failure;
using mail::Result;

class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const noexcept { return number_; }
  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }

 private:
  int number_;
};

Failure trouble(const fs::path& file, std::string_view why) {
  return failure(file.string() + " " + std::string(why));
}

Failure cannot(const fs::path& file, std::string_view what, int error, std::string_view mend) {
  return trouble(file,
                 "cannot be " + std::string(what) + " (" + std::generic_category().message(error) +
                     "): " + std::string(mend));
}

Failure unreadable(const fs::path& file, int error) {
  return cannot(file,
                "read",
                error,
                error == ENOENT ? "restore the master key from its backup, or change the path."
                                : "let the relay's user read it.");
}

Failure unwritable(const fs::path& file, int error) {
  return cannot(
      file, "written", error, "make its folder writable for the relay, on a disk with room.");
}

/// A file that others can open, or that is no file, holds no secret.
std::optional<Failure> unfit(const fs::path& file, int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return unreadable(file, errno);
  if (!S_ISREG(status.st_mode)) return trouble(file, "is not a regular file: change the path.");
  const bool ours = status.st_uid == ::geteuid();
  auto mistake = dkim::permission_mistake(status.st_mode, ours, "master key file " + file.string());
  if (mistake) return failure(*std::move(mistake));
  return std::nullopt;
}

bool write_whole(int descriptor, std::string_view text) {
  return ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
         ::fsync(descriptor) == 0;
}

/// \param unfinished a name in the same folder
Result<void> write_durably(const fs::path& unfinished, std::string_view text) {
  ::unlink(unfinished.c_str());  // left by a start that was cut short
  const Descriptor made(
      ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!made.is_open() || !write_whole(made.number(), text)) return unwritable(unfinished, errno);
  return {};
}

/// Gives the file its name unless there is one already, and makes the name durable.
Result<void> put_in_place(const fs::path& unfinished, const fs::path& file) {
  const int linked = ::link(unfinished.c_str(), file.c_str());
  const int error = errno;
  ::unlink(unfinished.c_str());
  if (linked != 0 && error != EEXIST) return unwritable(file, error);
  const Descriptor folder(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open() || ::fsync(folder.number()) != 0) return unwritable(file, errno);
  return {};
}

Result<LoadedKey> make_master_key(const fs::path& file) {
  const auto fresh = MasterKey::generate();
  if (!fresh) return fresh.error();
  const fs::path unfinished = file.string() + "." + std::to_string(::getpid()) + ".part";
  std::string text = fresh->text();
  const auto written = write_durably(unfinished, text);
  OPENSSL_cleanse(text.data(), text.size());
  if (!written) return written.error();
  if (const auto placed = put_in_place(unfinished, file); !placed) return placed.error();
  auto key = read_master_key(file);
  if (!key) return key.error();
  return LoadedKey{*std::move(key), true};
}

}  // namespace

fs::path default_file(const fs::path& data_dir) { return data_dir / "master.key"; }

Result<MasterKey> read_master_key(const fs::path& file) {
  const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!opened.is_open()) return unreadable(file, errno);
  if (auto mistake = unfit(file, opened.number())) return *std::move(mistake);
  std::array<char, 64> text{};
  const ssize_t length = ::read(opened.number(), text.data(), text.size());
  if (length < 0) return unreadable(file, errno);
  auto key = MasterKey::from_text({text.data(), static_cast<std::size_t>(length)});
  OPENSSL_cleanse(text.data(), text.size());
  if (key) return *std::move(key);
  return trouble(file,
                 "is not a master key, 32 octets in base64: restore it from its backup, or with an "
                 "empty store make one with openssl rand -base64 32.");
}

Result<LoadedKey> read_or_make_master_key(const fs::path& data_dir, bool durable) {
  const fs::path file = default_file(data_dir);
  std::error_code unknown;
  if (fs::exists(fs::symlink_status(file, unknown))) {
    auto key = read_master_key(file);
    if (!key) return key.error();
    return LoadedKey{*std::move(key), false};
  }
  if (!durable) {
    return trouble(file,
                   "is not there, and with data_dir_durable: false none is made: give "
                   "master_key_file.");
  }
  return make_master_key(file);
}

}  // namespace keystore
