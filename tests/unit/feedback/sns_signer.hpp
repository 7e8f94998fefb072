#pragma once

#include <boost/json/object.hpp>
#include <openssl/evp.h>

#include <chrono>
#include <memory>
#include <string>

/// Posts as SNS makes them, signed by a throw-away key; the string to sign is built here anew.
class SnsSigner {
 public:
  enum class Kind { rsa_2048, rsa_1024, elliptic };

  explicit SnsSigner(Kind kind = Kind::rsa_2048);

  /// A self-signed certificate of the key, in PEM, valid for that long around the moment.
  [[nodiscard]] std::string certificate(
      std::chrono::system_clock::time_point around,
      std::chrono::hours for_as_long = std::chrono::hours(1)) const;
  /// The post with its Signature, by its own SignatureVersion.
  [[nodiscard]] std::string post(boost::json::object members) const;

  /// Members of sound posts of the topic `arn:aws:sns:eu-west-1:111122223333:events`, of half past
  /// nine, signature version 2.
  [[nodiscard]] static boost::json::object notification();
  [[nodiscard]] static boost::json::object subscription();

 private:
  std::shared_ptr<EVP_PKEY> key_;
};
