#include "relay/feedback/sns_signature.hpp"

#include "relay/feedback/sns_addresses.hpp"
#include "relay/proto/base64.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <climits>
#include <ctime>
#include <optional>
#include <utility>

namespace feedback {
namespace {

constexpr int least_key_bits = 2048;

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

std::string_view refuse_addresses(const SnsMessage& message, std::string_view host) {
  if (!is_certificate_url(message.signing_cert_url, host))
    return "The post's SigningCertURL is none of SNS in the topic's region.";
  if (message.type == SnsType::notification) return {};
  if (!is_token(message.token)) return "The post's Token is none of SNS's.";
  if (!is_subscribe_url(message.subscribe_url, host, message.topic_arn, message.token))
    return "The post's SubscribeURL does not confirm this topic at SNS.";
  return {};
}

/// Of signature version 1 or 2; nullptr otherwise.
const EVP_MD* digest_of(std::string_view signature_version) {
  if (signature_version == "1") return EVP_sha1();
  return signature_version == "2" ? EVP_sha256() : nullptr;
}

const unsigned char* octets(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Certificate parse_certificate(std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> source(
      pem.size() > INT_MAX ? nullptr : BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
      BIO_free);
  Certificate certificate(
      source ? PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr) : nullptr, X509_free);
  ERR_clear_error();
  return certificate;
}

bool is_valid_at(const X509* certificate, WallTime now) {
  std::time_t time = std::chrono::system_clock::to_time_t(now);
  return X509_cmp_time(X509_get0_notBefore(certificate), &time) < 0 &&
         X509_cmp_time(X509_get0_notAfter(certificate), &time) > 0;
}

}  // namespace

mail::Result<AdmittedPost> admit_post(std::string_view body,
                                      std::span<const std::string> topic_arns,
                                      WallTime now) {
  auto message = parse_sns_message(body);
  if (!message) return message.error();
  if (std::ranges::find(topic_arns, message->topic_arn) == topic_arns.end())
    return mail::failure("The post is of a topic that feedback.sns.topic_arns does not list.");
  const auto host = sns_host(message->topic_arn);
  if (!host)
    return mail::failure(
        "The post's topic is in feedback.sns.topic_arns, but it is no ARN of a topic.");
  if (digest_of(message->signature_version) == nullptr)
    return mail::failure("The post's SignatureVersion is neither 1 nor 2.");
  if (message->at < now - oldest_post)
    return mail::failure("The post is over an hour old; if it is not, set this machine's clock.");
  if (message->at > now + newest_post)
    return mail::failure("The post is of the future; if it is not, set this machine's clock.");
  const std::string_view refusal = refuse_addresses(*message, *host);
  if (!refusal.empty()) return mail::failure(std::string(refusal));
  return AdmittedPost(*std::move(message), *host);
}

mail::Result<SigningKey> SigningKey::read(std::string_view pem, WallTime now) {
  const Certificate certificate = parse_certificate(pem);
  if (!certificate) return mail::failure("SNS's certificate is not a certificate in PEM.");
  if (!is_valid_at(certificate.get(), now))
    return mail::failure("SNS's certificate is not valid now; if it is, set this machine's clock.");
  std::shared_ptr<EVP_PKEY> key(X509_get_pubkey(certificate.get()), EVP_PKEY_free);
  ERR_clear_error();
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA ||
      EVP_PKEY_get_bits(key.get()) < least_key_bits)
    return mail::failure("SNS's certificate has no RSA key of 2048 bits or more.");
  return SigningKey(std::move(key));
}

bool SigningKey::signed_this(const SnsMessage& message) const {
  const EVP_MD* digest = digest_of(message.signature_version);
  const auto signature = smtp::base64_decode(message.signature);
  if (digest == nullptr || !signature) return false;
  const std::string text = string_to_sign(message);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  const bool holds =
      context && EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key_.get()) == 1 &&
      EVP_DigestVerify(
          context.get(), octets(*signature), signature->size(), octets(text), text.size()) == 1;
  ERR_clear_error();  // of a signature that does not hold, left for whoever looks next
  return holds;
}

std::string VerifiedMessage::confirmation_url() const {
  const SnsMessage& message = post_.message_;
  return subscribe_url(post_.host_, message.topic_arn, message.token);
}

mail::Result<VerifiedMessage> verify(AdmittedPost post, const SigningKey& key) {
  VerifiedMessage message(std::move(post));
  if (!key.signed_this(*message))
    return mail::failure(
        "The post's signature is not of SNS: somebody else wrote it, or changed it.");
  return message;
}

}  // namespace feedback
