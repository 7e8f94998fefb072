#pragma once

#include "policy/domain_check.hpp"
#include "policy/dns_answer.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace policy {

enum class SigningMode : std::uint8_t {
  local,  ///< the relay signs
  ses,    ///< SES signs (Easy DKIM or BYODKIM); the relay only checks the CNAMEs
};

/// A key whose record is to be published.
struct SelectorSetup {
  std::string selector;
  std::string public_record;  ///< `v=DKIM1; k=rsa; p=…`
  bool signs = false;         ///< now; else it is the next one, or the last one on its way out
  bool removable = false;     ///< its record may go
};

/// How a sender domain is set up here: what its records follow from.
struct DomainSetup {
  std::string name;  ///< lower-case A-label
  SigningMode signing = SigningMode::local;
  std::vector<SelectorSetup> selectors;  ///< mode local
  std::vector<std::string> dkim_tokens;  ///< mode ses: the three of Easy DKIM; empty: not known yet
  std::string dkim_zone = "dkim.amazonses.com";  ///< under which SES publishes their keys
  std::string challenge;                         ///< value of the ownership record
  std::string mail_from;                         ///< custom MAIL FROM domain; empty: none
  std::string region;                            ///< of SES; empty: the upstream is not SES
  std::string report_address;                    ///< for rua= of a first DMARC record; may be empty
};

/// A record to publish, ready to paste.
struct WantedRecord {
  DomainCheck check{};
  std::string name;  ///< whole, without the last dot
  RecordType type{};
  std::string value;  ///< TXT: the whole text; CNAME: the target; MX: "10 host"
  std::uint32_t ttl = 3600;
  bool required = false;  ///< else advised
  std::string why;        ///< one sentence
};

}  // namespace policy
