#pragma once

#include "relay/config/config.hpp"
#include "relay/config/keys.hpp"
#include "relay/sendmail/trouble.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace sendmail {

/// What sendmail's own small file says: where the relay is, and what completes a message.
struct Settings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 2525;
  config::ListenerTls tls = config::ListenerTls::none;
  std::filesystem::path tls_ca_file;  ///< empty: the system's authorities
  config::Secret username, password;  ///< both empty: no AUTH
  std::string from;                   ///< reverse-path and From where the call names none
  std::string domain;                 ///< completes addresses that have none
  std::string local_recipient;        ///< gets what is for a name without a domain
  std::chrono::seconds timeout{60};   ///< for all of handing a message over

  int temporary_failure = 69;  ///< the exit code where trying again may help

  /// `code`, or `temporary_failure` for EX_TEMPFAIL.
  [[nodiscard]] int exit_code(int code) const noexcept;
  [[nodiscard]] std::string relay() const;  ///< `host:port`, for sentences
};

/// The only file that a program called `sendmail`, or `postern-sendmail`, ever reads.
inline constexpr std::string_view settings_file = "/etc/postern/sendmail.yml";

/// The keys of the file: the reader and docs/sendmail.md follow this table.
[[nodiscard]] config::KeyTable keys() noexcept;

/// What the text of a file says; strict as postern.yml is. A Trouble (EX_CONFIG) names each mistake
/// by line and column.
[[nodiscard]] Result<Settings> read_settings_text(std::string_view text,
                                                  const std::filesystem::path& file);

/// The settings in a file. Where there is none: those of a sidecar, which are the defaults.
[[nodiscard]] Result<Settings> read_settings(const std::filesystem::path& file);

}  // namespace sendmail
