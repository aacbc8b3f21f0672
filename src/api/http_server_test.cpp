// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "api/http_server.hpp"

#include "api/http_client.hpp"

#include <boost/asio.hpp>
#include <gtest/gtest.h>

#include <future>
#include <stdexcept>
#include <string>

namespace lepton::api {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(5);

std::unique_ptr<HttpServer> echo_server() {
    auto server = HttpServer::start(
        "127.0.0.1",
        0,
        [](const HttpQuery& query) {
            return HttpReply{.status = 201,
                             .content_type = "text/plain",
                             .body = query.method + " " + query.path + " " + query.body};
        },
        [](const std::string& what) { ADD_FAILURE() << what; });
    EXPECT_TRUE(server.has_value());
    return std::move(*server);
}

TEST(HttpServer, handler_sees_the_request_and_its_reply_arrives) {
    const auto server = echo_server();
    const auto got = http_request("POST", "127.0.0.1", server->port(), "/a/b?c=d", "{}", kTimeout);
    ASSERT_TRUE(got) << got.error().what;
    EXPECT_EQ(got->status, 201U);
    EXPECT_EQ(got->content_type, "text/plain");
    EXPECT_EQ(got->body, "POST /a/b {}");
}

TEST(HttpServer, a_body_above_the_bound_is_refused_and_the_server_lives) {
    const auto server = echo_server();
    const std::string large(HttpServer::kBodySizeMax + 1, 'x');
    const auto refused = http_request("POST", "127.0.0.1", server->port(), "/", large, kTimeout);
    if (refused) {
        EXPECT_EQ(refused->status, 413U);
    }
    const auto next = http_get("127.0.0.1", server->port(), "/", kTimeout);
    ASSERT_TRUE(next) << next.error().what;
    EXPECT_EQ(next->status, 201U);
}

TEST(HttpServer, a_taken_port_is_an_error_that_names_it) {
    const auto server = echo_server();
    const auto second = HttpServer::start(
        "127.0.0.1",
        server->port(),
        [](const HttpQuery&) { return HttpReply{}; },
        [](const std::string&) {});
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().what.find(std::to_string(server->port())), std::string::npos);
}

TEST(HttpServer, stop_returns_while_a_client_is_connected) {
    namespace asio = boost::asio;
    const auto server = echo_server();
    asio::io_context context;
    asio::ip::tcp::socket client(context);
    client.connect({asio::ip::make_address("127.0.0.1"), server->port()});
    asio::write(client,
                asio::buffer(std::string("POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nhalf")));
    // Another one is served meanwhile, so the server has the first.
    ASSERT_TRUE(http_get("127.0.0.1", server->port(), "/", kTimeout));
    server->stop();
    EXPECT_FALSE(http_get("127.0.0.1", server->port(), "/", std::chrono::milliseconds(200)));
}

TEST(HttpServer, an_end_that_nobody_asked_for_is_told) {
    std::promise<std::string> told;
    const auto server = HttpServer::start(
        "127.0.0.1",
        0,
        [](const HttpQuery&) -> HttpReply { throw std::runtime_error("no such thing"); },
        [&told](const std::string& what) { told.set_value(what); });
    ASSERT_TRUE(server);
    EXPECT_FALSE(http_get("127.0.0.1", (*server)->port(), "/", std::chrono::milliseconds(200)));
    EXPECT_EQ(told.get_future().get(), "no such thing");
    (*server)->stop();
}

}  // namespace
}  // namespace lepton::api
