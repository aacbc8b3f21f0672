// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "actor/system_core.hpp"

#include <utility>

namespace lepton::actor {

Duration SystemCore::jittered(Duration delay) {
    const std::lock_guard lock(mutex_);
    const auto half = static_cast<std::uint64_t>(delay.count() / 2);
    return delay - Duration{static_cast<Duration::rep>(random_.below(half + 1))};
}

void SystemCore::note(const Exit& cause) {
    const std::lock_guard lock(mutex_);
    if (is_published_) return;
    if (!cause_ || (cause_->code == kExitClean && cause.code != kExitClean)) cause_ = cause;
}

void SystemCore::request_stop(const Exit& cause) {
    note(cause);
    std::function<void()> begin_stop;
    {
        const std::lock_guard lock(mutex_);
        begin_stop = begin_stop_;
    }
    if (begin_stop) begin_stop();
}

void SystemCore::on_stop_request(std::function<void()> begin_stop) {
    const std::lock_guard lock(mutex_);
    std::swap(begin_stop_, begin_stop);
}

void SystemCore::publish() {
    const std::lock_guard lock(mutex_);
    if (!cause_) cause_ = Exit{};
    is_published_ = true;
    changed_.notify_all();
}

std::optional<Exit> SystemCore::published() const {
    const std::lock_guard lock(mutex_);
    return is_published_ ? cause_ : std::nullopt;
}

Exit SystemCore::wait() const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_published_; });
    return *cause_;
}

std::optional<Exit> SystemCore::wait_for(Duration duration) const {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, duration, [&] { return is_published_; })) return std::nullopt;
    return cause_;
}

}  // namespace lepton::actor
