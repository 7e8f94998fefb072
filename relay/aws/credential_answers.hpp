#pragma once

#include "mail/result.hpp"
#include "relay/aws/credentials.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace aws {

/// Reads what a container's endpoint or the metadata service answers (JSON). A failure says what is
/// wrong with it, for a sentence "… answered SENTENCE", and shows no key.
[[nodiscard]] mail::Result<LentCredentials> parse_lent_json(std::string_view json);

/// Reads what STS answers to AssumeRoleWithWebIdentity (XML), as above.
[[nodiscard]] mail::Result<LentCredentials> parse_lent_xml(std::string_view xml);

/// The code and message of an error of STS (XML), printable and at most 400 octets; empty if the
/// answer is none.
[[nodiscard]] std::string sts_error(std::string_view xml);

/// Whether AWS_CONTAINER_CREDENTIALS_FULL_URI may be asked: by https anything; by http, which
/// anybody on the way could read or answer, loopback and the addresses of ECS and EKS alone.
[[nodiscard]] bool may_lend(std::string_view uri);

/// A moment like `2026-09-14T10:30:15Z`, with or without a fraction; nothing if it is none.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_moment(
    std::string_view text);

}  // namespace aws
