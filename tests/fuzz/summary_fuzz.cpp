#include "policy/evaluate.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// Reads any octets as a message and judges it, strictly and with every option open.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(octets), size);
  policy::AppFacts app;
  app.name = "site";
  app.domains.push_back({.name = "example.com"});
  app.urgent_paths = {"/login/code/"};
  const policy::Summary strict = policy::summarise(message, app.rules, app.urgent_paths);
  const auto verdict = policy::judge_message(app, strict);
  if (verdict && policy::reply_to(*verdict, "reference").wire().size() >= 300) std::abort();
  if (!verdict && strict.from.empty()) std::abort();

  app.rules.attachments = {.refuse = true,
                           .inline_images = policy::InlineImages::any,
                           .calendar = policy::Calendar::any,
                           .signatures = policy::Signatures::detached,
                           .encrypted = policy::Encrypted::allow};
  const policy::Summary open = policy::summarise(message, app.rules);
  if (!verdict && policy::judge_message(app, open)) std::abort();
  return 0;
}
