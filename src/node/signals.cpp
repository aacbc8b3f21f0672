// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/signals.hpp"

#include "base/assert.hpp"
#include "base/fault.hpp"

#include <pthread.h>
#include <signal.h>

#include <ctime>

namespace lepton::node {

SignalThread::SignalThread(std::function<void(std::string_view name)> on_signal) {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGINT);
    ::sigaddset(&signals, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    thread_ = std::jthread([this, signals, on_signal = std::move(on_signal)](std::stop_token stop) {
        ::pthread_setname_np(::pthread_self(), "signals");
        // Looks up every 100 ms, because a stop request does not wake sigtimedwait.
        const timespec pause{.tv_sec = 0, .tv_nsec = 100'000'000};
        while (!stop.stop_requested()) {
            pulse_.beat();
            if (LEPTON_FAULT("thread.signals")) break;
            const int number = ::sigtimedwait(&signals, nullptr, &pause);
            if (number == SIGINT) on_signal("SIGINT");
            if (number == SIGTERM) on_signal("SIGTERM");
        }
        LEPTON_ASSERT(stop.stop_requested(), "thread signals ended by itself");
    });
}

}  // namespace lepton::node
