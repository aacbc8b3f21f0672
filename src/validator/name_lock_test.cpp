// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "validator/name_lock.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace lepton::validator {
namespace {

/// A name that no other run of the test uses.
std::string fresh_name() {
    return "lepton-test-" + std::to_string(SystemRandom{}.next_u64());
}

bool can_take(const std::string& name) {
    return NameLock::take(name).value().has_value();
}

TEST(NameLock, is_held_once_and_comes_back_with_its_owner) {
    const std::string name = fresh_name();
    {
        auto held = NameLock::take(name).value();
        ASSERT_TRUE(held);
        EXPECT_FALSE(can_take(name));
        EXPECT_TRUE(can_take(name + "-other"));
        const NameLock moved = *std::move(held);
        held.reset();
        EXPECT_FALSE(can_take(name)) << "it went with the move";
    }
    EXPECT_TRUE(can_take(name));
}

TEST(NameLock, holds_against_another_process_until_that_is_killed) {
    const std::string name = fresh_name();
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto held = NameLock::take(name);
        const char told = held && *held ? 'y' : 'n';
        if (::write(pipe[1], &told, 1) != 1) ::_exit(1);
        for (;;) ::pause();
    }
    char told = 0;
    ASSERT_EQ(::read(pipe[0], &told, 1), 1);
    EXPECT_EQ(told, 'y');
    EXPECT_FALSE(can_take(name));
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_TRUE(can_take(name));
    for (const int end : pipe) ::close(end);
}

}  // namespace
}  // namespace lepton::validator
