// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The same for a reference to an actor.
// expect: messages are moved: send
#include "actor/system.hpp"

using namespace lepton::actor;

struct Job {
    int number;
};
struct Worker {
    using accepts = Accepts<On<Job, 4>>;
    void handle(Job, Context<Worker>&) {}
};

void send(const ActorRef<Worker>& worker, Job job) {
#ifdef WRONG
    (void)worker.send(job);
#else
    worker.send_or_count(std::move(job));
#endif
}
