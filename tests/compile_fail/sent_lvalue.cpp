// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Messages are moved, so that no one thinks they keep a copy.
// expect: use of deleted function|call to deleted member function
#include "actor/system.hpp"

using namespace lepton::actor;

struct Job {
    int number;
};
struct Worker {
    using accepts = Accepts<On<Job, 4>>;
    void handle(Job, Context<Worker>&) {}
};

void send(const Recipient<Job>& worker, Job job) {
#ifdef WRONG
    (void)worker.send(job);
#else
    worker.send_or_count(std::move(job));
#endif
}
