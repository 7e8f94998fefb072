#pragma once

#include "relay/spool/entry.hpp"
#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/sqlite_recorder.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace spool::sqlite {

/// What counts of an entry that becomes sent.
struct Leaving {
  std::string app, domain;
  std::uint64_t recipients = 0;
};

/// Counts what was sent, and what came back of it, by the hour of sending. The writer's.
class Cohorts {
 public:
  /// \param own_domain whether mail to that domain counts nowhere; may be empty
  Cohorts(const Connection& connection, std::function<bool(std::string_view)> own_domain);

  /// To be asked before the change that takes the envelope away. Nothing for what is sent already,
  /// and for reports of the relay's own, which count nowhere.
  Wrote read(QueueId id, std::optional<Leaving>& leaving);
  Wrote sent(const Leaving& leaving, WallTime at);
  /// Whether mail to this address counts.
  [[nodiscard]] bool counts(std::string_view forward_path) const;
  Wrote came_back(std::string_view app,
                  std::string_view domain,
                  WallTime sent_at,
                  std::uint64_t bounces,
                  std::uint64_t complaints);

 private:
  Wrote add(std::string_view app,
            std::string_view domain,
            WallTime sent_at,
            std::uint64_t sent,
            std::uint64_t bounces,
            std::uint64_t complaints);

  const Connection& connection_;
  std::function<bool(std::string_view)> own_domain_;
  Statement sending_, add_;
};

}  // namespace spool::sqlite
