#pragma once

#include "dkim/key.hpp"
#include "dkim/library.hpp"
#include "mail/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace dkim {

/// What a published record is to a private key.
enum class KeyMatch : std::uint8_t {
  same,        ///< signatures made with the key verify
  barred,      ///< the key is there, but another tag forbids its signatures: h=sha1, k=, s=, v=
  other_key,   ///< p= holds something else, a cut off piece of the key included
  revoked,     ///< p= is empty (RFC 6376 3.6.1)
  unreadable,  ///< no key record: not a list of tags, or without p=
};

struct KeyTest {
  KeyMatch match = KeyMatch::unreadable;
  std::string why;                 ///< one sentence with the mend; empty for `same`
  std::vector<std::string> notes;  ///< of `same`: what some receivers may stumble over, sentences
};

/// Tests whether the published key is the one that signs: signs a probe for the domain and
/// selector of `published` and lets libopendkim verify it with the record, so that every tag counts
/// as it does for a receiver. About 0.4 ms for RSA. (libopendkim's own dkim_test_key knows no
/// Ed25519, and passes an RSA key under h=sha1.)
///
/// The record may be any octets; no text of the result repeats them. Of a long record the first
/// PublishedKey::max_record octets count, as libopendkim reads an answer. Which of several records
/// counts is undefined (RFC 6376 3.6.2.2): whoever finds more than one decides before asking here.
/// A Failure means that the test could not be made and says nothing about the record. Thread-safe.
[[nodiscard]] mail::Result<KeyTest> test_published(Library& library,
                                                   const PrivateKey& key,
                                                   const PublishedKey& published);

}  // namespace dkim
