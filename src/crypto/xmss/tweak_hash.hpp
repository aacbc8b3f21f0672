// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The hashes of the scheme: chain step, tree node, leaf, message. Each mixes in the key's parameter
// and a tweak that names the place of the hash, so no two hashes of a key have the same input.
// Everything works on batches. Spec: crypto/xmss/poseidon.py. Any thread.
#pragma once

#include "crypto/xmss/parameters.hpp"
#include "crypto/xmss/poseidon.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace lepton::crypto::xmss {

/// One chain to walk forward: `value` is at `position` and goes `steps` further.
struct ChainWalk {
    const Parameter* parameter = nullptr;
    std::uint32_t slot = 0;
    std::uint8_t chain = 0;
    std::uint8_t position = 0;
    std::uint8_t steps = 0;
    Digest* value = nullptr;  // read and replaced
};

/// Walks every chain of `walks` (reorders them). Values on the way are wiped.
/// Cost: one width-16 permutation per step
void walk_chains(std::span<ChainWalk> walks);

/// Returns the input of the node (level, index), to be given to compress<24>; `level` is that of
/// the node, its children are one lower.
State<24> node_input(const Parameter& parameter,
                     std::size_t level,
                     std::uint64_t index,
                     const Digest& left,
                     const Digest& right);

/// Returns the input of a message hash, to be given to compress<24>.
State<24> message_input(const Parameter& parameter,
                        std::uint32_t slot,
                        const std::array<Fp, 9>& message,
                        const Rho& rho);

/// Returns the digest at the front of a compressed state.
Digest digest_of(const State<24>& state);

/// Returns the capacity of the leaf sponge for `chains` chains.
Capacity leaf_capacity(std::size_t chains);

/// One leaf to hash from the ends of its chains.
struct LeafJob {
    const Parameter* parameter = nullptr;
    std::uint32_t slot = 0;
    std::span<const Digest> chain_ends;
    Digest* leaf = nullptr;  // written
};

/// Hashes every leaf of `jobs`, which all have the same number of chains.
/// Cost: 25 width-24 permutations per leaf (prod)
void hash_leaves(std::span<const LeafJob> jobs, const Capacity& capacity);

}  // namespace lepton::crypto::xmss
