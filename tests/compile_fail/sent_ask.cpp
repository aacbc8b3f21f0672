// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A message with a reply cannot be sent: there is no success without an outcome.
// expect: a message with a reply cannot be sent, only asked
#include "actor/system.hpp"

using namespace lepton::actor;

struct Question {
    using reply = int;
};
struct Oracle {
    using accepts = Accepts<On<Question, 4>>;
    int handle(Question, Context<Oracle>&) { return 1; }
};

void send(const ActorRef<Oracle>& oracle) {
#ifdef WRONG
    (void)oracle.send(Question{});
#else
    oracle.recipient<Question>().ask({}, Reply<int>{[](AskResult<int>) {}});
#endif
}
