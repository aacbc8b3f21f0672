// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A hook that would never be called is an error.
// expect: the hook is void started
#include "actor/system.hpp"

using namespace lepton::actor;

struct Worker {
    using accepts = Accepts<>;
#ifdef WRONG
    void started() {}
#else
    void started(Context<Worker>&) {}
#endif
};
void make(System& system, Scheduler& scheduler) {
    system.spawn<Worker>({.name = "worker", .scheduler = scheduler}, [] { return Worker{}; });
}
