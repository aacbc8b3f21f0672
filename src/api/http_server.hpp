// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A small HTTP/1.1 server: one thread, one handler, bounded in connections, sizes and time. It
// knows no routes. start and stop belong to the owner's thread; the handler runs on the
// server's thread, one request at a time.
#pragma once

#include "base/metrics.hpp"
#include "base/pulse.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace lepton::api {

struct HttpQuery {
    /// Upper case, as sent.
    std::string method;
    /// Path without the query string.
    std::string path;
    std::string body;
};

struct HttpReply {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::string body;
};

using HttpHandler = std::function<HttpReply(const HttpQuery&)>;

struct HttpLimits {
    /// Connections served at a time; further ones are closed at once. Operators' tools need a
    /// handful.
    std::size_t connections_max = 256;
    /// Bytes of a request's body, which each connection may hold. A node's requests have some ten.
    std::size_t body_size_max = 64 * 1024;
};

struct HttpServerSetup {
    /// Of the thread.
    std::string name;
    std::string address;
    /// 0: any.
    std::uint16_t port = 0;
    HttpHandler handler;
    HttpLimits limits{};
    /// Called once, on the server's thread, if it ends without stop().
    std::function<void(std::string what)> on_failure;
    /// Counts connections beyond limits.connections_max. Outlives the server.
    Counter& refused;
    /// Beats twice a second as long as no handler stands still. Outlives the server.
    Pulse& pulse;
};

class HttpServer {
  public:
    static constexpr std::size_t kHeaderSizeMax = 8 * 1024;
    /// For one request to arrive, for one answer to leave, and for an idle connection.
    static constexpr unsigned kTimeoutSeconds = 10;

    /// Binds the address and serves from a thread of its own.
    /// Errors: a bad address, or a port that cannot be bound, named.
    static Result<std::unique_ptr<HttpServer>, IoError> start(HttpServerSetup setup);

    /// As stop().
    ~HttpServer();

    /// Closes every connection and joins the thread; at most as long as the handler's present
    /// request takes.
    void stop();

    std::uint16_t port() const;

  private:
    class Loop;
    explicit HttpServer(std::unique_ptr<Loop> loop);

    std::unique_ptr<Loop> loop_;
};

}  // namespace lepton::api
