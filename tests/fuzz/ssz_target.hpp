// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What holds for the SSZ form of every container. Pure; any thread.
#pragma once

#include "fuzz/allocated.hpp"
#include "fuzz/target.hpp"
#include "types/ssz.hpp"

#include <type_traits>

namespace lepton::fuzz {

/// Sizes of the network that tests use, and of the real one.
inline constexpr ssz::DecodeContext kTestSizes{.public_key_size = 52, .signature_size = 424};
inline constexpr ssz::DecodeContext kProdSizes{.public_key_size = 52, .signature_size = 2536};

/// Decodes `input` as `T` and returns whether it is one. There is one form per value, so it must
/// encode to the same bytes; a small input must not make a large value.
template <class T>
bool is_canonical(ByteView input, const ssz::DecodeContext& context) {
    const Allocated allocated;
    const auto value = ssz::decode<T>(input, context);
    // The worst is an offset, four bytes, for which a vote is made, 160 bytes; at most as many as a
    // registry has validators.
    LEPTON_ASSERT(allocated.bytes() <= 48 * input.size() + 1024);
    if (!value) return false;
    LEPTON_ASSERT(ssz::encode(*value) == to_bytes(input));
    LEPTON_ASSERT(ssz::Codec<T>::encoded_size(*value) == input.size());
    // The root of a signature is the scheme's affair.
    if constexpr (!std::is_same_v<T, SignedAttestation>) {
        const auto again = ssz::decode<T>(input, context);
        LEPTON_ASSERT(again && hash_tree_root(*again) == hash_tree_root(*value));
    }
    return true;
}

/// Returns the form of `value`, and the same cut short and too long by a byte.
template <class T>
std::vector<Bytes> seeds_of(const T& value) {
    const Bytes good = ssz::encode(value);
    Bytes longer = good;
    longer.push_back(0);
    return {good, Bytes(good.begin(), good.end() - 1), longer};
}

inline Root root_of(std::uint8_t number) {
    Root root;
    root.bytes.fill(number);
    return root;
}

inline AttestationData some_vote() {
    return {Slot{5}, {root_of(4), Slot{5}}, {root_of(3), Slot{4}}, {root_of(2), Slot{2}}};
}

inline AggregationBits some_bits(std::size_t size) {
    AggregationBits bits;
    bits.resize(size);
    for (std::size_t i = 0; i < size; i += 3) bits.set(i);
    return bits;
}

inline SignedBlock some_block() {
    SignedBlock block;
    block.block.slot = Slot{6};
    block.block.proposer_index = ValidatorIndex{2};
    block.block.parent_root = root_of(4);
    block.block.state_root = root_of(5);
    block.block.body.attestations = {{some_bits(4), some_vote()}, {some_bits(9), some_vote()}};
    block.proof.proof = ProofBytes(Bytes(40, 7));
    return block;
}

}  // namespace lepton::fuzz
