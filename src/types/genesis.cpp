// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "types/genesis.hpp"

#include "base/assert.hpp"
#include "types/ssz.hpp"

namespace lepton {

State genesis_state(std::uint64_t genesis_time, Validators validators) {
    LEPTON_ASSERT(validators.size() <= Validators::kLimit);
    for (std::size_t i = 0; i < validators.size(); ++i) {
        LEPTON_ASSERT(validators[i].index == ValidatorIndex{i});
    }
    State state;
    state.config.genesis_time = genesis_time;
    state.latest_block_header.body_root = hash_tree_root(BlockBody{});
    state.validators = std::make_shared<const Validators>(std::move(validators));
    return state;
}

Block genesis_block(const State& genesis) {
    Block block;
    block.state_root = hash_tree_root(genesis);
    return block;
}

}  // namespace lepton
