#pragma once

#include "relay/config/config.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace config {

// Each gives a sentence that says what is wrong with a file and what to change, or nothing. No
// sentence shows a key.

/// The private DKIM key of a domain: PEM, not encrypted, of that algorithm (RSA of 2048 to 4096
/// bits, or Ed25519), and not open to every user of the machine.
[[nodiscard]] std::optional<std::string> fault_of_dkim_key(const std::filesystem::path& file,
                                                           KeyAlgorithm algorithm);

/// A file of certificates: a server's chain, or the roots that an upstream is checked by.
[[nodiscard]] std::optional<std::string> fault_of_certificate(const std::filesystem::path& file);
/// The private key that belongs to the first certificate of `certificate`.
[[nodiscard]] std::optional<std::string> fault_of_tls_key(const std::filesystem::path& key,
                                                          const std::filesystem::path& certificate);

}  // namespace config
