#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace spool {

// The store's bounds.
inline constexpr std::size_t most_key_octets = 255;  ///< of a kind, of a name
inline constexpr std::size_t most_body_octets = 256 << 10;
inline constexpr std::size_t most_documents = 65'000;
inline constexpr std::size_t most_writes = 2500;  ///< at once

/// A small fact that the relay keeps beside the mail: an app, a domain, an association, a token.
/// The store knows nothing of what is in it.
struct Document {
  std::string kind, name;     ///< together the key; most_key_octets each
  std::uint64_t version = 0;  ///< 1 when it is written first, one more with each write
  std::string body;           ///< JSON, at most most_body_octets
};

/// One change of a Document.
struct DocumentWrite {
  std::string kind, name;
  std::optional<std::string> body;  ///< none: remove it
  /// The version that it must have, 0 for none yet; nothing: whatever it has.
  std::optional<std::uint64_t> expected;
};

enum class Written : std::uint8_t {
  stored,    ///< all of them, on stable storage
  conflict,  ///< none: a document has not the version expected
  failed,    ///< none: the disk, or too many
};

/// Who changed what, and when. Of each text 2,000 octets are kept.
struct AuditRecord {
  std::uint64_t number = 0;  ///< given by the store, rising
  std::chrono::system_clock::time_point at{};
  std::string who;     ///< "admin socket, uid 0", "token of app shop", "configuration"
  std::string what;    ///< "domain add", "app block"
  std::string target;  ///< the name of the app, domain or token
  std::string detail;  ///< one sentence, no secret
};

struct AuditPage {
  std::string target;        ///< empty: any
  std::uint64_t before = 0;  ///< only numbers below this one; 0: the newest
  std::size_t limit = 100;   ///< at most 1000
};

}  // namespace spool
