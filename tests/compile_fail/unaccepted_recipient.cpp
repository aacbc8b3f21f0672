// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A recipient is made only from an actor that accepts its message.
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
void make(const ActorRef<Worker>& worker) {
#ifdef WRONG
    [[maybe_unused]] const Recipient<Other> recipient = worker;
#else
    [[maybe_unused]] const Recipient<Job> recipient = worker;
#endif
}
