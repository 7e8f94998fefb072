#pragma once

#include "mail/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace spool::sqlite {

/// Makes the file if it is missing, readable by its owner only (SQLite would make it 0644; log and
/// shared memory take the file's mode). Only while no connection of this process is open: closing a
/// descriptor drops their POSIX locks.
[[nodiscard]] mail::Result<bool> create_file(const std::filesystem::path& file);

/// One SQLite connection, used by one thread at a time.
class Connection {
 public:
  /// Opens an existing file (see create_file). `vfs` empty: SQLite's own.
  static mail::Result<Connection> open(const std::filesystem::path& file, const std::string& vfs);

  /// Opens an existing file, which is left as it is.
  static mail::Result<Connection> open_to_read(const std::filesystem::path& file);

  /// Runs statements that take and give nothing; false leaves the reason in trouble().
  bool execute(const char* sql);
  [[nodiscard]] std::string trouble() const;  ///< SQLite's words for the last failure
  [[nodiscard]] int code() const noexcept;    ///< SQLite's extended result code of the last call
  /// Whether the last call, which read, failed for what stands in the file, and would again; else
  /// the failure can pass (the disk, memory).
  [[nodiscard]] bool read_damage() const noexcept;
  /// Whether the last call, which wrote, can have failed for one place in the file: it could not be
  /// read, or a pointer there leads beyond any page (and then only if the disk has room).
  [[nodiscard]] bool maybe_damage() const noexcept;
  [[nodiscard]] bool busy() const noexcept;  ///< the last statement did not get its lock in time
  [[nodiscard]] bool in_transaction() const noexcept;
  [[nodiscard]] std::int64_t changed_rows() const noexcept;
  [[nodiscard]] sqlite3* handle() const noexcept { return handle_.get(); }

 private:
  static mail::Result<Connection> open(const std::filesystem::path& file,
                                       const char* vfs,
                                       int flags);
  struct Close {
    void operator()(sqlite3* handle) const noexcept;
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

/// Octets bound as a BLOB; the view must live while the statement runs.
struct Blob {
  std::string_view octets;
};
// NULL if there is none:
using MaybeText = std::optional<std::string_view>;
using MaybeBlob = std::optional<Blob>;
using MaybeInteger = std::optional<std::int64_t>;

/// A statement prepared once and run many times. Arguments are bound without copying: they must
/// live until the run is over. Placeholders are `$1`, `$2` … in the order of their first
/// appearance, as PostgreSQL has them.
class Statement {
 public:
  /// Throws std::runtime_error when the SQL does not fit the schema: start-up only.
  Statement(const Connection& connection, std::string_view sql);

  /// Runs a statement that gives no rows; false: see the connection's code().
  template <class... Arguments>
  bool run(const Arguments&... arguments) {
    bind_all(arguments...);
    const bool row = step();
    const bool failed = failed_;
    reset();
    return !row && !failed;
  }

  template <class... Arguments>
  void bind_all(const Arguments&... arguments) {
    int at = 0;
    (bind(++at, arguments), ...);
  }
  bool step();  ///< true: there is a row
  void reset() noexcept;
  [[nodiscard]] bool failed() const noexcept { return failed_; }

  [[nodiscard]] std::int64_t integer(int column) const noexcept;
  [[nodiscard]] std::string_view text(int column) const noexcept;  ///< until the next step
  [[nodiscard]] bool is_null(int column) const noexcept;

 private:
  void bind(int at, std::int64_t value) noexcept;
  void bind(int at, std::string_view value) noexcept;
  void bind(int at, const std::string& value) noexcept { bind(at, std::string_view(value)); }
  void bind(int at, const MaybeText& value) noexcept;
  void bind(int at, Blob value) noexcept;
  void bind(int at, const MaybeBlob& value) noexcept;
  void bind(int at, const MaybeInteger& value) noexcept;

  struct Finalize {
    void operator()(sqlite3_stmt* handle) const noexcept;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  bool failed_ = false;
};

/// One reading of a statement's rows; ends its read transaction when it goes.
class Rows {
 public:
  template <class... Arguments>
  explicit Rows(Statement& statement, const Arguments&... arguments) : statement_(statement) {
    statement_.bind_all(arguments...);
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  ~Rows() { statement_.reset(); }

  bool next() { return statement_.step(); }
  [[nodiscard]] bool failed() const noexcept { return statement_.failed(); }
  [[nodiscard]] std::int64_t integer(int column) const noexcept {
    return statement_.integer(column);
  }
  [[nodiscard]] std::string_view text(int column) const noexcept { return statement_.text(column); }
  [[nodiscard]] bool is_null(int column) const noexcept { return statement_.is_null(column); }

 private:
  Statement& statement_;
};

}  // namespace spool::sqlite
