// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A handler of an ask cannot forget the answer: it returns it or takes the Reply.
// expect: each message in accepts needs handle
#include "actor/system.hpp"

using namespace lepton::actor;

struct Question {
    using reply = int;
};
struct Oracle {
    using accepts = Accepts<On<Question, 4>>;
#ifdef WRONG
    void handle(Question, Context<Oracle>&) {}
#else
    void handle(Question, Reply<int>, Context<Oracle>&) {}
#endif
};
void make(System& system, Scheduler& scheduler) {
    system.spawn<Oracle>({.name = "oracle", .scheduler = scheduler}, [] { return Oracle{}; });
}
