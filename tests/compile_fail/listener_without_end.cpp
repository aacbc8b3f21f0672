// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A listener must say what it does when its source ends.
// expect: no source ends silently
#include "actor/system.hpp"

using namespace lepton::actor;

struct Item {};
struct Listener {
    using accepts = Accepts<>;
    std::shared_ptr<Source<Item>> source;
    void started(Context<Listener>& context) { context.listen(source); }
    void handle(Item, Context<Listener>&) {}
#ifndef WRONG
    void handle(SourceEnd, Context<Listener>&) {}
#endif
};
void make(System& system, Scheduler& scheduler) {
    system.spawn<Listener>({.name = "listener", .scheduler = scheduler},
                           [] { return Listener{nullptr}; });
}
