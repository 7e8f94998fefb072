#pragma once

#include "tests/crash/shim_vfs.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace crash {

/// An operation that has been done.
struct Done {
  OpKind kind{};
  std::string file;  ///< its name without the folder
  std::int64_t at = 0;
  std::string octets;
  bool log = false;
};

/// Every changing operation in the order in which it was done. Thread-safe while it records.
class Tape {
 public:
  int record(const Op& op, const std::function<int()>& real);
  [[nodiscard]] std::size_t length() const;
  [[nodiscard]] const std::vector<Done>& operations() const noexcept { return operations_; }

 private:
  mutable std::mutex mutex_;
  std::vector<Done> operations_;
};

/// What a failing machine leaves of what was not flushed yet.
enum class Loss : std::uint8_t {
  nothing,    ///< the process was killed, the machine goes on
  unflushed,  ///< power loss: all of it is gone
  torn,       ///< power loss: the last write stops in its middle, at a sector
  scattered,  ///< power loss: any part of it has reached the disk, in any order
};
inline constexpr Loss losses[] = {Loss::nothing, Loss::unflushed, Loss::torn, Loss::scattered};
[[nodiscard]] const char* word(Loss loss) noexcept;

using Files = std::map<std::string, std::string>;  ///< contents by name

/// What is on the disk for certain, and what only on its way. A flush makes a file's writes
/// certain; a file that was made or removed is certain once its directory is flushed, which SQLite
/// does with the first flush of a new log.
class Disk {
 public:
  explicit Disk(Files files) : flushed_(std::move(files)) {}
  void apply(const Done& operation);
  [[nodiscard]] Files after(Loss loss, std::mt19937& random) const;

 private:
  void flush(const std::string& file, bool directory);

  Files flushed_;
  std::vector<Done> pending_;
};

void write_files(const Files& files, const std::filesystem::path& directory);

}  // namespace crash
