#pragma once

#include "relay/delivery/upstream.hpp"

#include <boost/asio/thread_pool.hpp>

#include <filesystem>
#include <memory>

namespace delivery {

/// upstream.kind capture: each message becomes ID.eml (as it would have left, dots unstuffed) and
/// ID.json (its envelope) in a directory; nothing leaves. Files appear whole, by rename; writing
/// runs on `pool`.
class CaptureUpstream final : public UpstreamConnection {
 public:
  CaptureUpstream(net::asio::any_io_executor executor,
                  std::shared_ptr<net::asio::thread_pool> pool,
                  std::filesystem::path directory);

  net::asio::awaitable<std::optional<Attempt>> open() override;
  net::asio::awaitable<Attempt> deliver(const spool::Job& job, Hooks& hooks) override;
  [[nodiscard]] bool stale() override { return false; }
  net::asio::awaitable<void> close() override { co_return; }
  void abort() override {}

 private:
  net::asio::any_io_executor executor_;
  std::shared_ptr<net::asio::thread_pool> pool_;
  std::filesystem::path directory_;
};

}  // namespace delivery
