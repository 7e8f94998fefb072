#include "relay/domains/dns/unbound_resolver.hpp"

#include "relay/domains/dns/authorities.hpp"
#include "relay/domains/dns/exchange.hpp"
#include "relay/domains/dns/message.hpp"
#include "relay/net/coro.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <unbound.h>

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace domains {
namespace {

namespace asio = net::asio;
using boost::system::error_code;
using policy::DnsAnswer;
using policy::DnsOutcome;

constexpr std::size_t longest_why = 200;
constexpr std::string_view stopping = "the relay is stopping";

DnsAnswer answer_of(const ub_result& result, const WireQuestion& question) {
  if (result.bogus != 0) {
    const std::string why = result.why_bogus == nullptr ? "bogus" : result.why_bogus;
    return failed_answer("DNSSEC: " + why.substr(0, longest_why));
  }
  const std::span octets(static_cast<const std::uint8_t*>(result.answer_packet),
                         static_cast<std::size_t>(result.answer_len));
  auto reply = read_reply(octets, question);
  if (!reply) return failed_answer("the answer is malformed");
  if (reply->answer.records.empty()) reply->answer.ttl = static_cast<std::uint32_t>(result.ttl);
  return std::move(reply->answer);
}

}  // namespace

/// The questions under way, and the libunbound that is asked, opened at the first of them: until
/// then it would only hold memory.
class UnboundResolver::Questions : public std::enable_shared_from_this<Questions> {
 public:
  Questions(const asio::any_io_executor& executor, UnboundOptions options)
      : executor_(executor), options_(std::move(options)), readable_(executor) {}

  [[nodiscard]] const UnboundOptions& options() const noexcept { return options_; }

  /// Keeps what is asked alive, whoever destroys the resolver meanwhile.
  static asio::awaitable<DnsAnswer> ask(std::shared_ptr<Questions> questions,
                                        policy::DnsQuestion question);
  void stop();

 private:
  class Pending;
  void advance();
  mail::Result<void> open();
  void listen();
  void close(const std::string& why);

  asio::any_io_executor executor_;
  UnboundOptions options_;
  UnboundContext context_;
  asio::posix::stream_descriptor readable_;  ///< libunbound's: it has answers
  std::deque<Pending*> waiting_;
  std::vector<Pending*> under_way_;
  bool stopped_ = false;
};

/// One question, entered for as long as its coroutine waits for the answer.
class UnboundResolver::Questions::Pending {
 public:
  Pending(Questions& questions, WireQuestion question)
      : questions_(questions),
        question_(std::move(question)),
        settled_(questions.executor_, questions.options_.timeout) {
    questions_.waiting_.push_back(this);
  }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;
  ~Pending() {
    if (begun_ && !answer_) ub_cancel(questions_.context_.get(), id_);
    std::erase(questions_.waiting_, this);
    std::erase(questions_.under_way_, this);
    questions_.advance();
  }

  void begin() {
    const std::string name = shown_name(question_.name) + '.';
    const auto answered = [](void* pending, int error, ub_result* result) noexcept {
      static_cast<Pending*>(pending)->take(error, result);
    };
    const int error = ub_resolve_async(
        questions_.context_.get(), name.c_str(), question_.type, class_in, this, answered, &id_);
    begun_ = error == UB_NOERROR;
    if (!begun_) settle(failed_answer(ub_strerror(error)));
  }

  /// The first answer counts.
  void settle(DnsAnswer answer) {
    if (answer_) return;
    answer_ = std::move(answer);
    settled_.cancel();
  }

  asio::awaitable<DnsAnswer> wait() {
    if (!answer_) co_await settled_.async_wait(net::tup);
    co_return answer_ ? *answer_ : no_answer_in(questions_.options_.timeout);
  }

 private:
  void take(int error, ub_result* result) {
    const std::unique_ptr<ub_result, decltype(&ub_resolve_free)> owned(result, ub_resolve_free);
    settle(error != UB_NOERROR ? failed_answer(ub_strerror(error)) : answer_of(*result, question_));
  }

  Questions& questions_;
  WireQuestion question_;
  asio::steady_timer settled_;  ///< ends at the timeout, or cancelled because there is an answer
  std::optional<DnsAnswer> answer_;
  int id_ = 0;
  bool begun_ = false;
};

asio::awaitable<DnsAnswer> UnboundResolver::Questions::ask(std::shared_ptr<Questions> questions,
                                                           policy::DnsQuestion question) {
  auto wire = wire_question(question);
  if (!wire) co_return DnsAnswer{.outcome = DnsOutcome::no_name};
  if (questions->stopped_) co_return failed_answer(std::string(stopping));
  if (questions->waiting_.size() >= questions->options_.most_waiting)
    co_return failed_answer("too many questions wait already");
  Pending pending(*questions, std::move(*wire));
  questions->advance();
  co_return co_await pending.wait();
}

/// Begins what waits, as far as there are places.
void UnboundResolver::Questions::advance() {
  while (!waiting_.empty() && under_way_.size() < options_.most_under_way) {
    Pending& next = *waiting_.front();
    waiting_.pop_front();
    under_way_.push_back(&next);
    const auto opened = open();
    if (opened) next.begin();
    if (!opened) next.settle(failed_answer(opened.error().sentence()));
  }
}

mail::Result<void> UnboundResolver::Questions::open() {
  if (context_) return {};
  auto opened = open_unbound(options_);
  if (!opened) return opened.error();
  context_ = std::move(*opened);
  readable_.assign(ub_fd(context_.get()));
  listen();
  return {};
}

void UnboundResolver::Questions::listen() {
  readable_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](const error_code& failed) {
                         if (failed || !self->context_) return;
                         const int error = ub_process(self->context_.get());
                         if (error == UB_NOERROR) return self->listen();
                         self->close(ub_strerror(error));
                       });
}

/// Without libunbound: what it was asked has no answer, and the next question opens it anew.
void UnboundResolver::Questions::close(const std::string& why) {
  if (readable_.is_open()) readable_.release();  // which stays libunbound's, and is closed by it
  context_.reset();
  for (Pending* pending : under_way_) pending->settle(failed_answer(why));
}

void UnboundResolver::Questions::stop() {
  stopped_ = true;
  under_way_.insert(under_way_.end(), waiting_.begin(), waiting_.end());
  waiting_.clear();
  close(std::string(stopping));
}

mail::Result<std::unique_ptr<UnboundResolver>> UnboundResolver::make(
    const asio::any_io_executor& executor, UnboundOptions options) {
  const auto mistakes = open_unbound(options);
  if (!mistakes) return mistakes.error();
  auto questions = std::make_shared<Questions>(executor, std::move(options));
  return std::unique_ptr<UnboundResolver>(new UnboundResolver(std::move(questions)));
}

UnboundResolver::UnboundResolver(std::shared_ptr<Questions> questions)
    : questions_(std::move(questions)) {}

UnboundResolver::~UnboundResolver() { questions_->stop(); }

asio::awaitable<DnsAnswer> UnboundResolver::resolve(policy::DnsQuestion question) {
  return Questions::ask(questions_, std::move(question));
}

asio::awaitable<std::vector<DnsAnswer>> UnboundResolver::ask_authorities(
    policy::DnsQuestion question) {
  const UnboundOptions& options = questions_->options();
  const AuthorityRules rules{.timeout = options.timeout,
                             .private_servers = options.private_servers,
                             .port = options.authority_port};
  auto ask = [questions = questions_](policy::DnsQuestion asked) {
    return Questions::ask(questions, std::move(asked));
  };
  return ask_zone_servers(std::move(ask), std::move(question), rules);
}

}  // namespace domains
