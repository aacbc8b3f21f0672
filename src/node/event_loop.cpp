// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/event_loop.hpp"

#include "actor/cell.hpp"
#include "base/fault.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <pthread.h>

#include <atomic>
#include <thread>
#include <unordered_map>

namespace lepton::node {

namespace asio = boost::asio;

struct EventLoop::Loop {
    // Timers belong to the loop's thread: other threads post there, in the order of their calls, so
    // that a timer is never cancelled before it is set.
    std::unordered_map<actor::TimerId, asio::steady_timer> timers;
    std::atomic<actor::TimerId> last_timer{0};
    std::atomic<bool> is_stopping{false};
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    std::jthread thread;
};

EventLoop::EventLoop(const Clock& clock) : clock_(clock), loop_(std::make_unique<Loop>()) {}

EventLoop::~EventLoop() {
    stop();
    // Posted cells hold actors whose destruction may reach for the timers.
    loop_->timers.clear();
}

asio::io_context& EventLoop::io_context() {
    return loop_->context;
}

void EventLoop::start(std::function<void(std::string what)> on_failure) {
    loop_->thread = std::jthread([this, on_failure = std::move(on_failure)] {
        ::pthread_setname_np(::pthread_self(), "net");
        std::string what = "the event loop ended by itself";
        try {
            loop_->context.run();
        } catch (const std::exception& error) {
            what = error.what();
        }
        if (!loop_->is_stopping) on_failure(what);
    });
}

void EventLoop::stop() {
    loop_->is_stopping = true;
    loop_->context.stop();
    if (loop_->thread.joinable()) loop_->thread.join();
}

void EventLoop::post(actor::CellPtr cell) {
    asio::post(loop_->context, [cell = std::move(cell)] { cell->run(); });
}

actor::TimerId EventLoop::at(Time when, actor::CellPtr cell, std::uint64_t token) {
    const actor::TimerId id = ++loop_->last_timer;
    asio::post(loop_->context, [this, id, when, cell = std::move(cell), token] {
        if (LEPTON_FAULT("thread.net")) return loop_->context.stop();
        const auto [timer, is_new] =
            loop_->timers.try_emplace(id, asio::steady_timer(loop_->context, when));
        timer->second.async_wait([this, id, cell, token](boost::system::error_code error) {
            if (error) return;
            loop_->timers.erase(id);
            cell->fire(token);
        });
    });
    return id;
}

void EventLoop::cancel(actor::TimerId timer) {
    asio::post(loop_->context, [this, timer] { loop_->timers.erase(timer); });
}

}  // namespace lepton::node
