// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A recipient has no empty state, so it cannot be filled in later.
// expect: no matching function for call to .*Recipient|no default constructor|no matching
// constructor for initialization of 'Recipient
#include "actor/system.hpp"

using namespace lepton::actor;

struct Job {
    int number;
};
struct Worker {
    using accepts = Accepts<On<Job, 4>>;
    void handle(Job, Context<Worker>&) {}
};

void make(const ActorRef<Worker>& worker) {
#ifdef WRONG
    [[maybe_unused]] Recipient<Job> recipient;
#else
    [[maybe_unused]] Recipient<Job> recipient = worker;
#endif
}
