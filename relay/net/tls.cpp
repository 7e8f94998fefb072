#include "relay/net/tls.hpp"

#include "relay/net/tls_sessions.hpp"

#include <openssl/asn1.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <ctime>
#include <string>
#include <system_error>

namespace net {
namespace {

using boost::system::error_code;

std::shared_ptr<asio::ssl::context> context_of(asio::ssl::context::method method) {
  auto context = std::make_shared<asio::ssl::context>(method);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  context->set_options(SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  return context;
}

std::chrono::system_clock::time_point expiry(const X509* certificate) {
  std::tm end{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) return {};
  return std::chrono::system_clock::from_time_t(::timegm(&end));
}

std::string sentence(std::string_view what,
                     const std::filesystem::path& file,
                     std::string_view why) {
  return std::string(what) + " " + file.string() + " cannot be used (" + std::string(why) +
         "): give a PEM file that the relay may read.";
}

}  // namespace

mail::Result<ServerTls> server_tls(const std::filesystem::path& certificate,
                                   const std::filesystem::path& private_key) {
  auto context = context_of(asio::ssl::context::tls_server);
  error_code failed;
  context->use_certificate_chain_file(certificate.string(), failed);
  if (failed) return mail::failure(sentence("The TLS certificate", certificate, failed.message()));
  context->use_private_key_file(private_key.string(), asio::ssl::context::pem, failed);
  if (failed) return mail::failure(sentence("The TLS private key", private_key, failed.message()));
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
    return mail::failure("The TLS private key " + private_key.string() +
                         " does not belong to the certificate " + certificate.string() +
                         ": give the pair that was issued together.");
  }
  const std::string id = "postern";
  SSL_CTX_set_session_id_context(context->native_handle(),
                                 reinterpret_cast<const unsigned char*>(id.data()),
                                 static_cast<unsigned>(id.size()));
  const auto expires = expiry(SSL_CTX_get0_certificate(context->native_handle()));
  return ServerTls{std::move(context), expires};
}

TlsWritten tls_written(const std::filesystem::path& certificate,
                       const std::filesystem::path& private_key) {
  std::error_code gone;
  return {std::filesystem::last_write_time(certificate, gone),
          std::filesystem::last_write_time(private_key, gone)};
}

std::optional<std::chrono::system_clock::time_point> peer_expiry(const SSL* tls) {
  const X509* certificate = SSL_get0_peer_certificate(tls);
  return certificate ? std::optional(expiry(certificate)) : std::nullopt;
}

TlsContext unverifying_tls() { return context_of(asio::ssl::context::tls_client); }

mail::Result<TlsContext> client_tls(const std::filesystem::path& ca_file) {
  auto context = context_of(asio::ssl::context::tls_client);
  error_code failed;
  if (ca_file.empty()) {
    context->set_default_verify_paths(failed);
  } else {
    context->load_verify_file(ca_file.string(), failed);
  }
  if (failed)
    return mail::failure(sentence("The file of TLS authorities", ca_file, failed.message()));
  keep_sessions(context->native_handle());
  return TlsContext(std::move(context));
}

}  // namespace net
