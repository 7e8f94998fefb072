#pragma once

#include "mail/result.hpp"
#include "relay/config/config.hpp"
#include "relay/delivery/courier.hpp"
#include "relay/net/published.hpp"
#include "relay/net/tls.hpp"

#include <boost/asio/thread_pool.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace app {

/// The upstreams of the configuration, in its order: the settings and the TLS context of each,
/// which a reload replaces, and the way to open connections to it.
class Upstreams {
 public:
  using Settings = std::vector<std::shared_ptr<const config::Upstream>>;

  /// A Failure names the CA file that cannot be used.
  static mail::Result<std::unique_ptr<Upstreams>> make(const Settings& settings,
                                                       std::string hostname);
  ~Upstreams();

  [[nodiscard]] std::vector<delivery::Route*> routes();

  /// TLS contexts for changed settings, as many and in the same order as before; nothing is
  /// replaced yet.
  [[nodiscard]] static mail::Result<std::vector<net::TlsContext>> contexts(
      const Settings& settings);
  void replace(const Settings& settings, std::vector<net::TlsContext> contexts);

 private:
  struct Each;
  explicit Upstreams(std::string hostname);
  [[nodiscard]] delivery::Connect connector(const Each& each) const;

  std::string hostname_;
  std::shared_ptr<net::asio::thread_pool> files_;  ///< capture only
  std::vector<std::unique_ptr<Each>> each_;
};

}  // namespace app
