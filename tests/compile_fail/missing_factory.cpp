// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Wiring needs a factory for each actor.
// expect: wire needs one factory per actor
#include "actor/system.hpp"

using namespace lepton::actor;

struct Job {};
struct Done {};
struct Worker {
    using accepts = Accepts<On<Job, 4>>;
    explicit Worker(Recipient<Done> to) : done(std::move(to)) {}
    void handle(Job, Context<Worker>&) {}
    Recipient<Done> done;
};
struct Owner {
    using accepts = Accepts<On<Done, 4>>;
    explicit Owner(Recipient<Job> to) : job(std::move(to)) {}
    void handle(Done, Context<Owner>&) {}
    Recipient<Job> job;
};
void wire(System& system, Scheduler& scheduler) {
    system.wire<Worker, Owner>(
        {{.name = "worker", .scheduler = scheduler}, {.name = "owner", .scheduler = scheduler}},
#ifdef WRONG
        [](const auto& refs) { return Worker{std::get<1>(refs)}; });
#else
        [](const auto& refs) { return Worker{std::get<1>(refs)}; },
        [](const auto& refs) { return Owner{std::get<0>(refs)}; });
#endif
}
