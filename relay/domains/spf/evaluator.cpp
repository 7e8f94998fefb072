#include "relay/domains/spf/evaluator.hpp"

#include "relay/domains/spf/names.hpp"
#include "relay/domains/spf/records.hpp"

#include <boost/asio/this_coro.hpp>

#include <optional>
#include <utility>
#include <variant>

namespace domains {
namespace {

namespace asio = boost::asio;
using net::tup;
using policy::SpfResult;
using policy::SpfVerdict;

/// Where SES publishes its ranges, and an address of the oldest of them.
constexpr std::string_view ses_domain = "amazonses.com";
constexpr std::string_view well_known_ses_address = "54.240.8.1";

SpfVerdict verdict_of(SpfResult result, std::string_view why) {
  SpfVerdict verdict;
  verdict.result = result;
  verdict.why = spf::printable(why);
  return verdict;
}

asio::awaitable<bool> was_cancelled() {
  const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace

/// What came of one conversation with a child.
struct SpfEvaluator::Outcome {
  Outcome() = default;
  Outcome(SpfCheckEnd how, SpfVerdict what) : end(how), verdict(std::move(what)) {}
  SpfCheckEnd end = SpfCheckEnd::died;
  SpfVerdict verdict;
};

/// A child's place among those that may live at once.
class SpfEvaluator::Room {
 public:
  explicit Room(SpfEvaluator& evaluator) : evaluator_(evaluator) { ++evaluator_.children_; }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  ~Room() {
    --evaluator_.children_;
    evaluator_.room_.cancel_one();
  }

 private:
  SpfEvaluator& evaluator_;
};

/// Of a child that gave no verdict: it spoke, or it is gone.
SpfEvaluator::Outcome SpfEvaluator::failure_of(const spf::ChildProcess& child, bool has_spoken) {
  if (has_spoken) {
    return {SpfCheckEnd::garbled,
            verdict_of(SpfResult::unknown, "the SPF child said what it may not say")};
  }
  if (child.is_late())
    return {SpfCheckEnd::stuck, verdict_of(SpfResult::unknown, "the SPF child was stuck")};
  return {};
}

std::string_view name_of(SpfCheckEnd end) noexcept {
  switch (end) {
    case SpfCheckEnd::verdict:
      return "verdict";
    case SpfCheckEnd::dns_too_slow:
      return "dns_too_slow";
    case SpfCheckEnd::unconfined:
      return "unconfined";
    case SpfCheckEnd::not_started:
      return "not_started";
    case SpfCheckEnd::stuck:
      return "stuck";
    case SpfCheckEnd::died:
      return "died";
    case SpfCheckEnd::garbled:
      return "garbled";
    case SpfCheckEnd::cancelled:
      return "cancelled";
  }
  return "";
}

SpfEvaluator::SpfEvaluator(asio::any_io_executor executor,
                           Resolver& resolver,
                           CountEnd count,
                           SpfLimits limits,
                           SpfChildCommand command)
    : executor_(std::move(executor)),
      resolver_(resolver),
      count_(std::move(count)),
      limits_(limits),
      command_(std::move(command)),
      room_(executor_, asio::steady_timer::time_point::max()) {}

/// False: too many wait already, or this check is cancelled.
asio::awaitable<bool> SpfEvaluator::wait_for_room() {
  if (children_ >= limits_.children && waiting_ >= limits_.waiting) co_return false;
  while (children_ >= limits_.children) {
    ++waiting_;
    co_await room_.async_wait(tup);
    --waiting_;
    const bool is_cancelled = co_await was_cancelled();
    if (is_cancelled) co_return false;
  }
  co_return true;
}

asio::awaitable<SpfVerdict> SpfEvaluator::evaluate(SpfQuestion question) {
  const bool has_room = co_await wait_for_room();
  if (!has_room) {
    count_(SpfCheckEnd::not_started);
    co_return verdict_of(SpfResult::unknown, "too many SPF checks wait already");
  }
  const Room room(*this);
  co_return co_await check(std::move(question));
}

asio::awaitable<SpfVerdict> SpfEvaluator::check(SpfQuestion question) {
  const auto asked = spf::encode(question);
  if (!asked) {
    count_(SpfCheckEnd::not_started);
    co_return verdict_of(SpfResult::unknown, "the question holds what SPF cannot be asked");
  }
  auto child = spf::ChildProcess::start(executor_, command_, limits_.time);
  if (!child) {
    count_(SpfCheckEnd::not_started);
    co_return verdict_of(SpfResult::unknown, "no SPF child: " + child.error().sentence());
  }
  // Cancelled or not, the child is collected; the caller finds out at its next co_await.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  Outcome outcome = co_await converse(*child, *asked);
  const std::string ending = co_await child->ended();
  const bool is_cancelled = co_await was_cancelled();
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (is_cancelled)
    outcome = Outcome(SpfCheckEnd::cancelled, verdict_of(SpfResult::unknown, "cancelled"));
  if (outcome.end == SpfCheckEnd::died)
    outcome.verdict = verdict_of(SpfResult::unknown, "the SPF child " + ending);
  count_(outcome.end);
  co_return outcome.verdict;
}

asio::awaitable<SpfEvaluator::Outcome> SpfEvaluator::converse(spf::ChildProcess& child,
                                                              std::string question) {
  const auto greeting = co_await child.receive(spf::max_from_child);
  const auto message = greeting ? spf::decode_from_child(*greeting) : std::nullopt;
  if (message && std::holds_alternative<spf::Ready>(*message)) {
    const bool sent = co_await child.send(std::move(question));
    if (sent) co_return co_await answer_lookups(child);
  }
  if (const auto* unconfined = message ? std::get_if<spf::Unconfined>(&*message) : nullptr) {
    co_return Outcome(
        SpfCheckEnd::unconfined,
        verdict_of(SpfResult::unknown, "the SPF child cannot be confined: " + unconfined->why));
  }
  co_return failure_of(child, greeting.has_value());
}

asio::awaitable<SpfEvaluator::Outcome> SpfEvaluator::answer_lookups(spf::ChildProcess& child) {
  for (std::size_t lookups = 0;; ++lookups) {
    const auto octets = co_await child.receive(spf::max_from_child);
    const auto message = octets ? spf::decode_from_child(*octets) : std::nullopt;
    if (message && std::holds_alternative<SpfVerdict>(*message))
      co_return Outcome(SpfCheckEnd::verdict, std::get<SpfVerdict>(*message));
    const auto* question = message ? std::get_if<policy::DnsQuestion>(&*message) : nullptr;
    if (question == nullptr || lookups == limits_.lookups)
      co_return failure_of(child, octets.has_value());
    std::string answered = co_await answer(*question);
    if (child.is_late()) {
      co_return Outcome(SpfCheckEnd::dns_too_slow,
                        verdict_of(SpfResult::temp_error, "DNS took too long"));
    }
    const bool sent = co_await child.send(std::move(answered));
    if (!sent) co_return failure_of(child, false);
  }
}

asio::awaitable<std::string> SpfEvaluator::answer(policy::DnsQuestion question) {
  const policy::DnsAnswer answer = co_await resolver_.resolve(std::move(question));
  const auto octets = spf::encode(answer);
  co_return octets ? *octets : *spf::encode(policy::DnsAnswer());
}

asio::awaitable<SpfVerdict> SpfEvaluator::ses_authorised(std::string domain) {
  policy::DnsQuestion published;
  published.name = ses_domain;
  published.type = policy::RecordType::txt;
  const policy::DnsAnswer answer = co_await resolver_.resolve(std::move(published));
  const auto address = spf::first_ip4_host(spf::select_record(answer).record);
  SpfQuestion question;
  question.ip = address.value_or(std::string(well_known_ses_address));
  question.mail_from = "postmaster@" + domain;
  question.helo = std::move(domain);
  co_return co_await evaluate(std::move(question));
}

}  // namespace domains
