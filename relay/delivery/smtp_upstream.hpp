#pragma once

#include "relay/config/config.hpp"
#include "relay/delivery/upstream.hpp"
#include "relay/net/connect.hpp"
#include "relay/net/connection.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace delivery {

/// How long each step of the dialogue may take.
[[nodiscard]] std::chrono::seconds patience(smtp::Phase phase) noexcept;

/// A connection to SES or another smarthost: TLS verified, never clear text. Lives on one thread.
class SmtpUpstream final : public UpstreamConnection {
 public:
  SmtpUpstream(const net::asio::any_io_executor& executor,
               std::shared_ptr<const config::Upstream> settings,
               net::TlsContext tls,
               std::string hostname);

  /// What open() met with, for whoever examines the upstream.
  struct Sight {
    bool connected = false, secured = false;  ///< TCP; TLS, with a certificate that is trusted
    std::optional<std::chrono::steady_clock::time_point> greeted;  ///< when its first line came
    std::optional<std::chrono::system_clock::time_point> certificate_expires;
  };
  [[nodiscard]] const Sight& sight() const noexcept { return sight_; }

  net::asio::awaitable<std::optional<Attempt>> open() override;
  net::asio::awaitable<Attempt> deliver(const spool::Job& job, Hooks& hooks) override;
  [[nodiscard]] bool stale() override;
  net::asio::awaitable<void> close() override;
  void abort() override;

 private:
  net::asio::awaitable<bool> connect(Attempt& failure);
  net::asio::awaitable<bool> secure(Attempt& failure);
  net::asio::awaitable<bool> converse_until_ready(Attempt& failure);
  net::asio::awaitable<smtp::ClientInput> read_reply(smtp::Phase phase);
  net::asio::awaitable<smtp::ClientInput> send_content(const std::string& content, Hooks& hooks);
  net::asio::awaitable<bool> write(const std::string& octets, std::chrono::seconds within);
  [[nodiscard]] std::string explain(std::string_view trouble, bool replied) const;
  [[nodiscard]] std::string why() const;

  std::shared_ptr<const config::Upstream> settings_;
  net::TlsContext tls_;
  smtp::ClientSession session_;
  net::Connecting connecting_;
  std::unique_ptr<net::Connection> connection_;
  Sight sight_;
  boost::system::error_code last_error_;
  bool aborted_ = false;
};

}  // namespace delivery
