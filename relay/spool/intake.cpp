#include "relay/spool/intake.hpp"

#include <algorithm>
#include <utility>

namespace spool {
namespace {

/// Moves up to `most` off the front.
template <class T>
void move_front(std::deque<T>& from, std::size_t most, std::vector<T>& to) {
  const auto end = from.begin() + static_cast<std::ptrdiff_t>(std::min(most, from.size()));
  to.assign(std::make_move_iterator(from.begin()), std::make_move_iterator(end));
  from.erase(from.begin(), end);
}

std::uint64_t weight(const Ticket& ticket) {
  return ticket.job.octets ? ticket.job.octets->size() : 0;
}

std::uint64_t weight(const PendingWrite& pending) {
  std::uint64_t octets = 0;
  for (const auto& write : pending.writes)
    octets += write.kind.size() + write.name.size() + (write.body ? write.body->size() : 0);
  return octets;
}

bool within_bounds(const DocumentWrite& write) {
  return write.kind.size() <= most_key_octets && write.name.size() <= most_key_octets &&
         (!write.body || write.body->size() <= most_body_octets);
}

}  // namespace

bool Ticket::withdraw() noexcept {
  const auto intake = intake_.lock();
  return intake && intake->withdraw(*this);
}

bool Intake::offer(const std::shared_ptr<Ticket>& ticket) {
  const std::lock_guard lock(mutex_);
  const auto octets = weight(*ticket);
  if (closed_ || small_.size() + large_.size() >= bounds_.accepts) return false;
  if (octets > bounds_.accept_octets - waiting_octets_) return false;
  waiting_octets_ += octets;
  (octets > batch_.alone ? large_ : small_).push_back(ticket);
  note_room();
  wake();
  return true;
}

bool Intake::offer(PendingChange& change, bool leased) {
  const std::lock_guard lock(mutex_);
  if (closed_ || changes_.size() >= (leased ? bounds_.leased_changes : bounds_.changes))
    return false;
  const bool awaited = change.change.to != State::sent;
  changes_.push_back(std::move(change));
  ++changes_offered_;
  changes_awaited_ = changes_awaited_ || awaited;
  if (awaited || changes_.size() == 1) wake();
  return true;
}

bool Intake::offer(policy::Event refusal) {
  const std::lock_guard lock(mutex_);
  if (closed_ || refusals_.size() >= bounds_.refusals) return false;
  std::size_t& of_app = refusals_of_[refusal.app];
  if (of_app >= (bounds_.refusals + 1) / 2) return false;
  ++of_app;
  refusals_.push_back(std::move(refusal));
  wake();
  return true;
}

bool Intake::offer(PendingOrder& order) {
  const std::lock_guard lock(mutex_);
  if (closed_ || orders_.size() >= bounds_.orders) return false;
  order.changes_before = changes_offered_;
  orders_.push_back(std::move(order));
  wake();
  return true;
}

bool Intake::offer(PendingWrite& write) {
  if (write.writes.size() > most_writes || !std::ranges::all_of(write.writes, within_bounds))
    return false;
  const auto octets = weight(write);
  const std::lock_guard lock(mutex_);
  if (closed_ || writes_.size() >= bounds_.writes) return false;
  if (octets > bounds_.write_octets - waiting_write_octets_) return false;
  waiting_write_octets_ += octets;
  writes_.push_back(std::move(write));
  wake();
  return true;
}

bool Intake::offer(PendingFeedback& feedback) {
  const std::lock_guard lock(mutex_);
  if (closed_ || feedback_.size() >= bounds_.feedback) return false;
  feedback_.push_back(std::move(feedback));
  wake();
  return true;
}

bool Intake::offer_note(std::string name, std::string value, bool again) {
  const std::lock_guard lock(mutex_);
  const auto known = notes_.find(name);
  if (known == notes_.end() && (closed_ || notes_.size() >= bounds_.notes)) return false;
  if (known == notes_.end())
    notes_.emplace(std::move(name), std::move(value));
  else if (!again)
    known->second = std::move(value);
  wake();
  return true;
}

void Intake::offer(Retention retention) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  retention_ = retention;
  wake();
}

Batch Intake::take(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  waiting_ = true;
  if (idle()) work_.wait_for(lock, patience, [this] { return !idle() || closed_; });
  const auto ride = std::min(batch_.ride, patience);
  work_.wait_for(lock, ride, [this] { return awaited() || idle() || closed_; });
  waiting_ = false;
  Batch batch;
  const bool others = !small_.empty() || !changes_.empty() || !writes_.empty() ||
                      !feedback_.empty() || !refusals_.empty() || retention_;
  large_turn_ = !large_.empty() && (large_turn_ || !others);
  if (large_turn_) {
    take_accepts(large_, 1, batch);
  } else {
    take_accepts(small_, batch_.rows, batch);
    move_front(changes_, batch_.rows, batch.changes);
    changes_awaited_ = changes_awaited_ && !changes_.empty();
    take_writes(batch);
    move_front(feedback_, batch_.rows, batch.feedback);
    take_refusals(batch);
    batch.retention = std::exchange(retention_, std::nullopt);
  }
  batch.notes = std::exchange(notes_, {});
  large_turn_ = !large_turn_;
  batch.closed = closed_ && idle();
  note_room();
  return batch;
}

