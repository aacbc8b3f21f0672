// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A byte limit needs a way to count bytes.
// expect: a byte limit needs mailbox_cost
#include "actor/system.hpp"

using namespace lepton::actor;

struct Job {};
#ifndef WRONG
inline std::size_t mailbox_cost(const Job&) {
    return 1;
}
#endif
using Messages = Accepts<On<Job, 2, Overflow::reject, Lane::normal, 100>>;
static_assert(Messages::size == 1);
