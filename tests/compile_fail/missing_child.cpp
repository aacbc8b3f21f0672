// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Each wired actor has a place to run: its child specification.
// expect: scheduler.* is uninitialized|reference member of type .*Scheduler.* uninitialized|no
// matching member function for call to 'wire'
#include "actor/system.hpp"

using namespace lepton::actor;

struct Job {
    int number;
};
struct Worker {
    using accepts = Accepts<On<Job, 4>>;
    void handle(Job, Context<Worker>&) {}
};

void make(System& system, Scheduler& scheduler) {
#ifdef WRONG
    system.wire<Worker, Worker>(
        {{.name = "a", .scheduler = scheduler}},
#else
    system.wire<Worker, Worker>(
        {{.name = "a", .scheduler = scheduler}, {.name = "b", .scheduler = scheduler}},
#endif
        [](const auto&) { return Worker{}; },
        [](const auto&) { return Worker{}; });
}
