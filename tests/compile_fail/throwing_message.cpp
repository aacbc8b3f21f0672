// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Moving a message may not throw.
// expect: M must be nothrow movable
#include "actor/system.hpp"

using namespace lepton::actor;

struct Job {
    Job() = default;
#ifdef WRONG
    Job(Job&&) {}
#else
    Job(Job&&) noexcept {}
#endif
    Job& operator=(Job&&) noexcept { return *this; }
};
using Messages = Accepts<On<Job, 2>>;
static_assert(Messages::size == 1);
