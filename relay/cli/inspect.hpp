#pragma once

#include "policy/envelope.hpp"
#include "policy/evaluate.hpp"
#include "policy/facts.hpp"
#include "policy/summary.hpp"
#include "relay/cli/run.hpp"

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// What a message is judged by. What is left out is not judged.
struct Question {
  policy::AppFacts app;
  bool judge_sender = true;  ///< false: every domain of the message counts as the app's own
  std::optional<std::string> reverse_path;  ///< "" is the null path
  std::vector<std::string> forward_paths;
  Preflight preflight;  ///< empty: nothing is known of DMARC
};

struct Inspection {
  std::string file;
  bool sender_judged = true;
  policy::Verdict refusal;
  policy::Summary summary;
  std::optional<policy::DmarcJudgement> dmarc;
  std::string dmarc_silent;  ///< a From domain of which DNS did not say what applies; or empty
};

/// The octets of a message from those of a file: without any CRLF, LF is the line end.
[[nodiscard]] std::string message_of_file(std::string octets);

/// Judges a message as a session would: at MAIL, at each RCPT, at DATA, at the end of data; the
/// first refusal counts.
[[nodiscard]] Inspection inspect(std::string file, std::string_view message, Question question);

/// Verdict, reason, reply, how it aligns, one row a part. Every foreign octet is made harmless for
/// a terminal.
void print_table(std::ostream& out, const Inspection& inspection);

/// One JSON object in one line: file, verdict, reason, reply, evidence, dmarc (null where it is not
/// known), parts.
void print_json(std::ostream& out, const Inspection& inspection);

}  // namespace cli
