#include "dkim/library.hpp"

#include "dkim/header_policy.hpp"
#include "dkim/opendkim.hpp"
#include "mail/header_fields.hpp"

#include <array>
#include <cstring>
#include <new>
#include <stdexcept>

namespace dkim {
namespace {

void* allocate(void* arena, std::size_t size) { return static_cast<Arena*>(arena)->allocate(size); }
void leave_to_the_arena(void* /*arena*/, void* /*memory*/) {}

DKIM_CBSTAT published_key(DKIM* message, DKIM_SIGINFO* signature, u_char* buffer, size_t size) {
  const auto* published = static_cast<const PublishedKey*>(dkim_get_user_context(message));
  if (published == nullptr || !is_by(signature, *published)) return DKIM_CBSTAT_NOTFOUND;
  if (published->record.size() >= size) return DKIM_CBSTAT_ERROR;  // verify() refused it before
  std::memcpy(buffer, published->record.data(), published->record.size());
  buffer[published->record.size()] = '\0';
  return DKIM_CBSTAT_CONTINUE;
}

bool set_up(DKIM_LIB* handle) {
  std::array<const char*, oversigned_fields.size() + 1> names{};  // ends with a null pointer
  for (std::size_t i = 0; i < oversigned_fields.size(); ++i) names[i] = oversigned_fields[i].data();
  return dkim_set_key_lookup(handle, published_key) == DKIM_STAT_OK &&
         dkim_options(
             handle, DKIM_OP_SETOPT, DKIM_OPTS_OVERSIGNHDRS, names.data(), sizeof(char**)) ==
             DKIM_STAT_OK;
}

DKIM_LIB* open_handle() {
  DKIM_LIB* handle = dkim_init(allocate, leave_to_the_arena);
  if (handle != nullptr && !set_up(handle)) {
    dkim_close(handle);
    return nullptr;
  }
  return handle;
}

}  // namespace

bool is_by(DKIM_SIGINFO* signature, const PublishedKey& published) {
  return mail::equals_ignoring_case(text_of(dkim_sig_getdomain(signature)), published.domain) &&
         mail::equals_ignoring_case(text_of(dkim_sig_getselector(signature)), published.selector);
}

void* Arena::allocate(std::size_t size) noexcept {
  try {
    return blocks_.allocate(size);
  } catch (const std::bad_alloc&) {
    return nullptr;  // libopendkim is C: it takes null for an answer
  }
}

Library::Library() {
  idle_.reserve(max_idle_handles);
  const Handle first = borrow();
  if (first == nullptr) throw std::runtime_error("libopendkim cannot be opened: is memory left?");
  if (!dkim_libfeature(first.get(), DKIM_FEATURE_SHA256)) {
    throw std::runtime_error("libopendkim lacks SHA-256: install Debian's libopendkim11.");
  }
}

Library::~Library() {
  for (DKIM_LIB* handle : idle_) dkim_close(handle);
}

Library::Handle Library::borrow() {
  {
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      DKIM_LIB* handle = idle_.back();
      idle_.pop_back();
      return Handle(handle, Return{this});
    }
  }
  return Handle(open_handle(), Return{this});
}

std::size_t Library::idle_handles() const {
  const std::scoped_lock lock(mutex_);
  return idle_.size();
}

void Library::take_back(dkim_lib* handle) noexcept {
  const std::scoped_lock lock(mutex_);
  if (idle_.size() < max_idle_handles) {
    idle_.push_back(handle);
  } else {
    dkim_close(handle);
  }
}

}  // namespace dkim
