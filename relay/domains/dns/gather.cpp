#include "relay/domains/dns/gather.hpp"

#include "relay/domains/dns/message.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace domains {
namespace {

namespace asio = net::asio;

/// Shared with those that still run when the one who waits is cancelled.
struct Gathering {
  Gathering(const asio::any_io_executor& executor, std::size_t size)
      : all_ended(executor, asio::steady_timer::time_point::max()), answers(size), running(size) {}
  asio::steady_timer all_ended;
  std::vector<MaybeAnswer> answers;
  std::size_t running;
};

asio::awaitable<void> keep(Start start, std::shared_ptr<Gathering> gathering, std::size_t place) {
  gathering->answers[place] = co_await start();
}

}  // namespace

asio::awaitable<std::vector<MaybeAnswer>> gather(std::vector<Start> starts) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto gathering = std::make_shared<Gathering>(executor, starts.size());
  for (std::size_t place = 0; place < starts.size(); ++place) {
    auto run = [start = std::move(starts[place]), gathering, place] {
      return keep(start, gathering, place);
    };
    net::spawn(
        executor,
        std::move(run),
        [gathering, place](std::string_view what) {
          gathering->answers[place] = failed_answer(std::string(what));
        },
        [gathering] {
          if (--gathering->running == 0) gathering->all_ended.cancel();
        });
  }
  if (gathering->running > 0) co_await gathering->all_ended.async_wait(net::tup);
  co_return std::move(gathering->answers);
}

}  // namespace domains
