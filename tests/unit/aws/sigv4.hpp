#pragma once

#include <map>
#include <string>
#include <string_view>

/// What a request must be signed with, computed as AWS documents Signature Version 4; nothing of it
/// comes from libcurl.
struct SignedParts {
  std::string method, path, body;
  std::map<std::string, std::string> headers;  ///< those signed, names in lower case
  std::string secret, region, service;
};

/// The signature in hexadecimal; the time is that of the x-amz-date header.
std::string sigv4_signature(const SignedParts& parts);
