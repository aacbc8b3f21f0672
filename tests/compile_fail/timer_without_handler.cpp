// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The message of a timer has a handler.
// expect: a timer's message needs handle
#include "actor/system.hpp"

using namespace lepton::actor;

struct Job {};
struct Tick {};
struct Worker {
    using accepts = Accepts<On<Job, 4>>;
    void handle(Job, Context<Worker>& context) { context.after(std::chrono::seconds{1}, Tick{}); }
#ifndef WRONG
    void handle(Tick, Context<Worker>&) {}
#endif
};
void make(System& system, Scheduler& scheduler) {
    system.spawn<Worker>({.name = "worker", .scheduler = scheduler}, [] { return Worker{}; });
}
