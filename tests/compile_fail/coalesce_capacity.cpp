// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Coalescing keeps one message.
// expect: a coalescing message class has capacity 1
#include "actor/system.hpp"

using namespace lepton::actor;

struct Job {};
#ifdef WRONG
using Messages = Accepts<On<Job, 2, Overflow::coalesce>>;
#else
using Messages = Accepts<On<Job, 1, Overflow::coalesce>>;
#endif
static_assert(Messages::size == 1);
