#include "dkim/pem_cache.hpp"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace dkim {
namespace {

class Table {
 public:
  std::shared_ptr<const ParsedKey> share(const std::shared_ptr<const ParsedKey>& fresh) {
    const std::scoped_lock lock(mutex_);
    const auto found = keys_.find(fresh->pem());
    if (found != keys_.end()) {
      if (auto living = found->second.lock()) return living;
      keys_.erase(found);
    }
    if (keys_.size() == max_parsed_keys) return nullptr;
    keys_.emplace(fresh->pem(), fresh);
    return fresh;
  }

  /// Called by a dying key, whose text the table's view may still point to.
  void forget(const std::string& pem) noexcept {
    const std::scoped_lock lock(mutex_);
    const auto found = keys_.find(pem);
    if (found != keys_.end() && found->first.data() == pem.data()) keys_.erase(found);
  }

  std::shared_ptr<const ParsedKey> find(std::string_view pem) {
    const std::shared_lock lock(mutex_);
    const auto found = keys_.find(pem);
    return found == keys_.end() ? nullptr : found->second.lock();
  }

  std::atomic<std::uint64_t> hits = 0;

 private:
  std::shared_mutex mutex_;
  std::unordered_map<std::string_view, std::weak_ptr<const ParsedKey>> keys_;
};

/// Never destroyed: a key in some static object may die later than it would.
Table& table() {
  static Table& only = *new Table;
  return only;
}

/// What is left to read of a memory BIO; empty for any other kind.
std::string_view rest_of(BIO* bio) {
  if (bio == nullptr || BIO_method_type(bio) != BIO_TYPE_MEM) return {};
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio, &text);
  return length > 0 ? std::string_view(text, static_cast<std::size_t>(length)) : std::string_view();
}

EVP_PKEY* answer_from_table(BIO* bio) {
  const std::string_view text = rest_of(bio);
  if (text.empty()) return nullptr;
  const auto known = table().find(text);
  if (known == nullptr) return nullptr;
  table().hits.fetch_add(1, std::memory_order_relaxed);
  // libopendkim 2.11 frees the RSA keys it gets and forgets the Ed25519 ones (dkim_free looks at
  // the key type), so an Ed25519 key is lent without a reference of its own: who signs holds this
  // very ParsedKey for as long.
  if (EVP_PKEY_get_base_id(known->key()) != EVP_PKEY_ED25519) EVP_PKEY_up_ref(known->key());
  return known->key();
}

}  // namespace

ParsedKey::ParsedKey(std::string pem, evp_pkey_st* key) noexcept
    : pem_(std::move(pem)), key_(key) {}

ParsedKey::~ParsedKey() {
  table().forget(pem_);
  EVP_PKEY_free(key_);
  OPENSSL_cleanse(pem_.data(), pem_.size());
}

std::shared_ptr<const ParsedKey> share_parsed_key(std::string pem, evp_pkey_st* key) {
  const auto fresh = std::make_shared<const ParsedKey>(std::move(pem), key);
  return table().share(fresh);
}

std::uint64_t pem_cache_hits() noexcept { return table().hits.load(std::memory_order_relaxed); }

}  // namespace dkim

/// Stands before libcrypto's function of this name for every shared library of the process.
extern "C" __attribute__((visibility("default"))) EVP_PKEY* PEM_read_bio_PrivateKey(
    BIO* bio, EVP_PKEY** key, pem_password_cb* callback, void* callback_argument) {
  if (key == nullptr && callback == nullptr && callback_argument == nullptr) {
    if (EVP_PKEY* known = dkim::answer_from_table(bio)) return known;
  }
  return PEM_read_bio_PrivateKey_ex(bio, key, callback, callback_argument, nullptr, nullptr);
}
