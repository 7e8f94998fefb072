#pragma once

#include "relay/delivery/courier.hpp"

#include <functional>
#include <memory>
#include <optional>
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

  /// Whose mail goes by a route first; nothing: everybody's.
  using Apps = std::optional<std::vector<std::string>>;
  void begin(const Route& route, const Hold& hold, const Apps& apps);
  void end(const Route& route, const Hold& hold, const Apps& apps);

 private:
  void tell(const Route& route, const Hold& hold, bool begins);
  /// Keeps the route's holds over a restart.
  void save(const Route& route);
  void carry_out(spool::Operation operation,
                 const Route& route,
                 const Hold& hold,
                 const Apps& apps);
  void next(std::shared_ptr<std::vector<spool::Order>> orders, const Route& route);

  CourierServices& services_;
  std::function<void()> look_;
};

/// The note under which a route's holds are kept.
[[nodiscard]] std::string note_of(const Route& route);

}  // namespace delivery
