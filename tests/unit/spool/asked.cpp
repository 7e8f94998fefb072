#include "tests/unit/spool/asked.hpp"

#include <unistd.h>

#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>
#include <utility>

namespace asked {
namespace {

constexpr std::chrono::seconds patience{30};

/// Calls `ask` with a callback and waits for what it is called with.
template <class Answer, class Ask>
Answer await(const Ask& ask) {
  auto promise = std::make_shared<std::promise<Answer>>();
  auto future = promise->get_future();
  ask([promise](Answer answer) { promise->set_value(std::move(answer)); });
  if (future.wait_for(patience) != std::future_status::ready)
    throw std::runtime_error("the store did not answer");
  return future.get();
}

}  // namespace

TempDir::TempDir(std::filesystem::path parent) {
  if (parent.empty()) parent = std::filesystem::temp_directory_path();
  auto name = (parent / "postern-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory at " + name);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code left_behind;
  std::filesystem::remove_all(path_, left_behind);
}

spool::SqliteOptions options_in(const std::filesystem::path& directory) {
  spool::SqliteOptions options;
  options.directory = directory;
  options.reserve = 0;
  options.retry_after = std::chrono::milliseconds(20);
  return options;
}

spool::OpenedStore open(spool::SqliteOptions options, spool::WallTime now) {
  auto opened = spool::open_sqlite(std::move(options), now);
  return std::move(opened.value());
}

spool::Job message(std::uint32_t number, std::size_t octets) {
  const auto text = std::to_string(number);
  spool::Job job;
  auto& entry = job.entry;
  entry.id =
      spool::QueueId::make(noon.time_since_epoch() / std::chrono::milliseconds(1) + number, number);
  entry.app = "shop";
  entry.domain = "example.com";
  entry.envelope = {"bounce@example.com", {"user" + text + "@example.net", "all@example.org"}};
  entry.message_id = "<" + text + "@example.com>";
  entry.accepted_at = entry.next_attempt = noon;
  std::string content = "Subject: " + text + "\r\n\r\n";
  while (content.size() < octets) content += text + " bottles of beer on the wall\r\n";
  entry.size = content.size();
  job.octets = std::make_shared<const std::string>(std::move(content));
  return job;
}

spool::Change change(spool::QueueId id,
                     spool::State to,
                     policy::EventKind kind,
                     spool::WallTime at) {
  spool::Change change;
  change.id = id;
  change.to = to;
  change.next_attempt = at;
  change.event.kind = kind;
  change.event.at = at;
  return change;
}

spool::Change mark(spool::QueueId id, spool::WallTime until) {
  auto mark = change(id, spool::State::in_doubt, policy::EventKind::in_doubt, until);
  mark.keeps_lease = true;
  return mark;
}

spool::Job urgent(std::uint32_t number, const std::string& recipient) {
  auto job = message(number);
  job.entry.urgent = true;
  job.entry.envelope.forward_paths = {recipient};
  return job;
}

spool::Job repeatable(spool::Job job, std::uint8_t key, spool::WallTime since) {
  job.repeat.emplace();
  job.repeat->key.fill(key);
  job.repeat->since = since;
  return job;
}

spool::AuditRecord done_to(std::string target, std::string detail) {
  return {0, noon, "admin socket, uid 0", "change", std::move(target), std::move(detail)};
}

std::string told(const std::vector<spool::Document>& documents) {
  std::string text;
  for (const auto& [kind, name, version, body] : documents)
    text +=
        (text.empty() ? "" : "; ") + kind + "/" + name + " " + std::to_string(version) + " " + body;
  return text;
}

std::string told(const std::vector<spool::AuditRecord>& records) {
  std::string text;
  for (const auto& record : records)
    text += (text.empty() ? "" : "; ") + std::to_string(record.number) + " " + record.target +
            ": " + record.detail;
  return text;
}

spool::Acceptance answer_to(spool::Store& store, spool::Job job, bool lease) {
  return await<spool::Acceptance>(
      [&](auto done) { store.accept(std::move(job), lease, std::move(done)); });
}

spool::Accepted accept(spool::Store& store, spool::Job job, bool lease) {
  return answer_to(store, std::move(job), lease).outcome;
}

bool change(spool::Store& store, spool::Change change) {
  return await<bool>([&](auto done) { store.change(std::move(change), std::move(done)); });
}

spool::Ordered order(spool::Store& store, spool::Order order) {
  return await<spool::Ordered>([&](auto done) { store.order(std::move(order), std::move(done)); });
}

std::vector<spool::Job> lease(spool::Store& store, spool::Wanted wanted) {
  return await<std::vector<spool::Job>>(
      [&](auto done) { store.lease(std::move(wanted), std::move(done)); });
}

std::vector<spool::Job> lease(spool::Store& store,
                              spool::WallTime now,
                              std::size_t most,
                              std::uint64_t most_octets) {
  return lease(store, spool::Wanted{now, most, most, most_octets, {}});
}

std::vector<spool::Job> lease_held(spool::Store& store,
                                   policy::Reason reason,
                                   const std::string& domain,
                                   spool::QueueId after,
                                   const std::vector<std::string>& apps) {
  return await<std::vector<spool::Job>>(
      [&](auto done) { store.lease_held(reason, domain, apps, after, std::move(done)); });
}

std::string backup(spool::Store& store, const std::filesystem::path& file) {
  return await<std::string>([&](auto done) {
    store.backup(file, [done](mail::Result<void> made) mutable {
      done(made ? "" : made.error().sentence());
    });
  });
}

spool::Written write(spool::Store& store,
                     std::vector<spool::DocumentWrite> writes,
                     std::optional<spool::AuditRecord> audit) {
  return await<spool::Written>(
      [&](auto done) { store.write(std::move(writes), std::move(audit), std::move(done)); });
}

std::vector<spool::AuditRecord> audit(spool::Store& store, spool::AuditPage page) {
  return await<std::vector<spool::AuditRecord>>(
      [&](auto done) { store.audit(std::move(page), std::move(done)); });
}

std::optional<spool::WallTime> next_due(spool::Store& store) {
  return await<std::optional<spool::WallTime>>([&](auto done) { store.next_due(std::move(done)); });
}

std::vector<spool::Entry> list(spool::Store& store, spool::Filter filter) {
  return await<std::vector<spool::Entry>>(
      [&](auto done) { store.list(std::move(filter), std::move(done)); });
}

std::vector<spool::Trace> trace(spool::Store& store,
                                const std::string& word,
                                const std::string& app) {
  return await<std::vector<spool::Trace>>(
      [&](auto done) { store.trace(word, app, std::move(done)); });
}

std::vector<spool::NumberedRefusal> refusals(spool::Store& store,
                                             std::int64_t after,
                                             std::int64_t until,
                                             std::size_t limit) {
  return await<std::vector<spool::NumberedRefusal>>(
      [&](auto done) { store.refusals(after, until, limit, done); });
}

spool::Octets octets(spool::Store& store, spool::QueueId id) {
  return await<spool::Octets>([&](auto done) { store.octets(id, std::move(done)); });
}

spool::Counts counts(spool::Store& store) {
  return await<spool::Counts>([&](auto done) { store.counts(std::move(done)); });
}

std::optional<spool::Entry> entry(spool::Store& store, spool::QueueId id) {
  const auto found = trace(store, id.text());
  return found.empty() ? std::nullopt : found.front().entry;
}

std::string timeline(spool::Store& store, spool::QueueId id) {
  std::string words;
  for (const auto& found : trace(store, id.text()))
    for (const auto& event : found.timeline)
      words += (words.empty() ? "" : " ") + std::string(policy::word(event.kind));
  return words;
}

bool becomes(const std::function<bool()>& so) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!so()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace asked
