// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "api/http_server.hpp"

#include "base/fault.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <pthread.h>

#include <atomic>
#include <optional>
#include <thread>
#include <tuple>

namespace lepton::api {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

constexpr std::chrono::seconds kTimeout{HttpServer::kTimeoutSeconds};
// accept fails in a burst when the process is out of descriptors: wait instead of spinning.
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::milliseconds kBeatPause{500};

// One connection. Alive as long as one of its operations is pending; closing the socket ends them
// all.
class Session : public std::enable_shared_from_this<Session> {
  public:
    Session(tcp::socket socket, const HttpServerSetup& setup, std::size_t& open)
        : stream_(std::move(socket)), setup_(setup), open_(open) {
        ++open_;
    }
    ~Session() { --open_; }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void read() {
        parser_.emplace();
        parser_->header_limit(HttpServer::kHeaderSizeMax);
        parser_->body_limit(setup_.limits.body_size_max);
        stream_.expires_after(kTimeout);
        http::async_read(stream_,
                         buffer_,
                         *parser_,
                         [self = shared_from_this()](beast::error_code error, std::size_t) {
                             self->on_read(error);
                         });
    }

  private:
    void on_read(beast::error_code error) {
        if (error == http::error::body_limit || error == http::error::header_limit) {
            return write({.status = 413, .body = R"({"error":"request too large"})"}, false);
        }
        if (error) return;
        const auto& request = parser_->get();
        const std::string target(request.target());
        const HttpQuery query{.method = std::string(request.method_string()),
                              .path = target.substr(0, target.find('?')),
                              .body = request.body()};
        write(setup_.handler(query), request.keep_alive());
    }

    void write(HttpReply reply, bool keep_alive) {
        response_ = {static_cast<http::status>(reply.status), 11};
        response_.set(http::field::content_type, reply.content_type);
        response_.body() = std::move(reply.body);
        response_.keep_alive(keep_alive);
        response_.prepare_payload();
        stream_.expires_after(kTimeout);
        http::async_write(
            stream_,
            response_,
            [self = shared_from_this(), keep_alive](beast::error_code error, std::size_t) {
                if (!error && keep_alive) self->read();
            });
    }

    beast::tcp_stream stream_;
    const HttpServerSetup& setup_;
    std::size_t& open_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
};

}  // namespace

class HttpServer::Loop {
  public:
    explicit Loop(HttpServerSetup setup) : setup_(std::move(setup)) {}

    Result<void, IoError> bind() {
        const auto& [address, port] = std::tie(setup_.address, setup_.port);
        beast::error_code error;
        const auto ip = asio::ip::make_address(address, error);
        const auto failed = [&](const char* step) {
            return std::unexpected(IoError{
                fmt::format("HTTP server {}:{}: {}: {}", address, port, step, error.message())});
        };
        if (error) return failed("address");
        const tcp::endpoint endpoint(ip, port);
        acceptor_.open(endpoint.protocol(), error);
        if (error) return failed("open");
        acceptor_.set_option(asio::socket_base::reuse_address(true), error);
        acceptor_.bind(endpoint, error);
        if (error) return failed("bind");
        acceptor_.listen(asio::socket_base::max_listen_connections, error);
        if (error) return failed("listen");
        port_ = acceptor_.local_endpoint(error).port();
        return {};
    }

    void start() {
        accept();
        beat();
        thread_ = std::jthread([this] { run(); });
    }

    void stop() {
        if (!thread_.joinable()) return;
        is_stopping_ = true;
        context_.stop();
        thread_.join();
    }

    std::uint16_t port() const { return port_; }

  private:
    void run() {
        ::pthread_setname_np(::pthread_self(), setup_.name.c_str());
        std::string what = "the event loop ran out of work";
        try {
            context_.run();
        } catch (const std::exception& error) {
            what = error.what();
        }
        if (!is_stopping_) setup_.on_failure(what);
    }

    void beat() {
        setup_.pulse.beat();
        if (LEPTON_FAULT("thread." + setup_.name)) return context_.stop();
        beat_.expires_after(kBeatPause);
        beat_.async_wait([this](beast::error_code) { beat(); });
    }

    void accept() {
        acceptor_.async_accept([this](beast::error_code error, tcp::socket socket) {
            if (error) {
                pause_.expires_after(kAcceptPause);
                pause_.async_wait([this](beast::error_code) { accept(); });
                return;
            }
            // Beyond the bound the socket closes here: the client sees it and may come again.
            if (open_ < setup_.limits.connections_max) {
                std::make_shared<Session>(std::move(socket), setup_, open_)->read();
            } else {
                setup_.refused.Increment();
            }
            accept();
        });
    }

    HttpServerSetup setup_;
    std::size_t open_ = 0;
    asio::io_context context_{1};
    tcp::acceptor acceptor_{context_};
    asio::steady_timer pause_{context_};
    asio::steady_timer beat_{context_};
    std::uint16_t port_ = 0;
    std::atomic<bool> is_stopping_{false};
    std::jthread thread_;
};

HttpServer::HttpServer(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

HttpServer::~HttpServer() {
    stop();
}

Result<std::unique_ptr<HttpServer>, IoError> HttpServer::start(HttpServerSetup setup) {
    auto loop = std::make_unique<Loop>(std::move(setup));
    if (auto bound = loop->bind(); !bound) return std::unexpected(bound.error());
    loop->start();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(loop)));
}

void HttpServer::stop() {
    loop_->stop();
}

std::uint16_t HttpServer::port() const {
    return loop_->port();
}

}  // namespace lepton::api
