#pragma once

#include "relay/spool/booking.hpp"
#include "relay/spool/intake.hpp"
#include "relay/spool/sqlite_cohorts.hpp"
#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/sqlite_feedback_queries.hpp"
#include "relay/spool/sqlite_recorder.hpp"
#include "relay/spool/trace_key.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spool::sqlite {

/// Books the upstream's events, and changes the list of suppressed addresses, inside the
/// transaction that its caller has begun, and rolls back after a fault. The writer's.
class Bookings {
 public:
  Bookings(Connection& connection,
           std::string_view trace_secret,
           Recorder& recorder,
           Cohorts& cohorts,
           std::size_t most_suppressed);

  /// `outcome` is what the caller is to be told once this is committed.
  Wrote book(const Booking& booking, Booked& outcome);
  /// By hand: each record joins what stands there.
  Wrote suppress(const PendingSuppression& pending);
  void commit() noexcept { count_ = staged_count_; }
  void forget_staged() noexcept { staged_count_ = count_; }

 private:
  struct Meant;
  Wrote find(const Booking& booking, std::optional<Meant>& meant);
  Wrote entry_of(QueueId id, std::optional<Meant>& meant);
  Wrote known(const Booking& booking, bool& known);
  Wrote apply(const Booking& booking, const Meant& meant, Booked& outcome);
  Wrote touch(const Booking& booking,
              const BookedRecipient& recipient,
              const Meant& meant,
              Booked& outcome);
  Wrote tally(const Booking& booking, const Meant& meant);
  bool tally(std::string_view family, std::initializer_list<std::string_view> labels);
  Wrote record_of(std::string_view app,
                  std::string_view address,
                  std::optional<policy::Suppression>& record);
  Wrote put(const Suppressed& suppressed, bool is_new);
  std::size_t counted();
  Wrote fault() const { return sqlite::fault(connection_); }

  Connection& connection_;
  TraceKey trace_key_;
  Recorder& recorder_;
  Cohorts& cohorts_;
  Statement is_booked_, insert_booked_, booked_entry_, entry_of_upstream_id_, is_recipient_;
  Statement add_to_tally_, note_reached_, suppression_, put_suppression_, insert_audit_;
  Statement count_suppressions_;
  const std::size_t most_suppressed_;
  std::size_t count_ = 0;         ///< of suppressed addresses, as committed
  std::size_t staged_count_ = 0;  ///< with what the transaction adds
};

}  // namespace spool::sqlite
