#include "relay/app/submission.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <string>

namespace app {
namespace {

using config::ListenerTls;
using config::SmtpListener;

boost::asio::ip::address address_of(const SmtpListener& listener) {
  return boost::asio::ip::make_address(listener.endpoint.address);
}

bool takes_password(const SmtpListener& listener) { return listener.app.empty(); }

bool reached_from_elsewhere(const SmtpListener& listener) {
  return takes_password(listener) && !address_of(listener).is_loopback();
}

/// As PHP wants an address before a port.
std::string literal(const boost::asio::ip::address& address) {
  return address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
}

const char* word(ListenerTls tls) {
  switch (tls) {
    case ListenerTls::none:
      return "none";
    case ListenerTls::starttls:
      return "starttls";
    case ListenerTls::implicit:
      break;
  }
  return "tls";
}

}  // namespace

std::optional<http::Submission> submission(const config::Config& settings) {
  const auto outer = std::ranges::find_if(settings.smtp, reached_from_elsewhere);
  const bool elsewhere = outer != settings.smtp.end();
  const auto chosen = elsewhere ? outer : std::ranges::find_if(settings.smtp, takes_password);
  if (chosen == settings.smtp.end()) return std::nullopt;
  return http::Submission{elsewhere ? settings.hostname : literal(address_of(*chosen)),
                          chosen->endpoint.port,
                          word(chosen->tls)};
}

}  // namespace app
