// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "api/http_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <optional>

namespace lepton::api {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::uint64_t kBodySizeMax = 64 * 1024 * 1024;

// One exchange, driven by a private io_context so that each step can time out.
class Exchange {
  public:
    explicit Exchange(Duration timeout) : stream_(context_), timeout_(timeout) {
        parser_.body_limit(kBodySizeMax);
    }

    beast::error_code connect(const std::string& host, std::uint16_t port) {
        beast::error_code error;
        const asio::ip::address address = asio::ip::make_address(host, error);
        if (error) return error;
        return step([&](auto done) { stream_.async_connect({address, port}, done); });
    }
    beast::error_code send(http::request<http::string_body>& request) {
        return step([&](auto done) {
            http::async_write(
                stream_, request, [done](beast::error_code error, std::size_t) { done(error); });
        });
    }
    beast::error_code receive() {
        return step([&](auto done) {
            http::async_read(
                stream_, buffer_, parser_, [done](beast::error_code error, std::size_t) {
                    done(error);
                });
        });
    }
    http::response<http::string_body>& response() { return parser_.get(); }

  private:
    template <class Start>
    beast::error_code step(Start start) {
        beast::error_code result = asio::error::timed_out;
        stream_.expires_after(timeout_);
        start([&result](beast::error_code error) { result = error; });
        context_.restart();
        context_.run();
        return result;
    }

    asio::io_context context_{1};
    beast::tcp_stream stream_;
    Duration timeout_;
    beast::flat_buffer buffer_;
    http::response_parser<http::string_body> parser_;
};

}  // namespace

Result<HttpResponse, IoError> http_request(std::string_view method,
                                           const std::string& host,
                                           std::uint16_t port,
                                           std::string_view target,
                                           std::string_view body,
                                           Duration timeout) {
    const auto failed = [&](std::string_view step, const beast::error_code& error) {
        return std::unexpected(IoError{
            fmt::format("http://{}:{}{}: {}: {}", host, port, target, step, error.message())});
    };
    http::request<http::string_body> request;
    request.method_string({method.data(), method.size()});
    request.target({target.data(), target.size()});
    request.version(11);
    request.set(http::field::host, host);
    request.set(http::field::connection, "close");
    if (!body.empty()) request.set(http::field::content_type, "application/json");
    request.body() = std::string(body);
    request.prepare_payload();

    Exchange exchange(timeout);
    if (auto error = exchange.connect(host, port)) return failed("connect", error);
    if (auto error = exchange.send(request)) return failed("send", error);
    if (auto error = exchange.receive()) return failed("receive", error);
    auto& response = exchange.response();
    const auto type = response[http::field::content_type];
    return HttpResponse{.status = response.result_int(),
                        .content_type = std::string(type.data(), type.size()),
                        .body = std::move(response.body())};
}

}  // namespace lepton::api
