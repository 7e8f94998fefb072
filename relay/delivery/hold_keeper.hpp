#pragma once

#include "relay/delivery/courier.hpp"

#include <functional>
#include <string>
#include <vector>

namespace delivery {

/// Carries out what an account's replies ask for: all mail concerned is held, or released again,
/// and the operator is told. Lives on the scheduler's thread; the store does the work in its own
/// time.
class HoldKeeper {
 public:
  /// `look`: entries may be due now; called on a thread of the store.
  HoldKeeper(CourierServices& services, std::function<void()> look)
      : services_(services), look_(std::move(look)) {}

  /// `apps`: whose mail goes by this route; empty: everybody's.
  void begin(const Route& route, const Hold& hold, const std::vector<std::string>& apps);
  void end(const Route& route, const Hold& hold, const std::vector<std::string>& apps);
  /// Keeps the route's holds over a restart, and shows them.
  void save(const Route& route);

 private:
  void order(spool::Operation operation, const Hold& hold, const std::vector<std::string>& apps);

  CourierServices& services_;
  std::function<void()> look_;
};

/// The note under which a route's holds are kept.
[[nodiscard]] std::string note_of(const Route& route);

}  // namespace delivery
