#pragma once

#include "mail/result.hpp"
#include "relay/spool/intake.hpp"
#include "relay/spool/store.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace spool {

/// Where the store tells what happens to it. Called on the store's threads, several at once: must
/// be thread-safe, must not block and must not throw. An empty function is left out.
struct StoreSinks {
  std::function<void(const std::string& sentence)>
      trouble;  ///< for the log: something failed, with the mend
  std::function<void(const std::string& sentence)> mended;  ///< for the log: it works again
  std::function<void(std::chrono::duration<double> took, std::size_t rows)> committed;
  std::function<void()> commit_failed;
  std::function<void(QueueId)> quarantined;
  std::function<void()> refusal_dropped;
};

/// When the write-ahead log is moved into the file.
struct LogBounds {
  std::uint64_t moved = 16ULL << 20U;  ///< each so many octets, beside the commits
  /// A longer log starts anew: commits wait some milliseconds.
  std::uint64_t restarted = 64ULL << 20U;
};

struct SqliteOptions {
  /// Locked by this process (DataDir); the file in it is `spool.sqlite`.
  std::filesystem::path directory;
  /// Octets that stay free on the disk: below, accepts fail.
  std::uint64_t reserve = 256ULL << 20U;
  /// Octets up to which the file is not given back to the disk.
  std::uint64_t keep_size = 1ULL << 30U;
  /// An accept with lease beyond it fails, lease() gives fewer.
  std::size_t most_leases = 65'536;
  IntakeBounds intake;
  BatchBounds batch;
  LogBounds log;
  std::int64_t most_refusals = 100'000;       ///< kept for `trace` (Refusals)
  std::int64_t most_audit_records = 100'000;  ///< kept; older ones go
  std::size_t most_suppressed = spool::most_suppressed;
  std::chrono::milliseconds retry_after{1000};  ///< how often a full or failing disk is tried
  std::size_t reads = 1024;           ///< reads that may wait; one more is answered with nothing
  std::size_t most_repeats = 65'536;  ///< accepts that are remembered to know their repeats
  std::chrono::minutes repeats_since{10};  ///< how far before the start these are looked up
  StoreSinks sinks;
  /// Whether the domain of a recipient is the relay's own: such mail counts in no ratio, as SES has
  /// it. Asked on the writer's thread; empty: none is.
  std::function<bool(std::string_view domain)> own_domain;
  std::string vfs;  ///< SQLite VFS by name, for tests; empty: its own
};

struct OpenedStore {
  std::unique_ptr<Store> store;
  Recovery recovery;
};

/// Opens or makes the spool; `now` is what recent accepts are looked up against. Fails with a
/// sentence.
///
/// How it keeps its promises: one writer thread commits whatever has gathered (WAL,
/// synchronous=FULL, no timer); one checkpoint thread; one thread reads; a backup has its own. A
/// failed commit answers its accepts and its writes of documents with `failed` and keeps its
/// changes, which are tried again each second until they are in, or until close(); an order waits
/// that long for its next page. Changes and documents are written also when less than the reserve
/// is free. Changes of leased entries are never refused for a full queue as long as their owner has
/// at most four under way. A queue id that is taken fails that accept, or that change with its
/// notice, and nothing else. A change of a `sent` entry to anything else, or of one that is not
/// there, is `false`.
mail::Result<OpenedStore> open_sqlite(SqliteOptions options, WallTime now);

}  // namespace spool
