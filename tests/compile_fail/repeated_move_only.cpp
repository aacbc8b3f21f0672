// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A repeated message is copied for each tick.
// expect: a repeated message must be copyable
#include "actor/system.hpp"

using namespace lepton::actor;

struct Tick {
#ifdef WRONG
    std::unique_ptr<int> value;
#else
    int value = 0;
#endif
};
struct Worker {
    using accepts = Accepts<>;
    void started(Context<Worker>& context) {
        context.every("tick", std::chrono::seconds{1}, Tick{});
    }
    void handle(Tick, Context<Worker>&) {}
};
void make(System& system, Scheduler& scheduler) {
    system.spawn<Worker>({.name = "worker", .scheduler = scheduler}, [] { return Worker{}; });
}
