// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// There is no class without capacity.
// expect: a message class needs a capacity above zero
#include "actor/system.hpp"

using namespace lepton::actor;

struct Job {};
#ifdef WRONG
using Messages = Accepts<On<Job, 0>>;
#else
using Messages = Accepts<On<Job, 1>>;
#endif
static_assert(Messages::size == 1);
