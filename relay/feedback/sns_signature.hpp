#pragma once

#include "mail/result.hpp"
#include "relay/feedback/sns_message.hpp"

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

struct evp_pkey_st;

namespace feedback {

// How far a post's time may be from ours: SNS tries for an hour.
inline constexpr std::chrono::minutes oldest_post{60};
inline constexpr std::chrono::minutes newest_post{15};

/// A post of which all is sound that can be known without its signer's certificate; made by
/// admit_post() alone. Nothing of it may be acted on but to fetch that certificate.
class AdmittedPost {
 public:
  [[nodiscard]] const std::string& certificate_url() const noexcept {
    return message_.signing_cert_url;
  }

 private:
  friend mail::Result<AdmittedPost> admit_post(std::string_view body,
                                               std::span<const std::string> topic_arns,
                                               WallTime now);
  friend class VerifiedMessage;
  AdmittedPost(SnsMessage message, std::string host)
      : message_(std::move(message)), host_(std::move(host)) {}
  SnsMessage message_;
  std::string host_;  ///< of SNS in the topic's region
};

/// Lets a post pass that is a message of SNS, of a topic that is listed, of now, and names only
/// addresses of SNS in that topic's region. The headers it came with decide nothing.
[[nodiscard]] mail::Result<AdmittedPost> admit_post(std::string_view body,
                                                    std::span<const std::string> topic_arns,
                                                    WallTime now);

/// The public key of a certificate with which SNS signs.
class SigningKey {
 public:
  /// Of the first certificate in a PEM text. The failure says what is wrong with it: not PEM, not
  /// RSA of at least 2048 bits, not valid at `now`.
  [[nodiscard]] static mail::Result<SigningKey> read(std::string_view pem, WallTime now);
  /// Whether the message's signature is this key's: RSA, PKCS #1 v1.5, with SHA-1 in signature
  /// version 1 and SHA-256 in version 2.
  [[nodiscard]] bool signed_this(const SnsMessage& message) const;

 private:
  explicit SigningKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

/// A message that SNS itself wrote for one of our topics; made by verify() alone.
class VerifiedMessage {
 public:
  [[nodiscard]] const SnsMessage& operator*() const noexcept { return post_.message_; }
  [[nodiscard]] const SnsMessage* operator->() const noexcept { return &post_.message_; }
  /// What to GET so that SNS begins to post a topic: built from the topic and the token, so that no
  /// address out of a post is ever asked. Of a subscription confirmation.
  [[nodiscard]] std::string confirmation_url() const;

 private:
  friend mail::Result<VerifiedMessage> verify(AdmittedPost post, const SigningKey& key);
  explicit VerifiedMessage(AdmittedPost post) : post_(std::move(post)) {}
  AdmittedPost post_;
};

/// The second half, with the key of the certificate at the post's certificate_url().
[[nodiscard]] mail::Result<VerifiedMessage> verify(AdmittedPost post, const SigningKey& key);

}  // namespace feedback
