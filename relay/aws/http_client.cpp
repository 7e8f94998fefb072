#include "relay/aws/http_client.hpp"

#include "relay/aws/libcurl.hpp"
#include "relay/aws/transfer.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <limits>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include <pthread.h>

namespace aws {

namespace asio = boost::asio;

/// The thread, and what it works on. The multi handle runs any number of requests side by side, so
/// a slow server holds up nobody else.
class HttpClient::Worker {
 public:
  using Multi = std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)>;

  Worker(const Libcurl& curl, Multi multi, std::filesystem::path ca_file)
      : curl_(curl),
        multi_(std::move(multi)),
        ca_file_(std::move(ca_file)),
        thread_([this] { run(); }) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() { close(); }

  void take(HttpRequest request, Answered answered) {
    auto transfer = std::make_unique<Transfer>(std::move(request), std::move(answered));
    transfer->wake_when_stopped([this] { curl_.multi_wakeup(multi_.get()); });
    const std::string_view refusal = admit(transfer);
    if (!refusal.empty()) return transfer->fail(refusal);
    curl_.multi_wakeup(multi_.get());
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    curl_.multi_wakeup(multi_.get());
    if (thread_.joinable()) thread_.join();
  }

 private:
  static constexpr std::string_view stopping = "the relay is stopping";

  /// Hands it to the thread, or says why not.
  std::string_view admit(std::unique_ptr<Transfer>& transfer) {
    const std::lock_guard lock(mutex_);
    if (closing_) return stopping;
    if (unanswered_ == max_requests) return "too many requests are under way; ask again later";
    ++unanswered_;
    arrived_.push_back(std::move(transfer));
    return {};
  }

  void run() {
    pthread_setname_np(pthread_self(), "aws-http");
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);  // SIGPIPE too: libcurl writes to sockets
    while (begin_arrived()) {
      int under_way = 0;
      curl_.multi_perform(multi_.get(), &under_way);
      finish_done();
      end_stopped();
      curl_.multi_poll(multi_.get(), nullptr, 0, std::numeric_limits<int>::max(), nullptr);
    }
    for (auto& [handle, transfer] : under_way_) {
      curl_.multi_remove_handle(multi_.get(), handle);
      transfer->fail(stopping);
    }
    under_way_.clear();
  }

  /// False: the client is closing, and what had arrived is answered.
  bool begin_arrived() {
    std::vector<std::unique_ptr<Transfer>> arrived;
    bool closing = false;
    {
      const std::lock_guard lock(mutex_);
      arrived.swap(arrived_);
      closing = closing_;
    }
    for (auto& transfer : arrived) {
      if (closing) {
        transfer->fail(stopping);
      } else if (CURL* handle = transfer->begin(curl_, ca_file_)) {
        curl_.multi_add_handle(multi_.get(), handle);
        under_way_.emplace(handle, std::move(transfer));
      } else {
        count_answered();
      }
    }
    return !closing;
  }

  void finish_done() {
    int left = 0;
    while (CURLMsg* message = curl_.multi_info_read(multi_.get(), &left)) {
      CURL* handle = message->easy_handle;
      const CURLcode result = message->data.result;
      curl_.multi_remove_handle(multi_.get(), handle);
      const auto transfer = under_way_.extract(handle);
      count_answered();  // before the answer, so that whoever gets it may ask again
      transfer.mapped()->finish(result);
    }
  }

  void end_stopped() {
    std::erase_if(under_way_, [this](const auto& one) {
      const auto& [handle, transfer] = one;
      if (!transfer->stopped()) return false;
      curl_.multi_remove_handle(multi_.get(), handle);
      count_answered();
      transfer->fail(stopping);
      return true;
    });
  }

  void count_answered() {
    const std::lock_guard lock(mutex_);
    --unanswered_;
  }

  const Libcurl curl_;
  const Multi multi_;
  const std::filesystem::path ca_file_;
  std::map<CURL*, std::unique_ptr<Transfer>> under_way_;  ///< the thread's own
  std::mutex mutex_;
  std::vector<std::unique_ptr<Transfer>> arrived_;
  std::size_t unanswered_ = 0;
  bool closing_ = false;
  std::thread thread_;
};

HttpClient::HttpClient(std::unique_ptr<Worker> worker) : worker_(std::move(worker)) {}
HttpClient::~HttpClient() = default;

mail::Result<std::unique_ptr<HttpClient>> HttpClient::start(const std::filesystem::path& ca_file) {
  const auto curl = load_libcurl();
  if (!curl) return curl.error();
  Worker::Multi multi(curl->multi_init(), curl->multi_cleanup);
  if (!multi || curl->multi_wakeup(multi.get()) != CURLM_OK)  // it needs a socket pair
    return mail::failure(
        "libcurl cannot begin: the relay is out of memory or file descriptors; raise its limits");
  auto worker = std::make_unique<Worker>(*curl, std::move(multi), ca_file);
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(worker)));
}

asio::awaitable<mail::Result<HttpResponse>> HttpClient::send(HttpRequest request) {
  auto initiate = [this](auto handler, HttpRequest asked) {
    auto work = asio::make_work_guard(handler);  // the context runs until the answer is posted
    auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
    Answered answered = [work, waiting](mail::Result<HttpResponse> answer) mutable {
      auto resume = [waiting = std::move(waiting), answer = std::move(answer)]() mutable {
        std::move (*waiting)(std::move(answer));
      };
      asio::post(work.get_executor(), std::move(resume));
    };
    worker_->take(std::move(asked), std::move(answered));
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>,
                                          void(mail::Result<HttpResponse>)>(
      std::move(initiate), asio::use_awaitable, std::move(request));
}

void HttpClient::close() { worker_->close(); }

}  // namespace aws
