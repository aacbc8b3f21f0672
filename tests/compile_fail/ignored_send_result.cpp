// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The result of a send must be looked at.
// expect: a refused message must be handled
#include "actor/system.hpp"

using namespace lepton::actor;

struct Job {
    int number;
};
struct Worker {
    using accepts = Accepts<On<Job, 4>>;
    void handle(Job, Context<Worker>&) {}
};

void send(const Recipient<Job>& worker) {
#ifdef WRONG
    worker.send(Job{1});
#else
    worker.send_or_count(Job{1});
    if (!worker.send(Job{2})) return;
#endif
}
