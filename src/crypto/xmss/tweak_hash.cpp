// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Chain steps. The states stay side by side from one step to the next: the permutation's output
// takes the place of the digest, the tweaks are counted on, and only when a chain ends is its lane
// read and given to another chain. Chains are taken longest first, so that lanes stay in use until
// close to the end: the 46 chains of one signature need 8 or 9 calls for 122 steps.
#include "crypto/xmss/tweak_hash.hpp"

#include "base/assert.hpp"

#include <bit>
#include <vector>

namespace lepton::crypto::xmss {
namespace {

// Rows of a chain step: digest, parameter, tweak (two digits, low first), zero.
constexpr std::size_t kParameterRow = 8, kTweakRow = 13;
// What the tweak grows by from step to step and from chain to chain.
constexpr Fp kStepUnit = 1 << 8, kChainUnit = 1 << 16;

constexpr std::array<Fp, 2> chain_tweak(std::uint32_t slot, std::uint8_t chain, unsigned step) {
    return base_p_digits(std::uint64_t{slot} << 24 | chain * std::uint64_t{kChainUnit} |
                         step * std::uint64_t{kStepUnit});
}

// Adds `difference`, below p, to every tweak.
void move_tweaks(Lanes<16>& states, Fp difference) {
    LaneRow low = states.rows[kTweakRow], high = states.rows[kTweakRow + 1];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const Fp beyond = low[lane] + difference - kPrime;  // "negative" when there is no carry
        const Fp has_no_carry = beyond >> 31;
        low[lane] = beyond + (kPrime & -has_no_carry);
        high[lane] += 1 - has_no_carry;
    }
    states.rows[kTweakRow] = low;
    states.rows[kTweakRow + 1] = high;
}

// Replaces the digests by those one step further. `next` is room for it.
void step(const poseidon_kernels::Kernel& kernel, Lanes<16>& states, Lanes<8>& next) {
    kernel.compress16(states, next);
    std::ranges::copy(next.rows, states.rows.begin());
}

void write_tweak(Lanes<16>& states, std::size_t lane, const std::array<Fp, 2>& tweak) {
    states.rows[kTweakRow][lane] = tweak[0];
    states.rows[kTweakRow + 1][lane] = tweak[1];
}

// Returns the walks that have steps, longest first.
std::vector<const ChainWalk*> longest_first(std::span<const ChainWalk> walks) {
    std::array<std::size_t, kChainLength> places{};  // of the next walk with so many steps
    for (const ChainWalk& walk : walks) {
        LEPTON_ASSERT(std::size_t{walk.position} + walk.steps < kChainLength);
        ++places[walk.steps];
    }
    std::size_t begin = 0;
    for (std::size_t steps = kChainLength; steps-- > 0;) {
        begin += std::exchange(places[steps], begin);
    }
    std::vector<const ChainWalk*> sorted(walks.size());
    for (const ChainWalk& walk : walks) sorted[places[walk.steps]++] = &walk;
    while (!sorted.empty() && sorted.back()->steps == 0) sorted.pop_back();
    return sorted;
}

}  // namespace

void walk_chains(std::span<const ChainWalk> walks) {
    const std::vector<const ChainWalk*> queue = longest_first(walks);
    if (queue.empty()) return;
    const poseidon_kernels::Kernel& kernel = kernel_in_use();
    Lanes<16> states{};
    Lanes<8> next;
    const WipeGuard guard_states{states.rows};
    const WipeGuard guard_next{next.rows};

    std::array<const ChainWalk*, kLanes> in_lane;
    std::array<std::uint32_t, kLanes> left;  // steps; of a lane out of use 0
    std::size_t taken = 0, running = 0;
    const auto take = [&](std::size_t lane) {
        const ChainWalk& walk = *queue[taken++];
        in_lane[lane] = &walk;
        left[lane] = walk.steps;
        write_lane(states,
                   lane,
                   *walk.value,
                   *walk.parameter,
                   chain_tweak(walk.slot, walk.chain, walk.position + 1u));
    };
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        if (taken < queue.size()) {
            take(lane);
            ++running;
        } else {
            // Its state is a copy that goes with the others; nobody reads it.
            for (LaneRow& row : states.rows) row[lane] = row[0];
            left[lane] = 0;
        }
    }
    while (running > 0) {
        step(kernel, states, next);
        move_tweaks(states, kStepUnit);
        std::uint32_t ended = 0;  // a bit for each lane
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            ended |= std::uint32_t{left[lane] == 1} << lane;
            left[lane] -= left[lane] > 0;
        }
        for (; ended != 0; ended &= ended - 1) {
            const auto lane = static_cast<std::size_t>(std::countr_zero(ended));
            *in_lane[lane]->value = digest_of(states, lane);
            if (taken < queue.size())
                take(lane);
            else
                --running;
        }
    }
}

SlotChains::SlotChains(const Parameter& parameter, const LaneSlots& slots) : states_{} {
    for (std::size_t i = 0; i < parameter.size(); ++i) {
        states_.rows[kParameterRow + i].fill(parameter[i]);
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        write_tweak(states_, lane, chain_tweak(slots[lane], 0, 1));
    }
}

void SlotChains::walk_next(Lanes<8>& values) {
    const poseidon_kernels::Kernel& kernel = kernel_in_use();
    std::ranges::copy(values.rows, states_.rows.begin());
    for (std::size_t i = 1; i < kChainLength; ++i) {
        step(kernel, states_, values);
        move_tweaks(states_, kStepUnit);
    }
    // The tweaks stand behind the last step; on to the first of the next chain.
    move_tweaks(states_, kChainUnit - (kChainLength - 1) * kStepUnit);
}

Capacity leaf_capacity(std::size_t chains) {
    // The lengths of parameter, tweak, chain list and digest as one 128-bit number of 32-bit words,
    // most significant first, in base-p digits.
    std::array<std::uint32_t, 4> words{5, 2, static_cast<std::uint32_t>(chains), 8};
    std::array<Fp, 24> input;
    for (Fp& digit : input) {
        std::uint64_t remainder = 0;
        for (std::uint32_t& word : words) {
            const std::uint64_t part = remainder << 32 | word;
            word = static_cast<std::uint32_t>(part / kPrime);
            remainder = part % kPrime;
        }
        digit = static_cast<Fp>(remainder);
    }
    std::array<Fp, 24> output = input;
    permute(output);
    Capacity capacity;
    for (std::size_t i = 0; i < capacity.size(); ++i) capacity[i] = add(output[i], input[i]);
    return capacity;
}

}  // namespace lepton::crypto::xmss
