#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace test {

/// A folder of a test's own, removed with everything in it.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// Writes a file and gives its path.
  std::filesystem::path write(std::string_view name,
                              std::string_view octets,
                              mode_t mode = 0600) const;
  /// `text` without this folder's path, so that it can be compared with a golden file.
  [[nodiscard]] std::string without_path(std::string text) const;

 private:
  std::filesystem::path path_;
};

[[nodiscard]] std::string read_all(const std::filesystem::path& file);

/// A private key in PEM form, and a certificate signed by itself.
struct KeyPair {
  std::string key, certificate;
};
[[nodiscard]] KeyPair make_rsa(unsigned bits);
[[nodiscard]] KeyPair make_ed25519();

/// The files that the fixtures of tests/unit/config/bad and conf/examples name: keys, certificates,
/// secrets.
void write_fixture_files(const Folder& folder);

}  // namespace test
