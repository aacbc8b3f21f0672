// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The same for a recipient.
// expect: has no member named .send|no member named .send
#include "actor/system.hpp"

using namespace lepton::actor;

struct Question {
    using reply = int;
};
struct Oracle {
    using accepts = Accepts<On<Question, 4>>;
    int handle(Question, Context<Oracle>&) { return 1; }
};

void send(const Recipient<Question>& oracle) {
#ifdef WRONG
    (void)oracle.send(Question{});
#else
    oracle.ask({}, Reply<int>{[](AskResult<int>) {}});
#endif
}
