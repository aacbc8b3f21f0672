// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/asio_reactor.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

namespace lepton::libp2p {

/// All timers share one timer of Asio, set for the earliest: connections move theirs with almost
/// every packet, and an entry of a map costs less than an operation of Asio.
class AsioReactor::Timers : public std::enable_shared_from_this<AsioReactor::Timers> {
  public:
    Timers(boost::asio::io_context& context, const Clock& clock)
        : context_(context), clock_(clock), alarm_(context) {}

    const Clock& clock() const { return clock_; }

    TimerId add(Duration delay, std::move_only_function<void()> action) {
        const TimerId id = ++last_id_;
        const Time due = clock_.now() + std::max(delay, Duration::zero());
        timers_.emplace(std::pair{due, id}, std::move(action));
        due_.emplace(id, due);
        set_alarm();
        return id;
    }

    void cancel(TimerId id) {
        const auto found = due_.find(id);
        if (found == due_.end()) return;
        timers_.erase({found->second, id});
        due_.erase(found);
    }

    void stop() {
        alarm_.cancel();
        // What the actions hold may cancel timers while it goes.
        due_.clear();
        std::exchange(timers_, {}).clear();
    }

  private:
    /// Makes sure that run() happens when the first timer is due.
    void set_alarm() {
        if (timers_.empty() || is_running_) return;
        const Time due = timers_.begin()->first.first;
        if (is_alarm_set_ && alarm_due_ <= due) return;
        is_alarm_set_ = true;
        alarm_due_ = due;
        const std::uint64_t alarm = ++last_alarm_;
        const Time now = clock_.now();
        if (due <= now) {
            boost::asio::post(context_, [weak = weak_from_this(), alarm] {
                if (const auto self = weak.lock()) self->on_alarm(alarm);
            });
            return;
        }
        alarm_.expires_after(due - now);
        alarm_.async_wait([weak = weak_from_this(), alarm](boost::system::error_code error) {
            const auto self = weak.lock();
            if (self && !error) self->on_alarm(alarm);
        });
    }

    void on_alarm(std::uint64_t alarm) {
        if (alarm != last_alarm_) return;  // an earlier one was set meanwhile
        is_alarm_set_ = false;
        // Timers that the actions set wait for the next turn, even when they are due at once.
        is_running_ = true;
        const Time now = clock_.now();
        const TimerId last_id = last_id_;
        auto it = timers_.begin();
        while (it != timers_.end() && it->first.first <= now) {
            if (it->first.second > last_id) {
                ++it;
                continue;
            }
            auto action = std::move(it->second);
            due_.erase(it->first.second);
            timers_.erase(it);
            action();
            it = timers_.begin();
        }
        is_running_ = false;
        set_alarm();
    }

    boost::asio::io_context& context_;
    const Clock& clock_;
    boost::asio::steady_timer alarm_;
    std::map<std::pair<Time, TimerId>, std::move_only_function<void()>> timers_;
    std::unordered_map<TimerId, Time> due_;
    TimerId last_id_ = 0;
    bool is_running_ = false;
    bool is_alarm_set_ = false;
    Time alarm_due_{};
    std::uint64_t last_alarm_ = 0;
};

AsioReactor::AsioReactor(boost::asio::io_context& context, const Clock& clock)
    : timers_(std::make_shared<Timers>(context, clock)) {}

AsioReactor::~AsioReactor() {
    timers_->stop();
}

const Clock& AsioReactor::clock() const {
    return timers_->clock();
}

TimerId AsioReactor::after(Duration delay, std::move_only_function<void()> action) {
    return timers_->add(delay, std::move(action));
}

void AsioReactor::cancel(TimerId timer) {
    timers_->cancel(timer);
}

}  // namespace lepton::libp2p
