#include "relay/net/tls_sessions.hpp"

#include <openssl/crypto.h>
#include <openssl/x509.h>

#include <algorithm>
#include <ctime>
#include <new>
#include <utility>

namespace net {
namespace {

/// Where a context holds its TlsSessions; OpenSSL frees them with the context.
int sessions_slot() {
  static const int slot = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* sessions, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<TlsSessions*>(sessions);
      });
  return slot;
}

/// Where a stream holds the name of its server.
int server_slot() {
  static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return slot;
}

TlsSessions* sessions_of(const SSL* stream) {
  return static_cast<TlsSessions*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(stream), sessions_slot()));
}

const std::string* server_of(const SSL* stream) {
  return static_cast<const std::string*>(SSL_get_ex_data(stream, server_slot()));
}

/// OpenSSL's callback: at the end of a handshake (TLS 1.2), or for each ticket that comes after it.
/// The stream goes on using and changing its session, so a copy is kept. Zero: `given` stays with
/// OpenSSL.
int session_given(SSL* stream, SSL_SESSION* given) {
  TlsSessions* sessions = sessions_of(stream);
  const std::string* server = server_of(stream);
  if (!sessions || !server) return 0;
  try {
    sessions->keep(*server, TlsSessions::Session(SSL_SESSION_dup(given)));
  } catch (const std::bad_alloc&) {
    sessions->forget(*server);  // nothing may pass through OpenSSL; handshakes will be full ones
  }
  return 0;
}

bool over(SSL_SESSION* session, std::time_t now) {
  const std::time_t since = SSL_SESSION_get_time(session);
  if (now < since || now - since >= SSL_SESSION_get_timeout(session)) return true;
  // A resumed session brings a new ticket, and so on: the certificate verified at first ends it.
  const X509* verified = SSL_SESSION_get0_peer(session);
  return verified && X509_cmp_time(X509_get0_notAfter(verified), &now) <= 0;
}

}  // namespace

void TlsSessions::keep(std::string server, Session session) {
  if (!session) return;
  const std::lock_guard lock(mutex_);
  if (kept_.size() == limit) kept_.pop_front();
  kept_.push_back(Kept{std::move(server), std::move(session)});
}

TlsSessions::Session TlsSessions::take(std::string_view server,
                                       std::chrono::system_clock::time_point now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const std::lock_guard lock(mutex_);
  std::erase_if(kept_, [seconds](const Kept& kept) { return over(kept.session.get(), seconds); });
  const auto newest = std::find_if(
      kept_.rbegin(), kept_.rend(), [server](const Kept& kept) { return kept.server == server; });
  if (newest == kept_.rend()) return nullptr;
  if (SSL_SESSION_get_protocol_version(newest->session.get()) < TLS1_3_VERSION)
    return Session(SSL_SESSION_dup(newest->session.get()));
  Session taken = std::move(newest->session);
  kept_.erase(std::next(newest).base());
  return taken;
}

void TlsSessions::forget(std::string_view server) {
  const std::lock_guard lock(mutex_);
  std::erase_if(kept_, [server](const Kept& kept) { return kept.server == server; });
}

void keep_sessions(SSL_CTX* context) {
  auto sessions = std::make_unique<TlsSessions>();
  if (SSL_CTX_set_ex_data(context, sessions_slot(), sessions.get()) != 1) throw std::bad_alloc();
  static_cast<void>(sessions.release());
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, session_given);
}

void offer_session(SSL* stream, const std::string& server) {
  TlsSessions* sessions = sessions_of(stream);
  if (!sessions || SSL_set_ex_data(stream, server_slot(), const_cast<std::string*>(&server)) != 1)
    return;
  const auto session = sessions->take(server, std::chrono::system_clock::now());
  // One that OpenSSL does not take means a full handshake.
  if (session) SSL_set_session(stream, session.get());
}

void forget_sessions(SSL* stream) {
  TlsSessions* sessions = sessions_of(stream);
  const std::string* server = server_of(stream);
  if (sessions && server) sessions->forget(*server);
}

}  // namespace net
