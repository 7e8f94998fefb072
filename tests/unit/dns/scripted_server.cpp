#include "scripted_server.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <utility>

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using packet::Octets;
using packet::operator+;

struct ScriptedServer::State : std::enable_shared_from_this<State> {
  State(asio::io_context& context,
        Script what,
        const asio::ip::address& address,
        std::uint16_t port)
      : script(std::move(what)),
        socket(context, {address, port}),
        acceptor(context, {address, socket.local_endpoint().port()}) {}

  void receive() {
    socket.async_receive_from(
        asio::buffer(octets), from, [self = shared_from_this()](auto failed, std::size_t size) {
          if (failed) return;
          self->queries.emplace_back(self->octets.begin(),
                                     self->octets.begin() + static_cast<std::ptrdiff_t>(size));
          self->askers.push_back(self->from);
          self->answer(self->queries.back(), self->from);
          self->receive();
        });
  }

  void answer(const Octets& query, const udp::endpoint& asker) {
    boost::system::error_code ignored;  // an asker that has gone is no trouble of the server's
    for (const Octets& reply : script(query, Over::udp))
      socket.send_to(asio::buffer(reply), asker, 0, ignored);
  }

  void accept() {
    acceptor.async_accept([self = shared_from_this()](auto failed, tcp::socket peer) {
      if (failed) return;
      self->serve(std::make_shared<tcp::socket>(std::move(peer)));
      self->accept();
    });
  }

  void serve(const std::shared_ptr<tcp::socket>& peer) {
    auto message = std::make_shared<Octets>(2);
    asio::async_read(
        *peer,
        asio::buffer(*message),
        [self = shared_from_this(), peer, message](auto failed, std::size_t) {
          if (failed) return;
          message->resize(static_cast<std::size_t>((*message)[0] << 8U | (*message)[1]));
          asio::async_read(
              *peer, asio::buffer(*message), [self, peer, message](auto cut, std::size_t) {
                if (cut) return;
                Octets replies;
                for (const Octets& reply : self->script(*message, Over::tcp))
                  replies = std::move(replies) +
                            packet::number16(static_cast<std::uint16_t>(reply.size())) + reply;
                *message = replies;
                asio::async_write(
                    *peer, asio::buffer(*message), [self, peer, message](auto broken, std::size_t) {
                      if (!broken) self->serve(peer);
                    });
              });
        });
  }

  Script script;
  udp::socket socket;
  tcp::acceptor acceptor;
  udp::endpoint from;
  std::array<std::uint8_t, 4096> octets{};
  std::vector<Octets> queries;
  std::vector<udp::endpoint> askers;
};

ScriptedServer::ScriptedServer(asio::io_context& context,
                               Script script,
                               const std::string& address,
                               std::uint16_t port) {
  const auto at = asio::ip::make_address(address);
  constexpr int most_ports = 100;  // one that UDP has free may be taken over TCP
  for (int ports = 1; !state_; ++ports) {
    try {
      state_ = std::make_shared<State>(context, script, at, port);
    } catch (const boost::system::system_error&) {
      if (port != 0 || ports == most_ports) throw;
    }
  }
  state_->receive();
  state_->accept();
}

ScriptedServer::~ScriptedServer() {
  state_->socket.close();
  state_->acceptor.close();
}

config::Endpoint ScriptedServer::endpoint() const {
  const udp::endpoint local = state_->socket.local_endpoint();
  return {.address = local.address().to_string(), .port = local.port()};
}

const std::vector<Octets>& ScriptedServer::queries() const { return state_->queries; }

void ScriptedServer::become(Script script) {
  state_->script = std::move(script);
  for (std::size_t i = 0; i < state_->queries.size(); ++i)
    state_->answer(state_->queries[i], state_->askers[i]);
}

ScriptedServer::Script saying(std::vector<Octets> answers, std::uint16_t flags) {
  return [answers = std::move(answers), flags](const Octets& query, ScriptedServer::Over) {
    return std::vector<Octets>{packet::reply(query, flags, answers)};
  };
}

ScriptedServer::Script silence() {
  return [](const Octets&, ScriptedServer::Over) { return std::vector<Octets>(); };
}
