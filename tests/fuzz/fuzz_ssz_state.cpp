// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/ssz_target.hpp"
#include "types/genesis.hpp"

namespace lepton::fuzz {
namespace {

void run(ByteView input) {
    if (!is_canonical<State>(input, kTestSizes)) return;
    const auto state = ssz::decode<State>(input, kTestSizes);
    for (std::size_t i = 0; i < state->validators->size(); ++i) {
        LEPTON_ASSERT((*state->validators)[i].index == ValidatorIndex{i});
    }
}

std::vector<Bytes> seeds() {
    State state = genesis_state(1000, {{PublicKey(Bytes(52, 1)), PublicKey(Bytes(52, 2)), {}}});
    auto seeds = seeds_of(state);
    state.historical_block_hashes = {root_of(1), root_of(2)};
    state.justified_slots.resize(2);
    state.justified_slots.set(1);
    state.justifications_roots = {root_of(2)};
    state.justifications_validators.resize(1);
    seeds.push_back(ssz::encode(state));
    return seeds;
}

const Registration kTarget({"ssz_state", 2048, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
