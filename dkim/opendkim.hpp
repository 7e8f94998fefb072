#pragma once

#include "dkim/library.hpp"

// Two words of dkim.h do not suit us: C's bool, and a struct named as our namespace.
#define _Bool bool  // NOLINT(bugprone-reserved-identifier)
#define dkim opendkim_message
#include <opendkim/dkim.h>
#undef dkim
#undef _Bool

#include <openssl/crypto.h>

#include <cstddef>
#include <memory>
#include <memory_resource>
#include <string_view>

namespace dkim {

/// Heap memory that is overwritten before it is given back: libopendkim copies the key's text.
class WipedMemory : public std::pmr::memory_resource {
 private:
  void* do_allocate(std::size_t size, std::size_t alignment) override {
    return std::pmr::new_delete_resource()->allocate(size, alignment);
  }
  void do_deallocate(void* memory, std::size_t size, std::size_t alignment) override {
    OPENSSL_cleanse(memory, size);
    std::pmr::new_delete_resource()->deallocate(memory, size, alignment);
  }
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
    return this == &other;
  }
};

/// The memory of one DKIM object (its `memclosure`), given back all at once: libopendkim 2.11
/// forgets a part of it.
class Arena {
 public:
  [[nodiscard]] void* allocate(std::size_t size) noexcept;

 private:
  static constexpr std::size_t first_block = 16384;

  WipedMemory wiped_;
  std::pmr::monotonic_buffer_resource blocks_{first_block, &wiped_};
};

struct FreeMessage {
  void operator()(DKIM* message) const noexcept { dkim_free(message); }
};
using Message = std::unique_ptr<DKIM, FreeMessage>;

/// libopendkim takes octets as mutable and copies them.
[[nodiscard]] inline unsigned char* octets_of(std::string_view text) noexcept {
  return reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
}
[[nodiscard]] inline std::string_view text_of(const void* text) noexcept {
  return text == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(text));
}

/// The signature names the domain and selector of this key.
[[nodiscard]] bool is_by(DKIM_SIGINFO* signature, const PublishedKey& published);

}  // namespace dkim
