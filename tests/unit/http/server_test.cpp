#include "relay/http/server.hpp"

#include "running_server.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <doctest/doctest.h>

#include <list>
#include <string>

using namespace std::chrono_literals;

namespace {

http::Handler saying(std::string what) {
  return [what](http::Request) -> boost::asio::awaitable<http::Response> {
    http::Response response;
    response.body = what;
    co_return response;
  };
}

boost::asio::awaitable<http::Response> echo(http::Request request) {
  http::Response response;
  response.body = request.path + (request.parameter.empty() ? "" : "|" + request.parameter);
  for (const auto& [name, value] : request.query) response.body += "|" + name + "=" + value;
  co_return response;
}

boost::asio::awaitable<http::Response> tagged(http::Request request) {
  const http::Fields& fields = request.fields;
  http::Response response;
  response.body = fields.host + "|" + fields.origin + "|" + fields.authorization + "|" +
                  fields.if_match + "|" + fields.if_none_match + "|" + request.peer;
  response.fields["ETag"] = "\"7\"";
  if (fields.if_none_match == "\"7\"") response.status = 304;
  co_return response;
}

boost::asio::awaitable<http::Response> repeat_body(http::Request request) {
  http::Response response;
  response.body = request.body;
  co_return response;
}

std::string post_of(const std::string& path, const std::string& type, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: x\r\n" + (type.empty() ? "" : "Content-Type: ") +
         type + (type.empty() ? "" : "\r\n") + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

boost::asio::awaitable<http::Response> failing(http::Request) {
  throw std::runtime_error("the handler broke");
  co_return http::Response{};
}

http::Routes routes() {
  return {{"/plain", {.get = saying("hello\n")}},
          {"/echo", {.get = echo}},
          {"/below/{name}", {.get = echo, .remove = saying("removed")}},
          {"/below/{name}/more", {.get = echo}},
          {"/below/exactly", {.get = saying("exact")}},
          {"/tagged", {.get = tagged}},
          {"/broken", {.get = failing}},
          {"/told", {.post = repeat_body}},
          {"/both", {.get = saying("asked"), .post = repeat_body}},
          {"/below/told", {.post = repeat_body}}};
}

}  // namespace

TEST_SUITE("relay/http/server") {
  TEST_CASE("a GET is answered, and the connection closed after it") {
    RunningServer server;
    const std::string response = get(server.listen(routes()), "/plain");
    CHECK(status_of(response) == "HTTP/1.1 200");
    CHECK(response.find("Content-Length: 6\r\n") != std::string::npos);
    CHECK(response.find("Connection: close\r\n") != std::string::npos);
    CHECK(response.find("Cache-Control: no-store\r\n") != std::string::npos);
    CHECK(body_of(response) == "hello\n");
  }

  TEST_CASE("what is asked decides the status") {
    RunningServer server;
    const std::uint16_t port = server.listen(routes());
    struct Row {
      std::string request, status;
    };
    const std::string end = " HTTP/1.1\r\nHost: x\r\n\r\n";
    const Row rows[] = {
        {"HEAD /plain" + end, "HTTP/1.1 200"},
        {"GET /absent" + end, "HTTP/1.1 404"},
        {"GET /" + end, "HTTP/1.1 404"},
        {"GET /plain/more" + end, "HTTP/1.1 404"},
        {"POST /plain" + end, "HTTP/1.1 405"},
        {"FROB /plain" + end, "HTTP/1.1 405"},
        {"GET http://x/plain" + end, "HTTP/1.1 400"},
        {"GET /%zz" + end, "HTTP/1.1 400"},
        {"EHLO example.com\r\n\r\n", "HTTP/1.1 400"},
        {"\x16\x03\x01 TLS\r\n\r\n", "HTTP/1.1 400"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.request);
      CHECK(status_of(Client(port).exchange(row.request)) == row.status);
    }
    CHECK(Client(port).exchange("POST /plain" + end).find("Allow: GET, HEAD\r\n") !=
          std::string::npos);
  }

  TEST_CASE("a POST of JSON reaches the handler with its body") {
    RunningServer server;
    const std::uint16_t port = server.listen(routes());
    for (const std::string type : {"application/json", "Application/JSON; charset=utf-8"}) {
      const std::string response = Client(port).exchange(post_of("/told", type, R"({"a":1})"));
      CHECK(status_of(response) == "HTTP/1.1 200");
      CHECK(body_of(response) == R"({"a":1})");
    }
    CHECK(body_of(get(port, "/both")) == "asked");
    CHECK(body_of(Client(port).exchange(post_of("/both", "application/json", "told"))) == "told");
  }

  TEST_CASE("what a form of a web page can post is 415") {
    RunningServer server;
    const std::uint16_t port = server.listen(routes());
    for (const std::string type : {"",
                                   "text/plain",
                                   "application/x-www-form-urlencoded",
                                   "multipart/form-data; boundary=application/json",
                                   "application/jsonx"}) {
      CAPTURE(type);
      CHECK(status_of(Client(port).exchange(post_of("/told", type, "{}"))) == "HTTP/1.1 415");
    }
  }

  TEST_CASE("a method that the most fitting path does not answer is 405 with those it does") {
    RunningServer server;
    const std::uint16_t port = server.listen(routes());
    const auto allowed = [&](const std::string& request) {
      const std::string response = Client(port).exchange(request);
      CHECK(status_of(response) == "HTTP/1.1 405");
      const auto begin = response.find("Allow: ") + 7;
      return response.substr(begin, response.find("\r\n", begin) - begin);
    };
    const std::string end = " HTTP/1.1\r\nHost: x\r\n\r\n";
    CHECK(allowed("GET /told" + end) == "POST");
    CHECK(allowed("HEAD /told" + end) == "POST");
    CHECK(allowed("GET /below/told" + end) == "POST");
    CHECK(allowed(post_of("/below/other", "application/json", "{}")) == "GET, HEAD, DELETE");
    CHECK(allowed("DELETE /plain" + end) == "GET, HEAD");
    CHECK(allowed("PUT /both" + end) == "GET, HEAD, POST");
  }

  TEST_CASE("a POST whose body is over the bound is refused, at the bound it is taken") {
    http::Limits limits;
    limits.body_octets = 100;
    RunningServer server(limits);
    const std::uint16_t port = server.listen(routes());
    const auto sent = [&](std::size_t octets) {
      return Client(port).exchange(post_of("/told", "application/json", std::string(octets, 'b')));
    };
    CHECK(body_of(sent(100)) == std::string(100, 'b'));
    CHECK(status_of(sent(101)) == "HTTP/1.1 413");
  }

  TEST_CASE("a route may take longer bodies of any type, and no other of its listener does") {
    http::Limits limits;
    limits.body_octets = 100;
    RunningServer server(limits);
    http::Routes all = routes();
    all["/any"] = {.get = nullptr, .post = repeat_body, .any_type = true, .body_octets = 200};
    const std::uint16_t port = server.listen(all);
    const auto sent = [&](const std::string& path, const std::string& type, std::size_t octets) {
      return Client(port).exchange(post_of(path, type, std::string(octets, 'b')));
    };
    for (const std::string type : {"", "text/plain; charset=UTF-8", "application/json"}) {
      CAPTURE(type);
      CHECK(body_of(sent("/any", type, 200)) == std::string(200, 'b'));
      CHECK(status_of(sent("/any", type, 201)) == "HTTP/1.1 413");
    }
    CHECK(body_of(sent("/told", "application/json", 100)) == std::string(100, 'b'));
    CHECK(status_of(sent("/told", "application/json", 101)) == "HTTP/1.1 413");
    CHECK(status_of(sent("/told", "text/plain", 100)) == "HTTP/1.1 415");
  }

  TEST_CASE("HEAD has the header of GET and no body") {
    RunningServer server;
    const std::string response =
        Client(server.listen(routes())).exchange("HEAD /plain HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(response.find("Content-Length: 6\r\n") != std::string::npos);
    CHECK(body_of(response).empty());
  }

  TEST_CASE("path, parameter and query are decoded; the route that says the most answers") {
    RunningServer server;
    const std::uint16_t port = server.listen(routes());
    CHECK(body_of(get(port, "/echo?a=1&b=x%20y%26z&c&a=2")) == "/echo|a=1|b=x y&z|c=");
    CHECK(body_of(get(port, "/below/b%2Fc")) == "/below/b/c|b/c");
    CHECK(body_of(get(port, "/below/a/more")) == "/below/a/more|a");
    CHECK(body_of(get(port, "/below/exactly")) == "exact");
    CHECK(body_of(get(port, "/below/exactly/more")) == "/below/exactly/more|exactly");
    for (const char* nowhere :
         {"/below", "/below/", "/below/a/", "/below/a/less", "/below//more"}) {
      CAPTURE(nowhere);
      CHECK(status_of(get(port, nowhere)) == "HTTP/1.1 404");
    }
  }

  TEST_CASE("a DELETE is answered where it may be, and carries nothing") {
    RunningServer server;
    const std::uint16_t port = server.listen(routes());
    const std::string fields = "Host: x\r\n";
    CHECK(body_of(Client(port).exchange(request_of("DELETE", "/below/a", fields))) == "removed");
    CHECK(status_of(Client(port).exchange(request_of("DELETE", "/below/a", fields, "{}"))) ==
          "HTTP/1.1 400");
  }

  TEST_CASE("a handler sees who asks and the fields that matter, and sets fields of its own") {
    RunningServer server;
    const std::uint16_t port = server.listen(routes());
    const std::string response = Client(port).exchange(request_of(
        "GET",
        "/tagged",
        "HOST: h\r\nOrigin: o\r\nAuthorization: a\r\nIf-Match: m\r\nIf-None-Match: n\r\n"));
    CHECK(body_of(response) == "h|o|a|m|n|127.0.0.1");
    CHECK(response.find("ETag: \"7\"\r\n") != std::string::npos);
    const std::string unchanged =
        Client(port).exchange(request_of("GET", "/tagged", "If-None-Match: \"7\"\r\n"));
    CHECK(status_of(unchanged) == "HTTP/1.1 304");
    CHECK(unchanged.find("Content-Length") == std::string::npos);
  }

  TEST_CASE("a handler that throws is answered with 500, and its words go to the sink alone") {
    RunningServer server;
    const std::string response = get(server.listen(routes()), "/broken");
    CHECK(status_of(response) == "HTTP/1.1 500");
    CHECK(response.find("broke") == std::string::npos);
    CHECK(server.threw() == std::vector<std::string>{"the handler broke"});
  }

  TEST_CASE("a header or a body over the bound is refused, at the bound it is taken") {
    http::Limits limits;
    limits.header_octets = 1000;
    limits.body_octets = 100;
    RunningServer server(limits);
    const std::uint16_t port = server.listen(routes());
    const auto with_fields = [](std::size_t octets) {
      return "GET /plain HTTP/1.1\r\nX: " + std::string(octets - 7, 'x') + "\r\n\r\n";
    };
    CHECK(status_of(Client(port).exchange(with_fields(1000))) == "HTTP/1.1 200");
    CHECK(status_of(Client(port).exchange(with_fields(1001))) == "HTTP/1.1 431");
    const auto with_path = [](std::size_t octets) {
      return "GET /" + std::string(octets - 16, 'x') + " HTTP/1.1\r\n\r\n";
    };
    CHECK(status_of(Client(port).exchange(with_path(900))) == "HTTP/1.1 404");
    CHECK(status_of(Client(port).exchange(with_path(1001))) == "HTTP/1.1 431");
    const auto with_body = [](std::size_t octets) {
      return "GET /plain HTTP/1.1\r\nContent-Length: " + std::to_string(octets) + "\r\n\r\n" +
             std::string(octets, 'b');
    };
    CHECK(status_of(Client(port).exchange(with_body(100))) == "HTTP/1.1 200");
    CHECK(status_of(Client(port).exchange(with_body(101))) == "HTTP/1.1 413");
    const std::string chunked = "GET /plain HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" +
                                std::string(0x65, 'b') + "\r\n0\r\n\r\n";
    CHECK(status_of(Client(port).exchange(chunked)) == "HTTP/1.1 413");
  }

  TEST_CASE("a request that does not come to its end is cut off") {
    http::Limits limits;
    limits.read = 50ms;
    RunningServer server(limits);
    const std::uint16_t port = server.listen(routes());
    CHECK(Client(port).exchange("GET /plain HTTP/1.1\r\n").empty());
    CHECK(Client(port).exchange("").empty());
  }

  TEST_CASE("a request with two hosts is refused") {
    RunningServer server;
    const std::uint16_t port = server.listen(routes());
    const std::string head = "GET /plain HTTP/1.1\r\nHost: localhost\r\n";
    CHECK(status_of(Client(port).exchange(head + "Host: evil.example\r\n\r\n")) == "HTTP/1.1 400");
    CHECK(status_of(Client(port).exchange(head + "\r\n")) == "HTTP/1.1 200");
  }

  TEST_CASE(
      "one connection over the bound is closed at once, and there is room again when one ends") {
    http::Limits limits;
    limits.connections = 2;
    RunningServer server(limits);
    const std::uint16_t port = server.listen(routes());
    {
      std::list<Client> waiting;
      waiting.emplace_back(port).send("GET");
      waiting.emplace_back(port).send("GET");
      while (server.connections() < 2) std::this_thread::yield();
      CHECK(get(port, "/plain").empty());
      CHECK(waiting.front().exchange(" /plain HTTP/1.1\r\n\r\n").find("hello") !=
            std::string::npos);
    }
    while (server.connections() > 0) std::this_thread::yield();
    CHECK(status_of(get(port, "/plain")) == "HTTP/1.1 200");
  }

  TEST_CASE("one address does not take all places of a listener") {
    http::Limits limits;
    limits.connections_of_peer = 2;
    RunningServer server(limits);
    const std::uint16_t port = server.listen(routes());
    std::list<Client> waiting;
    waiting.emplace_back(port).send("GET");
    waiting.emplace_back(port).send("GET");
    while (server.connections() < 2) std::this_thread::yield();
    CHECK(get(port, "/plain").empty());
    CHECK(status_of(Client(port, "127.0.0.2").exchange("GET /plain HTTP/1.1\r\n\r\n")) ==
          "HTTP/1.1 200");
    waiting.clear();
    while (server.connections() > 0) std::this_thread::yield();
    CHECK(status_of(get(port, "/plain")) == "HTTP/1.1 200");
  }

  TEST_CASE("a listener that is full leaves the others alone") {
    http::Limits limits;
    limits.connections = 1;
    RunningServer server(limits);
    const std::uint16_t full = server.listen(routes());
    const std::uint16_t other = server.listen(routes());
    Client waiting(full);
    waiting.send("GET");
    while (server.connections() < 1) std::this_thread::yield();
    CHECK(get(full, "/plain").empty());
    CHECK(status_of(get(other, "/plain")) == "HTTP/1.1 200");
  }

  TEST_CASE("close cuts live connections and frees the port") {
    RunningServer server;
    const std::uint16_t port = server.listen(routes());
    Client client(port);
    client.send("GET /plain");
    while (server.connections() < 1) std::this_thread::yield();
    server.close();
    CHECK(client.read_all().empty());
    CHECK_THROWS_AS(get(port, "/plain"), boost::system::system_error);
    while (server.connections() > 0) std::this_thread::yield();
    server.close();
  }

  TEST_CASE("an address that is taken, or is none, is one sentence that names it") {
    RunningServer server;
    const std::uint16_t port = server.listen(routes());
    const auto listen = [](const std::string& address, std::uint16_t at) {
      boost::asio::io_context context;
      http::Server second(context.get_executor(), [](std::string_view) {});
      const auto listening = second.listen(address, at, {});
      return listening ? std::string() : listening.error().sentence();
    };
    CHECK(listen("127.0.0.1", port).find("127.0.0.1 port " + std::to_string(port)) !=
          std::string::npos);
    CHECK(listen("localhost", 0).find("localhost") != std::string::npos);
    CHECK(listen("192.0.2.1", 0).find("192.0.2.1") != std::string::npos);
    CHECK(listen("::1", 0).empty());
  }
}
