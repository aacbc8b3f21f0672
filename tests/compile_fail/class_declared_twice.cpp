// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A message has one class per actor.
// expect: each message has one class per actor
#include "actor/system.hpp"

using namespace lepton::actor;

struct Job {};
struct Other {};
#ifdef WRONG
using Messages = Accepts<On<Job, 2>, On<Job, 3>>;
#else
using Messages = Accepts<On<Job, 2>, On<Other, 3>>;
#endif
static_assert(Messages::size == 2);
