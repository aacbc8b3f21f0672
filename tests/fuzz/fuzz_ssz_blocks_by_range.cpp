// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/ssz_target.hpp"

namespace lepton::fuzz {
namespace {

void run(ByteView input) {
    const bool is_request = is_canonical<BlocksByRangeRequest>(input, kTestSizes);
    LEPTON_ASSERT(is_request == (input.size() == 16));
}

std::vector<Bytes> seeds() {
    auto seeds = seeds_of(BlocksByRangeRequest{Slot{5}, 64});
    seeds.push_back(ssz::encode(BlocksByRangeRequest{Slot{UINT64_MAX}, UINT64_MAX}));
    return seeds;
}

const Registration kTarget({"ssz_blocks_by_range", 32, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
