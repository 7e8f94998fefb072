#include "mail/header_fields.hpp"
#include "relay/sendmail/arguments.hpp"
#include "relay/sendmail/input.hpp"
#include "relay/sendmail/message.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// The words ahead of an empty one, each ended by NUL; `text` keeps the rest.
std::vector<std::string> take_words(std::string_view& text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find('\0'));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word.empty()) break;
    words.emplace_back(word);
  }
  return words;
}

bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace

// Any arguments and message: no line end gets into the envelope, no Bcc goes out, and what was
// prepared is complete: preparing it again changes nothing, unless its header has become too long.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(octets), size);
  const std::vector<std::string> words = take_words(text);
  std::vector<const char*> argv;
  for (const std::string& word : words) argv.push_back(word.c_str());
  const auto request = sendmail::read_arguments(argv);
  if (!request) return 0;

  sendmail::MessageInput input(request->dot_ends);
  input.feed(text.substr(0, text.size() / 2));
  input.feed(text.substr(text.size() / 2));
  sendmail::Settings settings;
  settings.domain = "example.com";
  const sendmail::Circumstances now{"Sun, 22 Nov 2026 10:00:00 +0000", "1.a", "web1", "www-data"};
  const auto outgoing = sendmail::prepare(*request, settings, now, input.take());
  if (!outgoing) return 0;

  const auto& paths = outgoing->envelope.forward_paths;
  if (!is_one_line(outgoing->envelope.reverse_path) || !std::ranges::all_of(paths, is_one_line))
    std::abort();
  const auto header = mail::read_header_section(outgoing->octets);
  if (header.find("Bcc") != nullptr || header.find("From") == nullptr) std::abort();
  sendmail::Request again;
  again.recipients = {"a@example.net"};
  const auto second = sendmail::prepare(again, settings, now, outgoing->octets);
  if (second && second->octets != outgoing->octets) std::abort();
  return 0;
}
