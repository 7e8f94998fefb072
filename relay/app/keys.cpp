#include "relay/app/keys.hpp"

#include "dkim/record.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

namespace app {
namespace {

namespace fs = std::filesystem;

dkim::Algorithm algorithm_of(const config::Domain& domain) {
  return domain.algorithm == config::KeyAlgorithm::ed25519 ? dkim::Algorithm::ed25519_sha256
                                                           : dkim::Algorithm::rsa_sha256;
}

mail::Failure trouble(const fs::path& file, std::string_view why) {
  return mail::failure("The DKIM key file " + file.string() + " " + std::string(why));
}

/// The whole file or nothing: written beside, flushed, renamed.
mail::Result<void> write_whole(const fs::path& file, std::string_view text) {
  const fs::path unfinished = file.string() + ".part";
  const int descriptor = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written =
      descriptor >= 0 &&
      ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(descriptor) == 0;
  std::error_code failed(written ? 0 : errno, std::generic_category());
  if (descriptor >= 0) ::close(descriptor);
  if (!failed) fs::rename(unfinished, file, failed);
  if (!failed) return {};
  return trouble(
      file,
      "cannot be written (" + failed.message() + "): make its folder writable for the relay.");
}

/// The record as a zone file has it (RFC 1035 5.1): one line to paste, or to read the value from.
std::string zone_line(const config::Domain& domain, const dkim::PrivateKey& key) {
  std::string line = domain.selector + "._domainkey." + domain.name + ". 3600 IN TXT (";
  for (const std::string& piece : dkim::character_strings(key.public_record()))
    line += " \"" + piece + "\"";
  return line + " )\n";
}

mail::Result<dkim::PrivateKey> make_key(const config::Domain& domain, const fs::path& file) {
  auto key = dkim::generate_key(algorithm_of(domain));
  if (!key) return key.error();
  std::error_code exists_or_fails_below;
  fs::create_directories(file.parent_path(), exists_or_fails_below);
  if (const auto written = write_whole(record_path(file), zone_line(domain, *key)); !written)
    return written.error();
  if (const auto written = write_whole(file, key->pem()); !written) return written.error();
  return key;
}

mail::Result<dkim::PrivateKey> read_key(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) {
    return trouble(file,
                   "cannot be read (" + std::generic_category().message(errno) +
                       "): give the relay access to it.");
  }
  if (const auto mistake = dkim::permission_mistake(status.st_mode, status.st_uid == ::geteuid())) {
    return trouble(file, *mistake);
  }
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream pem;
  pem << stream.rdbuf();
  if (!stream) return trouble(file, "cannot be read: give the relay access to it.");
  auto key = dkim::read_key(pem.str());
  if (!key) return trouble(file, "cannot be used: " + key.error().sentence());
  return key;
}

}  // namespace

fs::path key_path(const config::Domain& domain, const fs::path& data_dir) {
  if (!domain.key_file.empty()) return domain.key_file;
  return data_dir / "keys" / (domain.name + "." + domain.selector + ".pem");
}

fs::path record_path(const fs::path& key_file) {
  return fs::path(key_file).replace_extension(".txt");
}

mail::Result<dkim::PrivateKey> signing_key(const config::Domain& domain,
                                           const config::Config& settings,
                                           bool& made) {
  const fs::path file = key_path(domain, settings.data_dir);
  std::error_code unreadable;
  made = domain.key_file.empty() && !fs::exists(file, unreadable);
  if (!made) return read_key(file);
  if (!settings.data_dir_durable) {
    return mail::failure("The domain " + domain.name +
                         " has no key_file, and with data_dir_durable: false none is made: "
                         "give domains[].key_file.");
  }
  return make_key(domain, file);
}

}  // namespace app
