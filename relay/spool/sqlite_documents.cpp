#include "relay/spool/sqlite_documents.hpp"

#include "relay/spool/sqlite_sql.hpp"
#include "relay/spool/sqlite_values.hpp"

namespace spool::sqlite {

Documents::Documents(Connection& connection, std::int64_t most_audit_records)
    : connection_(connection),
      begin_(connection, sql::begin_write),
      undo_(connection, sql::undo_write),
      end_(connection, sql::end_write),
      version_(connection, sql::document_version),
      put_(connection, sql::put_document),
      remove_(connection, sql::remove_document),
      insert_audit_(connection, sql::insert_audit),
      trim_audit_(connection, sql::trim_audit),
      most_audit_records_(most_audit_records) {
  Statement count(connection, sql::count_documents);
  Rows rows(count);
  if (rows.next()) count_ = staged_count_ = static_cast<std::size_t>(rows.integer(0));
}

Wrote Documents::write(const PendingWrite& pending, Written& outcome) {
  outcome = Written::failed;
  const auto count_before = staged_count_;
  if (!begin_.run()) return fault();
  const auto wrote = write_all(pending);
  if (wrote != Wrote::yes && wrote != Wrote::not_applicable) return wrote;
  if (wrote == Wrote::not_applicable) outcome = Written::conflict;
  if (wrote == Wrote::yes && staged_count_ <= most_documents) outcome = Written::stored;
  if (outcome != Written::stored) {
    staged_count_ = count_before;
    if (!undo_.run()) return fault();
  }
  return end_.run() ? Wrote::yes : fault();
}

/// Not applicable: a document has not the version expected.
Wrote Documents::write_all(const PendingWrite& pending) {
  for (const auto& write : pending.writes)
    if (const auto wrote = write_one(write); wrote != Wrote::yes) return wrote;
  return !pending.audit || write_audit(*pending.audit) ? Wrote::yes : fault();
}

Wrote Documents::write_one(const DocumentWrite& write) {
  std::uint64_t version = 0;
  if (const auto found = version_of(write, version); found != Wrote::yes) return found;
  if (write.expected && *write.expected != version) return Wrote::not_applicable;
  const bool there = version != 0;
  if (!write.body) {
    if (there && !remove_.run(write.kind, write.name)) return fault();
    staged_count_ -= there ? 1 : 0;
    return Wrote::yes;
  }
  if (!put_.run(write.kind, write.name, static_cast<std::int64_t>(version + 1), *write.body))
    return fault();
  staged_count_ += there ? 0 : 1;
  return Wrote::yes;
}

/// 0 if there is no such document.
Wrote Documents::version_of(const DocumentWrite& write, std::uint64_t& version) {
  Rows rows(version_, write.kind, write.name);
  version = rows.next() ? static_cast<std::uint64_t>(rows.integer(0)) : 0;
  return rows.failed() ? fault() : Wrote::yes;
}

bool Documents::write_audit(const AuditRecord& record) {
  return insert_audit_.run(to_milliseconds(record.at),
                           cut(record.who),
                           cut(record.what),
                           cut(record.target),
                           cut(record.detail)) &&
         trim_audit_.run(most_audit_records_);
}

}  // namespace spool::sqlite
