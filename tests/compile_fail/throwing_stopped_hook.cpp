// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The stopped hook may not throw.
// expect: the hook is void stopped
#include "actor/system.hpp"

using namespace lepton::actor;

struct Worker {
    using accepts = Accepts<>;
#ifdef WRONG
    void stopped(const ExitReason&, Context<Worker>&) {}
#else
    void stopped(const ExitReason&, Context<Worker>&) noexcept {}
#endif
};
void make(System& system, Scheduler& scheduler) {
    system.spawn<Worker>({.name = "worker", .scheduler = scheduler}, [] { return Worker{}; });
}
