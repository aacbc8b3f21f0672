// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/tweak_hash.hpp"

#include "base/random.hpp"
#include "crypto/xmss/each_kernel.hpp"
#include "crypto/xmss/tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lepton::crypto::xmss {
namespace {

template <std::size_t Count>
std::array<Fp, Count> random_elements(Random& random) {
    std::array<Fp, Count> elements;
    for (Fp& element : elements) element = random_element(random);
    return elements;
}

// One chain step as the specification writes it: digest, parameter, tweak.
Digest step_plainly(const Parameter& parameter,
                    std::uint64_t slot,
                    std::uint64_t chain,
                    std::uint64_t step,
                    const Digest& value) {
    const std::uint64_t tweak = slot << 24 | chain << 16 | step << 8;
    const std::array<Fp, 2> digits{static_cast<Fp>(tweak % kPrime),
                                   static_cast<Fp>(tweak / kPrime)};
    Lanes<16> states{};
    Lanes<8> next;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        write_lane(states, lane, value, parameter, digits);
    }
    kernel_in_use().compress16(states, next);
    return digest_of(next, step % kLanes);
}

class TweakHash : public EachKernel {};
LEPTON_WITH_EACH_KERNEL(TweakHash);

TEST_P(TweakHash, leaf_capacity_separates_the_parameter_sets) {
    EXPECT_EQ(leaf_capacity(46),
              (Capacity{2060061975,
                        916902315,
                        229801915,
                        83751504,
                        2093549181,
                        1743125625,
                        721042244,
                        1252069948,
                        1192880636}));
    EXPECT_EQ(leaf_capacity(4),
              (Capacity{627826400,
                        1244476188,
                        370678638,
                        978729783,
                        1996000804,
                        1380088873,
                        1753334201,
                        433326939,
                        1294775677}));
}

TEST_P(TweakHash, chains_of_any_number_and_length_walk_like_single_ones) {
    SeededRandom random{1};
    for (const std::size_t count : {0u, 1u, 2u, 15u, 16u, 17u, 46u, 300u}) {
        std::vector<Parameter> parameters(count);
        std::vector<Digest> values(count), expected(count);
        std::vector<ChainWalk> walks;
        for (std::size_t i = 0; i < count; ++i) {
            parameters[i] = random_elements<5>(random);
            values[i] = expected[i] = random_elements<8>(random);
            const auto slot = static_cast<std::uint32_t>(random.next_u64());
            const auto chain = static_cast<std::uint8_t>(random.below(256));
            const auto position = static_cast<std::uint8_t>(random.below(8));
            const auto steps = static_cast<std::uint8_t>(random.below(8u - position));
            walks.push_back({&parameters[i], slot, chain, position, steps, &values[i]});
            for (unsigned step = position + 1u; step <= unsigned{position} + steps; ++step) {
                expected[i] = step_plainly(parameters[i], slot, chain, step, expected[i]);
            }
        }
        walk_chains(walks);
        EXPECT_EQ(values, expected) << count;
    }
}

TEST_P(TweakHash, whole_chains_of_many_slots_walk_like_single_ones) {
    SeededRandom random{4};
    constexpr std::size_t kChains = 46;
    for (const std::uint32_t first : {0u, 120u, 65'535u, 0xfffffff0u}) {
        const auto parameter = random_elements<5>(random);
        LaneSlots slots;
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            slots[lane] = first + static_cast<std::uint32_t>(lane);
        }
        SlotChains chains{parameter, slots};
        for (std::uint8_t chain = 0; chain < kChains; ++chain) {
            Lanes<8> values;
            std::array<Digest, kLanes> expected;
            std::vector<ChainWalk> walks;
            for (std::size_t lane = 0; lane < kLanes; ++lane) {
                expected[lane] = random_elements<8>(random);
                write_lane(values, lane, expected[lane]);
                walks.push_back({&parameter, slots[lane], chain, 0, 7, &expected[lane]});
            }
            walk_chains(walks);
            chains.walk_next(values);
            for (std::size_t lane = 0; lane < kLanes; ++lane) {
                EXPECT_EQ(digest_of(values, lane), expected[lane]) << first << ' ' << lane;
            }
        }
    }
}

