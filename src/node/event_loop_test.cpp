// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/event_loop.hpp"

#include "actor/system.hpp"
#include "actor/thread_pool.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <future>
#include <stdexcept>
#include <thread>

namespace lepton::node {
namespace {

struct WhereAmI {
    using reply = std::thread::id;
};
struct Tick {};

/// Tells its thread when asked, after a timer of its own has fired.
class Probe {
  public:
    using accepts = actor::Accepts<actor::On<WhereAmI, 4>>;

    void handle(WhereAmI, actor::Reply<std::thread::id> reply, actor::Context<Probe>& context) {
        waiting_.emplace(std::move(reply));
        context.after(std::chrono::milliseconds(1), Tick{});
    }
    void handle(Tick, actor::Context<Probe>&) {
        std::move (*waiting_)(std::this_thread::get_id());
        waiting_.reset();
    }

  private:
    std::optional<actor::Reply<std::thread::id>> waiting_;
};

TEST(EventLoop, actors_and_their_timers_run_on_the_loop_s_thread) {
    SystemClock clock;
    SystemRandom random;
    EventLoop loop(clock);
    actor::ThreadPool pool("test", 1, clock);
    actor::CpuPool cpu("test", 1, 1);
    loop.start([](const std::string& what) { ADD_FAILURE() << what; });
    std::promise<std::thread::id> loop_thread;
    boost::asio::post(loop.io_context(),
                      [&] { loop_thread.set_value(std::this_thread::get_id()); });
    {
        actor::System system({.control = pool, .offload = cpu, .random = random});
        const auto probe =
            system.spawn<Probe>({.name = "probe", .scheduler = loop}, [] { return Probe{}; });
        const auto answer =
            probe.recipient<WhereAmI>().ask_blocking(WhereAmI{}, std::chrono::seconds(10));
        ASSERT_TRUE(answer);
        EXPECT_EQ(*answer, loop_thread.get_future().get());
        system.shutdown();
        EXPECT_EQ(system.wait_exit().code, 0);
    }
    loop.stop();
}

TEST(EventLoop, a_throw_out_of_the_loop_is_told) {
    SystemClock clock;
    EventLoop loop(clock);
    std::promise<std::string> told;
    loop.start([&](const std::string& what) { told.set_value(what); });
    boost::asio::post(loop.io_context(), [] { throw std::runtime_error("socket on fire"); });
    EXPECT_EQ(told.get_future().get(), "socket on fire");
}

TEST(EventLoop, a_loop_that_returns_is_told) {
    SystemClock clock;
    EventLoop loop(clock);
    std::promise<std::string> told;
    loop.start([&](const std::string& what) { told.set_value(what); });
    boost::asio::post(loop.io_context(), [&] { loop.io_context().stop(); });
    EXPECT_EQ(told.get_future().get(), "the event loop ended by itself");
}

}  // namespace
}  // namespace lepton::node
