#include "relay/spool/sqlite_connection.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace spool::sqlite {
namespace {

/// A checkpoint that restarts the log holds the write lock for some milliseconds; waiting longer
/// means a slow disk (Writer::begin) or another process.
constexpr int busy_milliseconds = 5000;

}  // namespace

void Connection::Close::operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }

mail::Result<bool> create_file(const std::filesystem::path& file) {
  const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (made < 0)
    return mail::failure("The spool " + file.string() + " cannot be opened (" +
                         std::generic_category().message(errno) +
                         "): give it to the user that runs postern.");
  ::close(made);
  return true;
}

mail::Result<Connection> Connection::open(const std::filesystem::path& file,
                                          const std::string& vfs) {
  return open(file, vfs.empty() ? nullptr : vfs.c_str(), SQLITE_OPEN_READWRITE);
}

mail::Result<Connection> Connection::open_to_read(const std::filesystem::path& file) {
  return open(file, nullptr, SQLITE_OPEN_READONLY);
}

mail::Result<Connection> Connection::open(const std::filesystem::path& file,
                                          const char* vfs,
                                          int flags) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, vfs);
  Connection connection;
  connection.handle_.reset(handle);
  if (code != SQLITE_OK)
    return mail::failure("The spool " + file.string() + " cannot be opened (" +
                         connection.trouble() + "): check its permissions and its disk.");
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, busy_milliseconds);
  return connection;
}

bool Connection::execute(const char* sql) {
  return sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK;
}

std::string Connection::trouble() const {
  return handle_ ? sqlite3_errmsg(handle_.get()) : "out of memory";
}

int Connection::code() const noexcept { return sqlite3_extended_errcode(handle_.get()); }

/// A read asks for no room: it is "full" when a pointer leads beyond the largest file there can be.
bool Connection::read_damage() const noexcept {
  const int primary = code() & 0xff;
  return primary == SQLITE_CORRUPT || primary == SQLITE_FULL;
}

bool Connection::maybe_damage() const noexcept {
  return read_damage() || code() == SQLITE_IOERR_READ || code() == SQLITE_IOERR_SHORT_READ;
}

bool Connection::busy() const noexcept { return (code() & 0xff) == SQLITE_BUSY; }

bool Connection::in_transaction() const noexcept {
  return sqlite3_get_autocommit(handle_.get()) == 0;
}

std::int64_t Connection::changed_rows() const noexcept { return sqlite3_changes64(handle_.get()); }

void Statement::Finalize::operator()(sqlite3_stmt* handle) const noexcept {
  sqlite3_finalize(handle);
}

Statement::Statement(const Connection& connection, std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(connection.handle(),
                                      sql.data(),
                                      static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT,
                                      &handle,
                                      nullptr);
  if (code != SQLITE_OK)
    throw std::runtime_error("The spool's tables are not as this version made them (" +
                             connection.trouble() + "): restore a backup of data_dir.");
  handle_.reset(handle);
}

bool Statement::step() {
  const int code = sqlite3_step(handle_.get());
  failed_ = code != SQLITE_ROW && code != SQLITE_DONE;
  return code == SQLITE_ROW;
}

void Statement::reset() noexcept { sqlite3_reset(handle_.get()); }

std::int64_t Statement::integer(int column) const noexcept {
  return sqlite3_column_int64(handle_.get(), column);
}

std::string_view Statement::text(int column) const noexcept {
  const auto* octets = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
  return octets == nullptr ? std::string_view() : std::string_view(octets, size);
}

bool Statement::is_null(int column) const noexcept {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

void Statement::bind(int at, std::int64_t value) noexcept {
  sqlite3_bind_int64(handle_.get(), at, value);
}

void Statement::bind(int at, std::string_view value) noexcept {
  const char* octets =
      value.data() == nullptr ? "" : value.data();  // a null pointer would bind NULL
  sqlite3_bind_text64(handle_.get(), at, octets, value.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::bind(int at, const MaybeText& value) noexcept {
  if (value)
    bind(at, *value);
  else
    sqlite3_bind_null(handle_.get(), at);
}

void Statement::bind(int at, const MaybeBlob& value) noexcept {
  if (value)
    bind(at, *value);
  else
    sqlite3_bind_null(handle_.get(), at);
}

void Statement::bind(int at, const MaybeInteger& value) noexcept {
  if (value)
    bind(at, *value);
  else
    sqlite3_bind_null(handle_.get(), at);
}

void Statement::bind(int at, Blob value) noexcept {
  const char* octets = value.octets.data() == nullptr ? "" : value.octets.data();
  sqlite3_bind_blob64(handle_.get(), at, octets, value.octets.size(), SQLITE_STATIC);
}

}  // namespace spool::sqlite
