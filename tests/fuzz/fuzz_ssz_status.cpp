// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/ssz_target.hpp"

namespace lepton::fuzz {
namespace {

void run(ByteView input) {
    is_canonical<Status>(input, kTestSizes);
}

std::vector<Bytes> seeds() {
    return seeds_of(Status{{root_of(1), Slot{7}}, {root_of(2), Slot{9}}});
}

const Registration kTarget({"ssz_status", 128, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
