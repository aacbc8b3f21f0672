// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// An actor takes only what it declares.
// expect: this actor does not accept this message
#include "actor/system.hpp"

using namespace lepton::actor;

struct Job {
    int number;
};
struct Worker {
    using accepts = Accepts<On<Job, 4>>;
    void handle(Job, Context<Worker>&) {}
};

struct Other {};
void send(const ActorRef<Worker>& worker) {
#ifdef WRONG
    (void)worker.send(Other{});
#else
    worker.send_or_count(Job{1});
#endif
}
