#pragma once

#include "relay/spool/sqlite_store.hpp"
#include "relay/spool/store.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The store's questions as plain calls that wait for the answer, and the messages they are asked
/// with.
namespace asked {

/// A directory that goes with its object.
class TempDir {
 public:
  /// Below `parent`, or below the system's folder for such.
  explicit TempDir(std::filesystem::path parent = {});
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

/// 2026-01-01T00:00:00Z: the tests' now.
inline constexpr spool::WallTime noon{std::chrono::milliseconds(1'767'225'600'000)};

/// Options without a reserve on the disk, and with little patience for a failing one.
spool::SqliteOptions options_in(const std::filesystem::path& directory);
/// Opens; throws std::runtime_error with the sentence if that fails.
spool::OpenedStore open(spool::SqliteOptions options, spool::WallTime now = noon);

/// A message of app `shop`, different for each number, due at `noon`.
spool::Job message(std::uint32_t number, std::size_t octets = 3000);
spool::Change change(spool::QueueId id,
                     spool::State to,
                     policy::EventKind kind,
                     spool::WallTime at = noon);

/// The mark before the final dot, acted upon at `until`.
spool::Change mark(spool::QueueId id, spool::WallTime until = noon);
/// An urgent message to one recipient.
spool::Job urgent(std::uint32_t number, const std::string& recipient);
/// The message as one that can be a repeat, under a key of this number.
spool::Job repeatable(spool::Job job, std::uint8_t key, spool::WallTime since = noon);

/// That somebody did something to `target`.
spool::AuditRecord done_to(std::string target, std::string detail = {});
/// "app/shop 2 {}; domain/example.com 1 {}"
std::string told(const std::vector<spool::Document>& documents);
/// "3 shop: renamed; 1 shop: added"
std::string told(const std::vector<spool::AuditRecord>& records);

spool::Acceptance answer_to(spool::Store& store, spool::Job job, bool lease = false);
spool::Accepted accept(spool::Store& store, spool::Job job, bool lease = false);
bool change(spool::Store& store, spool::Change change);
spool::Ordered order(spool::Store& store, spool::Order order);
std::vector<spool::Job> lease(spool::Store& store, spool::Wanted wanted);
std::vector<spool::Job> lease(spool::Store& store,
                              spool::WallTime now = noon,
                              std::size_t most = 100,
                              std::uint64_t most_octets = UINT64_MAX);
std::vector<spool::Job> lease_held(spool::Store& store,
                                   policy::Reason reason,
                                   const std::string& domain = {},
                                   spool::QueueId after = spool::QueueId{0},
                                   const std::vector<std::string>& apps = {});
/// Empty when the backup was made, else the sentence.
std::string backup(spool::Store& store, const std::filesystem::path& file);
spool::Written write(spool::Store& store,
                     std::vector<spool::DocumentWrite> writes,
                     std::optional<spool::AuditRecord> audit = std::nullopt);
std::vector<spool::AuditRecord> audit(spool::Store& store, spool::AuditPage page = {});
std::optional<spool::WallTime> next_due(spool::Store& store);
std::vector<spool::Entry> list(spool::Store& store, spool::Filter filter = {});
std::vector<spool::Trace> trace(spool::Store& store,
                                const std::string& word,
                                const std::string& app = {});
std::vector<spool::NumberedRefusal> refusals(spool::Store& store,
                                             std::int64_t after,
                                             std::int64_t until,
                                             std::size_t limit);
spool::Octets octets(spool::Store& store, spool::QueueId id);
spool::Counts counts(spool::Store& store);
/// The entry, if the store still knows it.
std::optional<spool::Entry> entry(spool::Store& store, spool::QueueId id);
/// The words of an entry's timeline: "accepted in_doubt sent".
std::string timeline(spool::Store& store, spool::QueueId id);

/// Asks until it is so, half a minute at most.
bool becomes(const std::function<bool()>& so);

}  // namespace asked
