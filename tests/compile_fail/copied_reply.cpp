// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// An ask has one answer, so a Reply cannot be copied.
// expect: use of deleted function|call to implicitly-deleted copy constructor|call to deleted
// constructor
#include "actor/system.hpp"

using namespace lepton::actor;

void answer(Reply<int> reply) {
#ifdef WRONG
    Reply<int> second = reply;
#else
    Reply<int> second = std::move(reply);
#endif
    std::move(second)(1);
}
