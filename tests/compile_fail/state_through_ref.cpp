// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Whoever knows an actor can send it messages, and cannot reach its state.
// expect: is private within this context|is a private member of
#include "actor/system.hpp"

using namespace lepton::actor;

struct Job {};
struct Worker {
    using accepts = Accepts<On<Job, 4>>;
    void handle(Job, Context<Worker>&) { ++jobs; }
    int jobs = 0;
};

void reach(const ActorRef<Worker>& worker) {
#ifdef WRONG
    static_cast<Worker*>(worker.cell()->actor())->jobs = 7;
#else
    worker.send_or_count(Job{});
#endif
}
