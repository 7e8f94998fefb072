#pragma once

#include "relay/spool/intake.hpp"
#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/sqlite_recorder.hpp"

#include <cstdint>

namespace spool::sqlite {

/// Writes documents and the audit trail into the transaction that its caller has begun, each call
/// all or none. The writer's.
class Documents {
 public:
  Documents(Connection& connection, std::int64_t most_audit_records);

  /// `outcome` is what the caller is to be told once this is committed. Not `yes` only after a
  /// fault: the transaction is then to be rolled back.
  Wrote write(const PendingWrite& pending, Written& outcome);
  void commit() noexcept { count_ = staged_count_; }
  void forget_staged() noexcept { staged_count_ = count_; }

 private:
  Wrote write_all(const PendingWrite& pending);
  Wrote write_one(const DocumentWrite& write);
  Wrote version_of(const DocumentWrite& write, std::uint64_t& version);
  bool write_audit(const AuditRecord& record);
  Wrote fault() const { return sqlite::fault(connection_); }

  Connection& connection_;
  Statement begin_, undo_, end_;
  Statement version_, put_, remove_, insert_audit_, trim_audit_;
  const std::int64_t most_audit_records_;
  std::size_t count_ = 0;         ///< of documents, as committed
  std::size_t staged_count_ = 0;  ///< with what the transaction adds and removes
};

}  // namespace spool::sqlite
