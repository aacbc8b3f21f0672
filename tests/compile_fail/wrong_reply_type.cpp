// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A handler answers with the type that the message declares.
// expect: each message in accepts needs handle
#include "actor/system.hpp"

using namespace lepton::actor;

struct Question {
    using reply = std::string;
};
struct Oracle {
    using accepts = Accepts<On<Question, 4>>;
#ifdef WRONG
    int handle(Question, Context<Oracle>&) { return 1; }
#else
    std::string handle(Question, Context<Oracle>&) { return "1"; }
#endif
};
void make(System& system, Scheduler& scheduler) {
    system.spawn<Oracle>({.name = "oracle", .scheduler = scheduler}, [] { return Oracle{}; });
}
