#include "relay/spool/sqlite_schema.hpp"

#include "relay/spool/sqlite_sql.hpp"

#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace spool::sqlite {
namespace {

constexpr const char* file_settings =
    "PRAGMA auto_vacuum = INCREMENTAL;"  // only before the first table: first of all
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA wal_autocheckpoint = 0;"
    "PRAGMA journal_size_limit = 67108864;"  // a log that outgrew it is cut when it restarts
    "PRAGMA secure_delete = FAST;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA trusted_schema = OFF;";

mail::Failure unusable(const Connection& connection) {
  return mail::failure("The spool's tables cannot be read or made (" + connection.trouble() +
                       "): check the disk of data_dir, or restore a backup.");
}

mail::Result<std::string> random_secret() {
  std::array<unsigned char, 32> octets{};
  if (RAND_bytes(octets.data(), static_cast<int>(octets.size())) != 1)
    return mail::failure("OpenSSL gives no random octets: check /dev/urandom.");
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const auto octet : octets) {
    text += digits[octet >> 4U];
    text += digits[octet & 15U];
  }
  return mail::Result<std::string>(boost::system::in_place_value, std::move(text));
}

mail::Result<bool> create_tables(Connection& connection) {
  const auto secret = random_secret();
  if (!secret) return secret.error();
  if (!connection.execute("BEGIN IMMEDIATE") || !connection.execute(sql::schema) ||
      !connection.execute(sql::indexes) || !connection.execute(sql::documents_and_audit) ||
      !connection.execute(sql::feedback_tables))
    return unusable(connection);
  Statement put(connection, sql::put_meta);
  const bool done = put.run(std::string_view("schema"), std::to_string(schema_version)) &&
                    put.run(std::string_view("schema_needs"), std::to_string(schema_needs)) &&
                    put.run(std::string_view("trace_secret"), *secret) &&
                    connection.execute("COMMIT");
  if (!done) return unusable(connection);
  return true;
}

mail::Result<std::string> meta(const Connection& connection, std::string_view name) {
  Statement get(connection, sql::get_meta);
  Rows rows(get, name);
  if (rows.next()) return mail::Result<std::string>(boost::system::in_place_value, rows.text(0));
  if (rows.failed()) return unusable(connection);
  return mail::failure("The spool lacks its note `" + std::string(name) +
                       "`: restore a backup of data_dir.");
}

/// A number that stands in `meta`; 0 if it is none.
mail::Result<std::int64_t> number(const Connection& connection, std::string_view name) {
  const auto text = meta(connection, name);
  if (!text) return text.error();
  std::int64_t value = 0;
  std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

mail::Result<bool> check_version(const Connection& connection) {
  const auto needs = number(connection, "schema_needs");
  if (!needs) return needs.error();
  if (*needs >= 1 && *needs <= schema_version) return true;
  return mail::failure("The spool was written by a newer postern (schema " +
                       std::to_string(*needs) + ", this one knows " +
                       std::to_string(schema_version) +
                       "): run that version, or restore a backup made by this one.");
}

mail::Result<bool> migrate(Connection& connection) {
  const auto version = number(connection, "schema");
  if (!version) return version.error();
  if (*version < 1 || *version >= schema_version) return true;
  bool done = connection.execute("BEGIN IMMEDIATE");
  if (*version == 1)
    done = done && connection.execute(sql::from_version_1) && connection.execute(sql::indexes);
  if (*version <= 2)
    done = done && connection.execute(sql::from_version_2) &&
           connection.execute(sql::documents_and_audit);
  done = done && connection.execute(sql::feedback_tables);
  if (done) {
    Statement set(connection, sql::set_meta);
    done = set.run(std::to_string(schema_version), std::string_view("schema")) &&
           connection.execute("COMMIT");
  }
  if (done) return true;
  const auto failure = unusable(connection);
  if (connection.in_transaction()) connection.execute("ROLLBACK");
  return failure;
}

}  // namespace

mail::Result<Connection> open_connection(const std::filesystem::path& file,
                                         const std::string& vfs) {
  auto connection = Connection::open(file, vfs);
  if (!connection) return connection;
  if (!connection->execute(file_settings)) return unusable(*connection);
  Statement mode(*connection, "PRAGMA journal_mode");
  Rows rows(mode);
  if (!rows.next() || rows.text(0) != "wal")
    return mail::failure("SQLite cannot keep a write-ahead log at " + file.string() +
                         ": put data_dir on a local disk.");
  return connection;
}

mail::Result<bool> has_tables(Connection& connection) {
  Statement find(connection, sql::table_exists);
  Rows rows(find, std::string_view("meta"));
  if (!rows.next()) return unusable(connection);
  return rows.integer(0) != 0;
}

mail::Result<std::string> prepare_schema(Connection& connection) {
  const auto exists = has_tables(connection);
  if (!exists) return exists.error();
  if (!*exists)
    if (const auto created = create_tables(connection); !created) return created.error();
  if (const auto fits = check_version(connection); !fits) return fits.error();
  if (const auto migrated = migrate(connection); !migrated) return migrated.error();
  return meta(connection, "trace_secret");
}

}  // namespace spool::sqlite
