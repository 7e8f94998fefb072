#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace crash {

/// What SQLite asks of the file system that changes something.
enum class OpKind : std::uint8_t { create, write, sync, truncate, remove };

struct Op {
  OpKind kind{};
  std::string file;  ///< its path
  std::int64_t at =
      0;  ///< write: the offset; truncate: the new size; remove: not 0 if made durable
  std::string_view octets;  ///< write: what
  bool log = false;         ///< a log or journal, whose first sync also flushes its directory
};

/// Decides an operation: calls `real` (which gives SQLite's code) or answers with a code of its
/// own. Called on whatever thread asks.
using Decide = std::function<int(const Op& op, const std::function<int()>& real)>;

/// Whether the disk does not give what the spool's file, not its log, has at this offset.
using Unreadable = std::function<bool(std::int64_t at)>;

/// An SQLite VFS over the system's own that asks about every changing operation, and about reads if
/// it is told to. Registered under its name for as long as it lives; outlives the connections made
/// through it.
class ShimVfs {
 public:
  ShimVfs(std::string name, Decide decide, Unreadable unreadable = {});
  ~ShimVfs();
  ShimVfs(const ShimVfs&) = delete;
  ShimVfs& operator=(const ShimVfs&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  struct Registration;
  struct Calls;
  std::string name_;
  std::unique_ptr<Registration> registration_;
};

}  // namespace crash
