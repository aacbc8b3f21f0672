// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/no_core_file.hpp"

#include "base/assert.hpp"

#include <sys/prctl.h>

namespace lepton::node {

void leave_no_core_file() {
    // A limit of 0 for the size of core files does not keep the kernel from handing one to a pipe.
    LEPTON_ASSERT(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0);
}

}  // namespace lepton::node
