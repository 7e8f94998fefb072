#include "relay/delivery/prepare.hpp"

#include "dkim/mend.hpp"
#include "relay/delivery/date_time.hpp"
#include "relay/proto/data_framing.hpp"

namespace delivery {
namespace {

/// What SES is told beside the message: where its events go, and how they find the entry again.
std::vector<std::pair<std::string, std::string>> tags(const spool::Entry& entry,
                                                      const Keyring& keyring,
                                                      const config::Upstream& upstream) {
  std::vector<std::pair<std::string, std::string>> fields;
  if (upstream.kind != config::UpstreamKind::ses) return fields;
  const auto own = keyring.configuration_sets.find(entry.app);
  const std::string& set =
      own == keyring.configuration_sets.end() ? upstream.configuration_set : own->second;
  if (!set.empty()) fields.emplace_back("X-SES-CONFIGURATION-SET", set);
  fields.emplace_back("X-SES-MESSAGE-TAGS",
                      "postern_app=" + entry.app + ", postern_id=" + entry.id.text());
  return fields;
}

}  // namespace

const dkim::Signer* Keyring::signer(std::string_view domain) const {
  const auto found = signers.find(domain);
  return found == signers.end() ? nullptr : found->second.get();
}

mail::Result<std::string> prepare(const spool::Job& job,
                                  const Keyring& keyring,
                                  const config::Upstream& upstream,
                                  std::chrono::system_clock::time_point now) {
  const dkim::Signer* signer = keyring.signer(job.entry.domain);
  if (!signer) {
    return mail::failure("No DKIM key signs for " + job.entry.domain +
                         ": add the domain to the configuration again, or drop the message.");
  }
  dkim::MendFacts facts;
  facts.date = date_time(job.entry.accepted_at);
  facts.message_id_host = job.entry.domain;
  facts.queue_id = job.entry.id.text();
  facts.added = tags(job.entry, keyring, upstream);
  const auto mended = dkim::mend(*job.octets, facts);
  if (!mended) return mended.error();
  const auto signature = signer->sign(*mended, now);
  if (!signature) return signature.error();
  return mail::Result<std::string>(boost::system::in_place_value,
                                   smtp::frame(*signature + *mended));
}

}  // namespace delivery
