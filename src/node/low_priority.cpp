// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/low_priority.hpp"

#include <sys/resource.h>

namespace lepton::node {

void run_at_low_priority() {
    // On Linux this is the calling thread's, not the process's. Nobody is refused less priority.
    ::setpriority(PRIO_PROCESS, 0, 19);
}

}  // namespace lepton::node