// The leaf of four chains as the specification writes it.
Digest leaf_plainly(const Parameter& parameter, std::uint32_t slot, std::span<const Digest> ends) {
    std::vector<Fp> input(parameter.begin(), parameter.end());
    const std::uint64_t tweak = std::uint64_t{slot} << 8 | 1;
    input.push_back(static_cast<Fp>(tweak % kPrime));
    input.push_back(static_cast<Fp>(tweak / kPrime));
    for (const Digest& end : ends) input.insert(input.end(), end.begin(), end.end());
    input.resize(45);  // 39 elements in 3 blocks of 15
    std::array<Fp, 24> sponge{};
    std::ranges::copy(leaf_capacity(4), sponge.begin());
    for (std::size_t block = 0; block < 3; ++block) {
        std::copy_n(input.data() + 15 * block, 15, sponge.data() + 9);
        permute(sponge);
    }
    Digest leaf;
    std::copy_n(sponge.data() + 9, 8, leaf.data());
    return leaf;
}

template <class Form>
void expect_leaves_like_the_sponge_written_out(std::uint64_t seed) {
    SeededRandom random{seed};
    std::array<Parameter, kLanes> parameters;
    LaneSlots slots;
    std::array<std::array<Digest, 4>, kLanes> ends;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        parameters[lane] = random_elements<5>(random);
        slots[lane] = static_cast<std::uint32_t>(random.next_u64());
        for (Digest& end : ends[lane]) end = random_elements<8>(random);
    }
    LeafSponge<Form> sponge{leaf_capacity(4)};
    sponge.absorb([&](std::size_t lane) { return parameters[lane]; });
    sponge.absorb([&](std::size_t lane) { return tree_tweak(0, slots[lane]); });
    for (std::size_t chain = 0; chain < 4; ++chain) {
        sponge.absorb([&](std::size_t lane) { return ends[lane][chain]; });
    }
    const auto leaves = sponge.finish();
    for (std::size_t lane = 0; lane < Form::kCount; ++lane) {
        EXPECT_EQ(digest_of(leaves, lane), leaf_plainly(parameters[lane], slots[lane], ends[lane]));
    }
}

TEST_P(TweakHash, leaves_equal_the_sponge_written_out) {
    expect_leaves_like_the_sponge_written_out<SideBySide>(2);
    expect_leaves_like_the_sponge_written_out<Alone>(3);
}

TEST_P(TweakHash, one_state_alone_is_compressed_like_many) {
    SeededRandom random{5};
    std::array<std::array<Fp, 24>, kLanes> inputs;
    Lanes<24> states;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        inputs[lane] = random_elements<24>(random);
        write_lane(states, lane, inputs[lane]);
    }
    Lanes<8> many;
    compress(states, many);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        Digest alone;
        compress(inputs[lane], alone);
        EXPECT_EQ(digest_of(many, lane), alone);
    }
}

TEST(TweakHashInput, are_laid_out_as_specified) {
    const Parameter parameter{1, 2, 3, 4, 5};
    const Digest left{10, 11, 12, 13, 14, 15, 16, 17}, right{20, 21, 22, 23, 24, 25, 26, 27};
    std::array<Fp, 24> state;
    write_node(state, 0, parameter, 2, 3, left, right);
    // Level 2, index 3: 2 << 40 | 3 << 8 | 1 in base p
    EXPECT_EQ(state, (std::array<Fp, 24>{1,  2,  3,  4,  5,  134217465, 1032, 10, 11, 12, 13, 14,
                                         15, 16, 17, 20, 21, 22,        23,   24, 25, 26, 27, 0}));
    const std::array<Fp, 9> message{31, 32, 33, 34, 35, 36, 37, 38, 39};
    const Rho rho{41, 42, 43, 44, 45, 46, 47};
    write_message(state, 0, parameter, 7, message, rho);
    EXPECT_EQ(state, (std::array<Fp, 24>{31, 32, 33,   34, 35, 36, 37, 38, 39, 1,  2,  3,
                                         4,  5,  1794, 0,  41, 42, 43, 44, 45, 46, 47, 0}));
    EXPECT_EQ(state[kRhoRow], rho[0]);
    Lanes<24> states{};
    write_message(states, 3, parameter, 7, message, rho);
    for (std::size_t row = 0; row < 24; ++row) {
        EXPECT_EQ(states.rows[row][3], state[row]);
        EXPECT_EQ(states.rows[row][2], 0u);
        EXPECT_EQ(states.rows[row][4], 0u);
    }
}

}  // namespace
}  // namespace lepton::crypto::xmss
