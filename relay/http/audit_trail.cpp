#include "relay/http/audit_trail.hpp"

#include "relay/net/ask.hpp"

#include <chrono>
#include <functional>
#include <utility>

namespace http {

asio::awaitable<bool> write_down(
    Sources sources, std::string who, std::string what, std::string target, std::string detail) {
  spool::AuditRecord record;
  record.at = std::chrono::system_clock::now();
  record.who = std::move(who);
  record.what = std::move(what);
  record.target = std::move(target);
  record.detail = std::move(detail);
  auto question = [&](std::function<void(spool::Written)> answer) {
    sources.store.write({}, std::move(record), std::move(answer));
  };
  co_return co_await net::ask<spool::Written>(question, sources.store_timeout) ==
      spool::Written::stored;
}

}  // namespace http
