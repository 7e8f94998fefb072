#pragma once

#include "relay/spool/entry.hpp"
#include "relay/spool/store.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace delivery {

/// The messages in memory, of many apps, each with an urgent and a normal lane; says which goes
/// next. Apps share by deficit round robin: a round gives each app that may send credit of its
/// weight, a message costs its recipients. An app that has nothing keeps no credit.
///
/// Urgent mail of any app goes ahead of normal mail of all apps, in turn among the apps that have
/// some. It is charged all the same: an app whose debt has reached `most_debt` times its weight
/// waits for its turn in the round like any other, so that none lives on urgency; there its urgent
/// mail still goes ahead of its own normal mail. An app that has nothing keeps its debt until
/// rounds of others have paid it, or nobody has anything.
///
/// Bounded by its caller, who counts what it pushes. A choice takes time in proportion to the apps
/// that have mail, and to the messages that may not go. Not thread-safe.
class FairQueue {
 public:
  static constexpr double most_debt = 20;  ///< recipients
  /// Whether a message may go now: not, for example, while its domain is held.
  using MaySend = std::function<bool(const spool::Entry&)>;

  /// Shares by app; those not named have 1. Weights under 0.01 count as 0.01, over 1,000 as 1,000.
  void weights(std::map<std::string, double, std::less<>> by_app);

  /// At the end of its lane.
  void push(spool::Job job);

  /// What pop() with the same predicate would give now, until something is pushed or taken; null if
  /// nothing may go.
  [[nodiscard]] const spool::Entry* next(const MaySend& may_send);
  [[nodiscard]] std::optional<spool::Job> pop(const MaySend& may_send);

  /// Takes out all that fits: by app, urgent ones first.
  [[nodiscard]] std::vector<spool::Job> take_if(
      const std::function<bool(const spool::Entry&)>& fits);

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size(const spool::Lane& lane) const;
  /// The lanes with at least so many: what spool::Wanted::full asks for.
  [[nodiscard]] std::set<spool::Lane> lanes_with(std::size_t least) const;

 private:
  using Jobs = std::deque<spool::Job>;
  struct App {
    double weight = 1;
    double deficit = 0;  ///< credit; debt below 0
    Jobs urgent, normal;
    [[nodiscard]] bool empty() const { return urgent.empty() && normal.empty(); }
  };
  using Apps = std::map<std::string, App, std::less<>>;
  struct Choice {
    Apps::iterator app;
    Jobs* lane = nullptr;
    Jobs::iterator job;
    bool ahead = false;  ///< of all normal mail
    double rounds = 0;   ///< to be credited first
  };

  [[nodiscard]] double weight_of(const std::string& app) const;
  /// Calls `f` with each app, beginning behind the one of that name, until it says true.
  template <class F>
  void in_turn(const std::string& behind, F f);
  [[nodiscard]] static std::optional<Choice> head(Apps::iterator app, const MaySend& may_send);
  [[nodiscard]] std::optional<Choice> choose(const MaySend& may_send);
  [[nodiscard]] std::optional<Choice> choose_ahead(const MaySend& may_send);
  [[nodiscard]] std::optional<Choice> choose_in_turn(const MaySend& may_send);
  void credit(double rounds, const MaySend& may_send);
  spool::Job take(Jobs& lane, const Jobs::iterator& job);
  void forget_idle();

  std::map<std::string, double, std::less<>> weights_;
  Apps apps_;                      ///< with mail, or in debt
  std::string last_, last_ahead_;  ///< whose turn was last, by kind of choice
  std::size_t size_ = 0;
  std::size_t urgent_ = 0;
};

}  // namespace delivery
