#include "relay/delivery/prepare.hpp"

#include "dkim/mend.hpp"
#include "mail/date_time.hpp"
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
  std::string text = "postern_id=" + entry.id.text();
  if (!entry.app.empty()) text.insert(0, "postern_app=" + entry.app + ", ");
  if (!keyring.relay_tag.empty()) text += ", postern_relay=" + keyring.relay_tag;
  fields.emplace_back("X-SES-MESSAGE-TAGS", std::move(text));
  return fields;
}

}  // namespace

std::optional<policy::Reason> Keyring::standing(std::string_view app,
                                                std::string_view domain,
                                                std::uint64_t association) const {
  if (blocked.contains(app)) return policy::Reason::blocked;
  const auto found = domains.find(domain);
  if (found == domains.end() || !found->second.may_send ||
      (association != 0 && !associations.contains(association)))
    return policy::Reason::domain;
  if (!found->second.signer && !found->second.by_upstream) return policy::Reason::signing;
  return std::nullopt;
}

mail::Result<std::string> prepare(const spool::Job& job,
                                  const Keyring& keyring,
                                  const config::Upstream& upstream,
                                  std::chrono::system_clock::time_point now) {
  const auto signing = keyring.domains.find(job.entry.domain);
  if (signing == keyring.domains.end())
    return mail::failure("There is no domain " + job.entry.domain +
                         " any more: add it again, or drop the message.");
  const dkim::Signer* signer = signing->second.signer.get();
  if (signer == nullptr && !signing->second.by_upstream)
    return mail::failure(signing->second.unsigned_why);
  dkim::MendFacts facts;
  facts.date = mail::date_time(job.entry.accepted_at);
  facts.message_id_host = job.entry.domain;
  facts.queue_id = job.entry.id.text();
  facts.added = tags(job.entry, keyring, upstream);
  const auto mended = dkim::mend(*job.octets, facts);
  if (!mended) return mended.error();
  if (signer == nullptr)
    return mail::Result<std::string>(boost::system::in_place_value, smtp::frame(*mended));
  const auto signature = signer->sign(*mended, now);
  if (!signature) return signature.error();
  return mail::Result<std::string>(boost::system::in_place_value,
                                   smtp::frame(*signature + *mended));
}

}  // namespace delivery