void Intake::take_accepts(std::deque<std::shared_ptr<Ticket>>& from,
                          std::size_t most,
                          Batch& batch) {
  std::uint64_t octets = 0;
  while (!from.empty() && batch.accepts.size() < most) {
    auto& ticket = from.front();
    if (ticket->stage_ == Ticket::Stage::withdrawn) {
      batch.withdrawn.push_back(std::move(ticket));
    } else {
      octets += weight(*ticket);
      if (!batch.accepts.empty() && octets > batch_.octets) return;
      leave(*ticket);
      ticket->stage_ = Ticket::Stage::taken;
      batch.accepts.push_back(std::move(ticket));
    }
    from.pop_front();
  }
}

void Intake::take_writes(Batch& batch) {
  std::uint64_t octets = 0;
  while (!writes_.empty() && batch.writes.size() < batch_.rows) {
    const auto next = weight(writes_.front());
    octets += next;
    if (!batch.writes.empty() && octets > batch_.octets) return;
    waiting_write_octets_ -= next;
    batch.writes.push_back(std::move(writes_.front()));
    writes_.pop_front();
  }
}

void Intake::take_refusals(Batch& batch) {
  move_front(refusals_, batch_.rows, batch.refusals);
  for (const policy::Event& refusal : batch.refusals) {
    const auto of_app = refusals_of_.find(refusal.app);
    if (--of_app->second == 0) refusals_of_.erase(of_app);
  }
}

Batch Intake::take_to_fail() {
  const std::lock_guard lock(mutex_);
  Batch batch;
  for (auto* queue : {&small_, &large_}) {
    for (auto& ticket : *queue) {
      const bool withdrawn = ticket->stage_ == Ticket::Stage::withdrawn;
      leave(*ticket);
      if (!withdrawn) ticket->stage_ = Ticket::Stage::taken;
      (withdrawn ? batch.withdrawn : batch.accepts).push_back(std::move(ticket));
    }
    queue->clear();
  }
  move_front(writes_, writes_.size(), batch.writes);
  waiting_write_octets_ = 0;
  move_front(feedback_, feedback_.size(), batch.feedback);
  note_room();
  return batch;
}

std::optional<PendingOrder> Intake::take_order() {
  const std::lock_guard lock(mutex_);
  const auto taken = changes_offered_ - changes_.size();
  if (orders_.empty() || orders_.front().changes_before > taken) return std::nullopt;
  auto order = std::move(orders_.front());
  orders_.pop_front();
  return order;
}

std::vector<PendingOrder> Intake::take_left_orders() {
  const std::lock_guard lock(mutex_);
  std::vector<PendingOrder> left;
  move_front(orders_, orders_.size(), left);
  return left;
}

std::vector<PendingChange> Intake::take_left_changes() {
  const std::lock_guard lock(mutex_);
  std::vector<PendingChange> left;
  move_front(changes_, changes_.size(), left);
  return left;
}

bool Intake::rest(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return work_.wait_for(lock, patience, [this] { return closed_; });
}

void Intake::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  note_room();
  work_.notify_all();
}

bool Intake::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

bool Intake::withdraw(Ticket& ticket) {
  const std::lock_guard lock(mutex_);
  if (ticket.stage_ == Ticket::Stage::waiting) {
    leave(ticket);
    ticket.stage_ = Ticket::Stage::withdrawn;
    ticket.job.octets.reset();
    note_room();
    wake();
  }
  return ticket.stage_ == Ticket::Stage::withdrawn;
}

bool Intake::awaited() const {
  return !small_.empty() || !large_.empty() || changes_awaited_ || !writes_.empty() ||
         !feedback_.empty() || !refusals_.empty() || !orders_.empty() || retention_;
}

bool Intake::idle() const { return !awaited() && changes_.empty() && notes_.empty(); }

void Intake::leave(Ticket& ticket) { waiting_octets_ -= weight(ticket); }

void Intake::note_room() {
  room_.store(!closed_ && small_.size() + large_.size() < bounds_.accepts &&
                  waiting_octets_ < bounds_.accept_octets,
              std::memory_order_relaxed);
}

void Intake::wake() {
  if (waiting_) work_.notify_one();
}

}  // namespace spool
