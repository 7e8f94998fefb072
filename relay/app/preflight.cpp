#include "relay/app/preflight.hpp"

#include "relay/app/dns_settings.hpp"
#include "relay/domains/dmarc_inquiry.hpp"
#include "relay/domains/dns/unbound_resolver.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace app {
namespace {

struct Asking {
  boost::asio::io_context context;
  std::unique_ptr<domains::UnboundResolver> resolver;
  std::unique_ptr<domains::DmarcInquiry> inquiry;
};

}  // namespace

mail::Result<Preflight> make_preflight(const config::Config& settings) {
  if (std::ranges::all_of(settings.domains, &config::Domain::trusted)) return Preflight();
  const auto asking = std::make_shared<Asking>();
  auto resolver = domains::UnboundResolver::make(asking->context.get_executor(),
                                                 resolver_options(settings.dns));
  if (!resolver) return resolver.error();
  asking->resolver = std::move(*resolver);
  asking->inquiry = std::make_unique<domains::DmarcInquiry>(asking->context,
                                                            *asking->resolver,
                                                            settings.domains,
                                                            region_of_ses(settings),
                                                            settings.dns.timeout);
  return Preflight([asking](policy::AppFacts& app, const policy::Summary& summary) {
    asking->inquiry->learn(app, summary);
  });
}

}  // namespace app
