#pragma once

#include "mail/result.hpp"
#include "relay/spool/sqlite_connection.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace spool::sqlite {

/// The schema that this version writes, and the oldest version that can work on it.
inline constexpr std::int64_t schema_version = 4;
inline constexpr std::int64_t schema_needs = 1;

/// Opens a connection with the spool's settings: write-ahead log, flushed at each commit,
/// checkpoints only by the checkpoint thread; deleted octets are overwritten where that costs no
/// further page.
mail::Result<Connection> open_connection(const std::filesystem::path& file, const std::string& vfs);

/// Whether the file is a spool already; false: it is new.
mail::Result<bool> has_tables(Connection& connection);

/// Makes the tables of a new spool, brings older ones up to date in one transaction, or
/// checks that this version may work on later ones: a later version says in `schema_needs` which
/// versions its tables still serve (expand first, contract later). Never reads the whole file
/// (PRAGMA quick_check would take minutes on a full spool): a damaged row shows when it is read,
/// and is quarantined. Gives the secret of the trace keys.
mail::Result<std::string> prepare_schema(Connection& connection);

}  // namespace spool::sqlite
