// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/terminate.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <stdexcept>
#include <thread>

namespace lepton::node {
namespace {

void throw_on_a_thread() {
    name_threads_that_throw();
    std::thread([] {
        ::pthread_setname_np(::pthread_self(), "worker");
        throw std::runtime_error("out of luck");
    }).join();
}

TEST(TerminateDeathTest, an_exception_that_leaves_a_thread_is_named) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(throw_on_a_thread(),
                testing::KilledBySignal(SIGABRT),
                "^thread_failed component=worker what=\"out of luck\"");
}

}  // namespace
}  // namespace lepton::node
