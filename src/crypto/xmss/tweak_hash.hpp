// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The hashes of the scheme: chain step, tree node, leaf, message. Each mixes in the key's parameter
// and a tweak that names the place of the hash, so no two hashes of a key have the same input.
// Chain steps are done kLanes at a time; the others in either form of lanes.hpp.
// Spec: crypto/xmss/poseidon.py. Any thread.
#pragma once

#include "crypto/wipe.hpp"
#include "crypto/xmss/lanes.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace lepton::crypto::xmss {

/// One chain to walk forward: `value` is at `position` and goes `steps` further.
/// Requires position + steps < kChainLength.
struct ChainWalk {
    const Parameter* parameter = nullptr;
    std::uint32_t slot = 0;
    std::uint8_t chain = 0;
    std::uint8_t position = 0;
    std::uint8_t steps = 0;
    Digest* value = nullptr;  // read and replaced
};

/// Walks every chain of `walks`. Values on the way are wiped.
/// Cost: one width-16 permutation per step, and up to kLanes for each of the last steps
void walk_chains(std::span<const ChainWalk> walks);

/// Slots of one key, one per lane.
using LaneSlots = std::array<std::uint32_t, kLanes>;

/// Whole chains of kLanes slots: chain 0 of all, then chain 1 of all and so on. Wiped at the end.
class SlotChains {
  public:
    SlotChains(const Parameter& parameter, const LaneSlots& slots);
    ~SlotChains() { wipe(states_.rows); }
    SlotChains(const SlotChains&) = delete;
    SlotChains& operator=(const SlotChains&) = delete;

    /// Replaces the starts of the next chain by its ends.
    /// Cost: kLanes * (kChainLength - 1) width-16 permutations
    void walk_next(Lanes<8>& values);

  private:
    Lanes<16> states_;
};

/// Returns the two base-p digits of the tweak of a tree node, of a leaf (level 0), of a message.
constexpr std::array<Fp, 2> tree_tweak(std::size_t level, std::uint64_t index) {
    return base_p_digits(std::uint64_t{level} << 40 | index << 8 | 0x01);
}
constexpr std::array<Fp, 2> message_tweak(std::uint32_t slot) {
    return base_p_digits(std::uint64_t{slot} << 8 | 0x02);
}

/// Writes the input of the node (level, index), to be given to compress; `level` is that of the
/// node, its children are one lower.
template <class States>
void write_node(States& states,
                std::size_t lane,
                const Parameter& parameter,
                std::size_t level,
                std::uint64_t index,
                const Digest& left,
                const Digest& right) {
    constexpr std::array<Fp, 1> kZero{};
    write_lane(states, lane, parameter, tree_tweak(level, index), left, right, kZero);
}

/// Writes the input of a message hash, to be given to compress.
template <class States>
void write_message(States& states,
                   std::size_t lane,
                   const Parameter& parameter,
                   std::uint32_t slot,
                   const std::array<Fp, 9>& message,
                   const Rho& rho) {
    constexpr std::array<Fp, 1> kZero{};
    write_lane(states, lane, message, parameter, message_tweak(slot), rho, kZero);
}

/// Where a message hash has the randomness.
inline constexpr std::size_t kRhoRow = 16;

/// Returns the capacity of the leaf sponge for `chains` chains.
Capacity leaf_capacity(std::size_t chains);

/// Hashes leaves: absorbs the ends of their chains one element at a time.
/// Cost: 25 width-24 permutations per leaf (prod)
template <class Form>
class LeafSponge {
  public:
    explicit LeafSponge(const Capacity& capacity) {
        for (std::size_t lane = 0; lane < Form::kCount; ++lane) write_lane(states_, lane, capacity);
    }

    /// Absorbs the elements of a digest, a parameter or a tweak in every lane, where
    /// elements_of(lane) gives them. A leaf begins with key parameter and tweak.
    template <class ElementsOf>
    void absorb(ElementsOf elements_of) {
        constexpr std::size_t kCount = std::tuple_size_v<std::decay_t<decltype(elements_of(0))>>;
        typename Form::template Elements<kCount> elements;
        for (std::size_t lane = 0; lane < Form::kCount; ++lane) {
            write_lane(elements, lane, elements_of(lane));
        }
        absorb_rows(elements);
    }

    /// Absorbs rows of elements.
    template <class Rows>
    void absorb_rows(const Rows& elements) {
        for (const auto& row : rows_of(elements)) {
            rows_of(states_)[row_] = row;
            if (++row_ < kWidth) continue;
            permute(states_);
            row_ = kRate;
        }
    }

    /// Returns the leaves.
    typename Form::template Elements<8> finish() {
        while (row_ != kRate) absorb_rows(typename Form::template Elements<1>{});
        typename Form::template Elements<8> leaves;
        for (std::size_t i = 0; i < 8; ++i) rows_of(leaves)[i] = rows_of(states_)[kRate + i];
        return leaves;
    }

  private:
    static constexpr std::size_t kWidth = 24;
    static constexpr std::size_t kRate = std::tuple_size_v<Capacity>;  // its first row

    typename Form::template Elements<kWidth> states_{};
    std::size_t row_ = kRate;
};

}  // namespace lepton::crypto::xmss
