#include "dkim/verifier.hpp"

#include "dkim/opendkim.hpp"

#include <span>
#include <string>

namespace dkim {
namespace {

using mail::failure;
using mail::Result;

DKIM_STAT feed(DKIM* message, std::string_view octets) {
  const DKIM_STAT status = dkim_chunk(message, octets_of(octets), octets.size());
  if (status != DKIM_STAT_OK) return status;
  if (const DKIM_STAT ended = dkim_chunk(message, nullptr, 0); ended != DKIM_STAT_OK) return ended;
  return dkim_eom(message, nullptr);
}

std::span<DKIM_SIGINFO* const> signatures(DKIM* message) {
  DKIM_SIGINFO** first = nullptr;
  int count = 0;
  if (dkim_getsiglist(message, &first, &count) != DKIM_STAT_OK || count <= 0) return {};
  return {first, static_cast<std::size_t>(count)};
}

std::string_view fault(DKIM_SIGINFO* signature) {
  if (dkim_sig_getbh(signature) == DKIM_SIGBH_MISMATCH) {
    return "the body is not the one that was signed";
  }
  return text_of(dkim_sig_geterrorstr(dkim_sig_geterror(signature)));
}

}  // namespace

Result<void> verify(Library& library, std::string_view octets, const PublishedKey& published) {
  if (published.record.size() > PublishedKey::max_record) {
    return failure(
        "The DKIM record is over 1024 octets: publish the one key of its selector, and nothing "
        "else.");
  }
  const Library::Handle handle = library.borrow();
  if (handle == nullptr) return failure("libopendkim cannot be opened: is memory left?");
  Arena arena;
  DKIM_STAT status = DKIM_STAT_OK;
  const Message message(dkim_verify(handle.get(), octets_of("postern"), &arena, &status));
  if (message == nullptr) return failure("libopendkim cannot verify: is memory left?");
  dkim_set_user_context(message.get(), const_cast<PublishedKey*>(&published));
  status = feed(message.get(), octets);

  const std::string who =
      std::string(published.domain) + " (selector " + std::string(published.selector) + ")";
  std::string_view why = "the message has none";
  for (DKIM_SIGINFO* signature : signatures(message.get())) {
    if (!is_by(signature, published)) continue;
    if (DKIM_SIG_CHECK(signature)) return {};
    why = fault(signature);
  }
  return failure("No valid signature of " + who + ": " + std::string(why) + ".");
}

}  // namespace dkim
