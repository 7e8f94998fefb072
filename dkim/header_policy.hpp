#pragma once

#include <array>
#include <string_view>

namespace dkim {

/// Fields that never leave: SES would act on them (Return-Path, Bounces-To, Errors-To, X-SES-*),
/// refuse a second one (DKIM-Signature), show them to recipients (Bcc), or the relay itself writes
/// them (X-Postern-*).
[[nodiscard]] bool removed_on_release(std::string_view lower_name) noexcept;

/// SES answers 554 "Duplicate header" when one of these occurs twice (Amazon SES header fields).
[[nodiscard]] bool once_only(std::string_view lower_name) noexcept;

/// The fields a signature covers wherever they are present. Never Date, Message-ID, Return-Path,
/// Bounces-To or X-SES-*, which SES replaces or removes, nor Feedback-ID and DKIM-Signature, which
/// it adds.
[[nodiscard]] bool covered_by_signature(std::string_view lower_name) noexcept;

/// Named in h= once more than present, so that nobody can add one without breaking the signature.
inline constexpr std::array<std::string_view, 5> oversigned_fields = {
    "From", "To", "Cc", "Subject", "Reply-To"};

}  // namespace dkim
