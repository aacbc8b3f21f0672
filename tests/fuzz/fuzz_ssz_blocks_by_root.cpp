// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/ssz_target.hpp"

namespace lepton::fuzz {
namespace {

void run(ByteView input) {
    if (!is_canonical<BlocksByRootRequest>(input, kTestSizes)) return;
    const auto request = ssz::decode<BlocksByRootRequest>(input, kTestSizes);
    LEPTON_ASSERT(request->roots.size() <= kMaxRequestBlocks);
}

std::vector<Bytes> seeds() {
    auto seeds = seeds_of(BlocksByRootRequest{{root_of(1), root_of(2)}});
    seeds.push_back(ssz::encode(BlocksByRootRequest{}));
    Bytes offset_alone = seeds.back();
    append(offset_alone, Bytes(32 * (kMaxRequestBlocks + 1), 1));
    seeds.push_back(offset_alone);
    return seeds;
}

const Registration kTarget({"ssz_blocks_by_root", 4 + 32 * (kMaxRequestBlocks + 2), run, seeds});

}  // namespace
}  // namespace lepton::fuzz
