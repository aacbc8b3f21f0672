// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Each declared message has a handler.
// expect: each message in accepts needs handle
#include "actor/system.hpp"

using namespace lepton::actor;

struct Job {};
struct Worker {
    using accepts = Accepts<On<Job, 4>>;
#ifndef WRONG
    void handle(Job, Context<Worker>&) {}
#endif
};
void make(System& system, Scheduler& scheduler) {
    system.spawn<Worker>({.name = "worker", .scheduler = scheduler}, [] { return Worker{}; });
}
