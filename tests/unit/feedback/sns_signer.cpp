#include "sns_signer.hpp"

#include "relay/proto/base64.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdexcept>

namespace json = boost::json;

namespace {

std::string string_to_sign(const json::object& members) {
  std::string text;
  for (const char* name : {"Message",
                           "MessageId",
                           "Subject",
                           "SubscribeURL",
                           "Timestamp",
                           "Token",
                           "TopicArn",
                           "Type"}) {
    const json::value* value = members.if_contains(name);
    if (value == nullptr || !value->is_string()) continue;
    text.append(name).append("\n").append(value->get_string()).append("\n");
  }
  return text;
}

EVP_PKEY* generate(SnsSigner::Kind kind) {
  switch (kind) {
    case SnsSigner::Kind::rsa_2048:
      return EVP_RSA_gen(2048);
    case SnsSigner::Kind::rsa_1024:
      return EVP_RSA_gen(1024);
    case SnsSigner::Kind::elliptic:
      return EVP_EC_gen("P-256");
  }
  return nullptr;
}

json::object common() {
  return {{"MessageId", "f02ebad4-6380-5a07-a465-ef93967b0bd5"},
          {"TopicArn", "arn:aws:sns:eu-west-1:111122223333:events"},
          {"Timestamp", "2026-09-14T09:30:00.000Z"},
          {"SignatureVersion", "2"},
          {"SigningCertURL",
           "https://sns.eu-west-1.amazonaws.com/"
           "SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"}};
}

}  // namespace

SnsSigner::SnsSigner(Kind kind) : key_(generate(kind), EVP_PKEY_free) {}

std::string SnsSigner::certificate(std::chrono::system_clock::time_point around,
                                   std::chrono::hours for_as_long) const {
  using std::chrono::system_clock;
  const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), X509_free);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  ASN1_TIME_set(X509_getm_notBefore(made.get()), system_clock::to_time_t(around - for_as_long));
  ASN1_TIME_set(X509_getm_notAfter(made.get()), system_clock::to_time_t(around + for_as_long));
  X509_set_pubkey(made.get(), key_.get());
  X509_sign(made.get(), key_.get(), EVP_sha256());
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_X509(out.get(), made.get());
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

std::string SnsSigner::post(json::object members) const {
  const bool first = members.at("SignatureVersion") == "1";
  const std::string text = string_to_sign(members);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  std::string signature(1024, '\0');
  std::size_t length = signature.size();
  const bool done =
      EVP_DigestSignInit(
          context.get(), nullptr, first ? EVP_sha1() : EVP_sha256(), nullptr, key_.get()) == 1 &&
      EVP_DigestSign(context.get(),
                     reinterpret_cast<unsigned char*>(signature.data()),
                     &length,
                     reinterpret_cast<const unsigned char*>(text.data()),
                     text.size()) == 1;
  if (!done) throw std::runtime_error("cannot sign");
  signature.resize(length);
  members["Signature"] = smtp::base64_encode(signature);
  return json::serialize(members);
}

json::object SnsSigner::notification() {
  json::object members = common();
  members["Type"] = "Notification";
  members["Subject"] = "Amazon SES Email Event Notification";
  members["Message"] = "{\"eventType\":\"Send\"}\n";
  return members;
}

json::object SnsSigner::subscription() {
  json::object members = common();
  members["Type"] = "SubscriptionConfirmation";
  members["Token"] = "2336412f37fb687f5d51e6e2425ba1f25";
  members["Message"] = "You have chosen to subscribe.\nVisit the SubscribeURL.";
  members["SubscribeURL"] =
      "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&"
      "TopicArn=arn:aws:sns:eu-west-1:111122223333:events&Token=2336412f37fb687f5d51e6e2425ba1f25";
  return members;
}
