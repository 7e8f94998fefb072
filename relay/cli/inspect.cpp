#include "relay/cli/inspect.hpp"

#include "policy/reply.hpp"
#include "relay/cli/shown.hpp"
#include "relay/observe/escape.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace cli {
namespace {

/// The first refusal that a session would give, in the order in which it would come.
policy::Verdict judge(const Question& question, const policy::Summary& summary) {
  if (question.reverse_path)
    if (auto refusal = policy::judge_mail(question.app, *question.reverse_path, 0)) return refusal;
  for (const std::string& path : question.forward_paths)
    if (auto refusal = policy::judge_recipient(path)) return refusal;
  const policy::Envelope envelope{question.reverse_path.value_or(""), question.forward_paths};
  if (!envelope.forward_paths.empty())
    if (auto refusal = policy::judge_data(question.app, envelope)) return refusal;
  return policy::judge_message(question.app, summary);
}

void own_every_domain(Question& question, const policy::Summary& summary) {
  const auto own = [&question](const std::string& domain) {
    question.app.domains.push_back({domain, false, policy::DomainStatus::verified});
  };
  for (const policy::Address& address : summary.from) own(address.domain);
  for (const policy::Address& address : summary.sender) own(address.domain);
  if (question.reverse_path)
    if (const auto path = policy::parse_path(*question.reverse_path)) own(path->domain);
}

/// A domain in From that DNS was asked about and kept silent on.
std::string silent_from(const policy::AppFacts& app, const policy::Summary& summary) {
  for (const policy::Address& address : summary.from) {
    const policy::SenderDomain* covering = policy::covering_domain(app, address.domain);
    if (covering == nullptr) continue;
    const auto facts = covering->dmarc.find(address.domain);
    if (facts != covering->dmarc.end() && !facts->second.known) return address.domain;
  }
  return {};
}

std::string_view policy_word(const policy::DmarcJudgement& judgement) {
  return judgement.published ? policy::word(judgement.policy) : std::string_view();
}

void print_sight(std::ostream& out, const Inspection& inspection) {
  const auto line = [&out](const std::string& from, const std::string& sight) {
    out << "  dmarc     " << observe::escaped(from) << ": " << sight << '\n';
  };
  if (const auto& judgement = inspection.dmarc)
    line(judgement->from_domain,
         alignment(policy_word(*judgement), judgement->by_dkim, judgement->by_spf));
  else if (!inspection.dmarc_silent.empty())
    line(inspection.dmarc_silent, "DNS has not said what applies");
}

boost::json::value sight_of(const policy::DmarcJudgement& judgement) {
  boost::json::object sight{{"from_domain", judgement.from_domain}, {"policy", nullptr}};
  if (judgement.published) sight["policy"] = policy::word(judgement.policy);
  sight["by_dkim"] = judgement.by_dkim;
  sight["by_spf"] = judgement.by_spf;
  return sight;
}

/// The reply as a session would give it, without its line end; there is no event number to name.
std::string reply_line(const policy::Refusal& refusal) {
  std::string line = policy::reply_to(refusal, "inspect").wire();
  line.erase(line.find_last_not_of("\r\n") + 1);
  return line;
}

std::size_t widest(const std::vector<policy::Part>& parts,
                   std::string policy::Part::*member,
                   std::size_t least) {
  for (const policy::Part& part : parts) least = std::max(least, (part.*member).size());
  return least;
}

void print_parts(std::ostream& out, const std::vector<policy::Part>& parts) {
  const std::size_t path_width = widest(parts, &policy::Part::path, 4);
  const std::size_t type_width = widest(parts, &policy::Part::type, 4);
  const auto row = [&](std::string_view path,
                       std::string_view type,
                       std::string_view size,
                       std::string_view role,
                       std::string_view name) {
    std::string line = fmt::format("  {:<{}}  {:<{}}  {:>9}  {:<12}  {}",
                                   path,
                                   path_width,
                                   type,
                                   type_width,
                                   size,
                                   role,
                                   name);
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  };
  if (!parts.empty()) row("part", "type", "size", "role", "name");
  for (const policy::Part& part : parts)
    row(part.path,
        observe::escaped(part.type),
        std::to_string(part.size),
        policy::word(part.role),
        observe::escaped(part.name));
}

}  // namespace

std::string message_of_file(std::string octets) {
  if (octets.find("\r\n") != std::string::npos) return octets;
  std::string message;
  message.reserve(octets.size() + octets.size() / 32);
  for (const char c : octets) {
    if (c == '\n') message += '\r';
    message += c;
  }
  return message;
}

Inspection inspect(std::string file, std::string_view message, Question question) {
  const bool normalise = question.app.rules.line_ends == policy::LineEnds::normalise;
  const std::string normalised = normalise ? policy::normalise_line_ends(message) : std::string();
  Inspection inspection;
  inspection.file = std::move(file);
  inspection.sender_judged = question.judge_sender;
  inspection.summary = policy::summarise(normalise ? normalised : message, question.app.rules);
  if (!question.judge_sender) own_every_domain(question, inspection.summary);
  if (question.preflight) question.preflight(question.app, inspection.summary);
  inspection.refusal = judge(question, inspection.summary);
  inspection.dmarc = policy::dmarc_sight(question.app, inspection.summary);
  inspection.dmarc_silent = silent_from(question.app, inspection.summary);
  return inspection;
}

void print_table(std::ostream& out, const Inspection& inspection) {
  const policy::Verdict& refusal = inspection.refusal;
  out << observe::escaped(inspection.file) << ": " << (refusal ? "refuse" : "accept") << '\n';
  if (refusal) {
    out << "  reason    " << policy::word(refusal->reason) << '\n'
        << "  reply     " << reply_line(*refusal) << '\n';
    if (!refusal->evidence.empty())
      out << "  evidence  " << observe::escaped(refusal->evidence, 200) << '\n';
  }
  print_sight(out, inspection);
  if (!inspection.sender_judged)
    out << "  note      the sender's domains are not judged: name them by --app or --domain\n";
  print_parts(out, inspection.summary.parts);
}

void print_json(std::ostream& out, const Inspection& inspection) {
  const auto text = [](std::string_view foreign) {
    return boost::json::string(observe::valid_utf8(foreign));
  };
  const policy::Verdict& refusal = inspection.refusal;
  boost::json::array parts;
  for (const policy::Part& part : inspection.summary.parts)
    parts.push_back({{"path", part.path},
                     {"type", text(part.type)},
                     {"name", text(part.name)},
                     {"size", part.size},
                     {"role", policy::word(part.role)}});
  boost::json::object object{{"file", text(inspection.file)},
                             {"verdict", refusal ? "refuse" : "accept"}};
  object["reason"] = refusal ? boost::json::value(policy::word(refusal->reason)) : nullptr;
  object["reply"] = refusal ? boost::json::value(reply_line(*refusal)) : nullptr;
  object["evidence"] = refusal ? text(refusal->evidence) : text("");
  object["dmarc"] = inspection.dmarc ? sight_of(*inspection.dmarc) : nullptr;
  object["parts"] = std::move(parts);
  out << observe::printable_json(boost::json::serialize(object)) << '\n';
}

}  // namespace cli
