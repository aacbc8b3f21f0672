// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The continuation of an ask takes its result: a failure cannot be forgotten.
// expect: an ask continues with then
#include "actor/system.hpp"

using namespace lepton::actor;

struct Question {
    using reply = int;
};
struct Oracle {
    using accepts = Accepts<On<Question, 4>>;
    int handle(Question, Context<Oracle>&) { return 1; }
};

struct Asker {
    using accepts = Accepts<>;
    Recipient<Question> oracle;
    void started(Context<Asker>& context) {
#ifdef WRONG
        context.ask(oracle, {}, std::chrono::seconds{1}, [](Asker&, int, Context<Asker>&) {});
#else
        context.ask(
            oracle, {}, std::chrono::seconds{1}, [](Asker&, AskResult<int>, Context<Asker>&) {});
#endif
    }
};
void make(System& system, Scheduler& scheduler, const ActorRef<Oracle>& oracle) {
    system.spawn<Asker>({.name = "asker", .scheduler = scheduler},
                        [oracle] { return Asker{oracle}; });
}
