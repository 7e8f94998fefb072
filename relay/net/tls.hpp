#pragma once

#include "mail/result.hpp"
#include "relay/net/connection.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>

namespace net {

struct ServerTls {
  TlsContext context;
  std::chrono::system_clock::time_point expires;  ///< of the certificate
};

/// TLS 1.2 and 1.3 for clients, with the certificate chain and key of these PEM files.
[[nodiscard]] mail::Result<ServerTls> server_tls(const std::filesystem::path& certificate,
                                                 const std::filesystem::path& private_key);

/// When each of the two files was last written; the earliest time for one that is not there, as
/// between two versions of it. They are renewed one after the other, so a certificate whose key is
/// still the old one is looked at again once the key has come.
using TlsWritten = std::pair<std::filesystem::file_time_type, std::filesystem::file_time_type>;
[[nodiscard]] TlsWritten tls_written(const std::filesystem::path& certificate,
                                     const std::filesystem::path& private_key);

/// When the certificate expires that the other side has shown, if it has.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> peer_expiry(const ssl_st* tls);

/// TLS 1.2 and 1.3 towards the upstream, verified against `ca_file`, or the system's authorities if
/// empty. Its sessions are resumed on later connections to the same host and port.
[[nodiscard]] mail::Result<TlsContext> client_tls(const std::filesystem::path& ca_file);

/// The same towards a port of our own, with no authorities and no sessions to resume.
[[nodiscard]] TlsContext unverifying_tls();

}  // namespace net
