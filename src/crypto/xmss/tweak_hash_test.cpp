// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/tweak_hash.hpp"

#include "base/random.hpp"
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
    std::array<State<16>, 1> states{};
    std::ranges::copy(value, states[0].begin());
    std::ranges::copy(parameter, states[0].begin() + 8);
    const std::uint64_t tweak = slot << 24 | chain << 16 | step << 8;
    states[0][13] = static_cast<Fp>(tweak % kPrime);
    states[0][14] = static_cast<Fp>(tweak / kPrime);
    compress<16>(states);
    Digest next;
    std::copy_n(states[0].begin(), next.size(), next.begin());
    return next;
}

TEST(TweakHash, leaf_capacity_separates_the_parameter_sets) {
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

TEST(TweakHash, chains_of_any_number_and_length_walk_like_single_ones) {
    SeededRandom random{1};
    for (const std::size_t count : {0u, 1u, 63u, 64u, 65u, 300u}) {
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

TEST(TweakHash, leaves_of_any_number_equal_the_sponge_written_out) {
    SeededRandom random{2};
    constexpr std::size_t kChains = 4;
    const Capacity capacity = leaf_capacity(kChains);
    for (const std::size_t count : {1u, 64u, 130u}) {
        std::vector<Parameter> parameters(count);
        std::vector<std::array<Digest, kChains>> ends(count);
        std::vector<Digest> leaves(count), expected(count);
        std::vector<LeafJob> jobs;
        for (std::size_t i = 0; i < count; ++i) {
            parameters[i] = random_elements<5>(random);
            for (Digest& end : ends[i]) end = random_elements<8>(random);
            const auto slot = static_cast<std::uint32_t>(random.next_u64());
            jobs.push_back({&parameters[i], slot, ends[i], &leaves[i]});

            std::vector<Fp> input(parameters[i].begin(), parameters[i].end());
            const std::uint64_t tweak = std::uint64_t{slot} << 8 | 1;
            input.push_back(static_cast<Fp>(tweak % kPrime));
            input.push_back(static_cast<Fp>(tweak / kPrime));
            for (const Digest& end : ends[i]) input.insert(input.end(), end.begin(), end.end());
            input.resize(45);  // 39 elements in 3 blocks of 15
            std::array<State<24>, 1> sponge{};
            std::ranges::copy(capacity, sponge[0].begin());
            for (std::size_t block = 0; block < 3; ++block) {
                std::copy_n(input.data() + 15 * block, 15, sponge[0].data() + 9);
                permute<24>(sponge);
            }
            std::copy_n(sponge[0].data() + 9, 8, expected[i].data());
        }
        hash_leaves(jobs, capacity);
        EXPECT_EQ(leaves, expected) << count;
    }
}

TEST(TweakHash, inputs_are_laid_out_as_specified) {
    const Parameter parameter{1, 2, 3, 4, 5};
    const Digest left{10, 11, 12, 13, 14, 15, 16, 17}, right{20, 21, 22, 23, 24, 25, 26, 27};
    // Level 2, index 3: 2 << 40 | 3 << 8 | 1 in base p
    EXPECT_EQ(node_input(parameter, 2, 3, left, right),
              (State<24>{1,  2,  3,  4,  5,  134217465, 1032, 10, 11, 12, 13, 14,
                         15, 16, 17, 20, 21, 22,        23,   24, 25, 26, 27, 0}));
    const std::array<Fp, 9> message{31, 32, 33, 34, 35, 36, 37, 38, 39};
    const Rho rho{41, 42, 43, 44, 45, 46, 47};
    EXPECT_EQ(message_input(parameter, 7, message, rho),
              (State<24>{31, 32, 33,   34, 35, 36, 37, 38, 39, 1,  2,  3,
                         4,  5,  1794, 0,  41, 42, 43, 44, 45, 46, 47, 0}));
}

}  // namespace
}  // namespace lepton::crypto::xmss
