// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "api/http_server.hpp"

#include "api/http_client.hpp"

#include <boost/asio.hpp>
#include <gtest/gtest.h>

#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace lepton::api {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(5);

class HttpServerTest : public testing::Test {
  protected:
    auto start(HttpHandler handler, std::uint16_t port = 0, HttpLimits limits = {}) {
        return HttpServer::start(
            {.name = "test",
             .address = "127.0.0.1",
             .port = port,
             .handler = std::move(handler),
             .limits = limits,
             .on_failure = [this](const std::string& what) { told.set_value(what); },
             .refused = refused,
             .pulse = pulse});
    }
    std::unique_ptr<HttpServer> echo_server() {
        auto server = start([](const HttpQuery& query) {
            return HttpReply{.status = 201,
                             .content_type = "text/plain",
                             .body = query.method + " " + query.path + " " + query.body};
        });
        EXPECT_TRUE(server.has_value());
        return std::move(*server);
    }

    Metrics metrics;
    Counter& refused = metrics.counter("refused", "connections");
    Pulse pulse;
    /// What the failed server said; set once, so a second failure throws.
    std::promise<std::string> told;
};

TEST_F(HttpServerTest, handler_sees_the_request_and_its_reply_arrives) {
    const auto server = echo_server();
    const auto got = http_request("POST", "127.0.0.1", server->port(), "/a/b?c=d", "{}", kTimeout);
    ASSERT_TRUE(got) << got.error().what;
    EXPECT_EQ(got->status, 201U);
    EXPECT_EQ(got->content_type, "text/plain");
    EXPECT_EQ(got->body, "POST /a/b {}");
}

TEST_F(HttpServerTest, a_body_above_the_bound_is_refused_and_the_server_lives) {
    const auto server = echo_server();
    const std::string large(HttpLimits{}.body_size_max + 1, 'x');
    const auto answer = http_request("POST", "127.0.0.1", server->port(), "/", large, kTimeout);
    if (answer) {
        EXPECT_EQ(answer->status, 413U);
    }
    const auto next = http_get("127.0.0.1", server->port(), "/", kTimeout);
    ASSERT_TRUE(next) << next.error().what;
    EXPECT_EQ(next->status, 201U);
}

TEST_F(HttpServerTest, the_owner_sets_how_large_a_body_may_be) {
    const auto server = start([](const HttpQuery& query) { return HttpReply{.body = query.body}; },
                              0,
                              {.body_size_max = 100'000});
    ASSERT_TRUE(server) << server.error().what;
    const auto ask = [&](std::size_t size) {
        return http_request(
            "POST", "127.0.0.1", (*server)->port(), "/", std::string(size, 'x'), kTimeout);
    };
    const auto largest = ask(100'000);
    ASSERT_TRUE(largest) << largest.error().what;
    EXPECT_EQ(largest->status, 200U);
    EXPECT_EQ(largest->body.size(), 100'000U);
    const auto larger = ask(100'001);
    if (larger) {
        EXPECT_EQ(larger->status, 413U);
    }
}

TEST_F(HttpServerTest, a_taken_port_is_an_error_that_names_it) {
    const auto server = echo_server();
    const auto second = start([](const HttpQuery&) { return HttpReply{}; }, server->port());
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().what.find(std::to_string(server->port())), std::string::npos);
}

TEST_F(HttpServerTest, an_end_that_nobody_asked_for_is_told) {
    const auto server =
        start([](const HttpQuery&) -> HttpReply { throw std::runtime_error("route on fire"); });
    ASSERT_TRUE(server.has_value());
    EXPECT_FALSE(http_get("127.0.0.1", (*server)->port(), "/", kTimeout));
    EXPECT_EQ(told.get_future().get(), "route on fire");
}

TEST_F(HttpServerTest, the_pulse_beats_until_a_handler_stands_still) {
    std::promise<void> release;
    const auto server = start([held = release.get_future().share()](const HttpQuery&) {
        held.wait();
        return HttpReply{};
    });
    ASSERT_TRUE(server.has_value());
    const auto beats_on = [&] {
        const std::uint64_t before = pulse.beats();
        for (int i = 0; i < 200 && pulse.beats() == before; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return pulse.beats() != before;
    };
    EXPECT_TRUE(beats_on());
    std::thread client(
        [&] { (void)http_get("127.0.0.1", (*server)->port(), "/", std::chrono::seconds(1)); });
    client.join();
    EXPECT_FALSE(beats_on());
    release.set_value();
    EXPECT_TRUE(beats_on());
}

TEST_F(HttpServerTest, connections_beyond_the_bound_are_closed_and_counted) {
    const auto server = echo_server();
    const double before = refused.Value();
    boost::asio::io_context context;
    const boost::asio::ip::tcp::endpoint to(boost::asio::ip::make_address("127.0.0.1"),
                                            server->port());
    std::vector<boost::asio::ip::tcp::socket> sockets;
    for (std::size_t i = 0; i < HttpLimits{}.connections_max; ++i) {
        sockets.emplace_back(context).connect(to);
    }
    EXPECT_FALSE(http_get("127.0.0.1", server->port(), "/", kTimeout));
    EXPECT_EQ(refused.Value(), before + 1);
    sockets.clear();
    for (int i = 0; i < 100 && !http_get("127.0.0.1", server->port(), "/", kTimeout); ++i) {
    }
    EXPECT_TRUE(http_get("127.0.0.1", server->port(), "/", kTimeout));
}

TEST_F(HttpServerTest, stop_returns_while_a_client_is_connected) {
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

}  // namespace
}  // namespace lepton::api
