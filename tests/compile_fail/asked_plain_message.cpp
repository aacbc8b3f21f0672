// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A message without reply is sent, not asked.
// expect: this message has no reply: send it
#include "actor/system.hpp"

using namespace lepton::actor;

struct Job {
    int number;
};
struct Worker {
    using accepts = Accepts<On<Job, 4>>;
    void handle(Job, Context<Worker>&) {}
};

struct Asker {
    using accepts = Accepts<>;
    Recipient<Job> worker;
    void started([[maybe_unused]] Context<Asker>& context) {
#ifdef WRONG
        context.ask(worker, {}, std::chrono::seconds{1}, [](auto&&...) {});
#else
        worker.send_or_count(Job{1});
#endif
    }
};
void make(System& system, Scheduler& scheduler, const ActorRef<Worker>& worker) {
    system.spawn<Asker>({.name = "asker", .scheduler = scheduler},
                        [worker] { return Asker{worker}; });
}
