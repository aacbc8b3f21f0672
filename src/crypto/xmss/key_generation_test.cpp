// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/key_generation.hpp"

#include "crypto/xmss/each_kernel.hpp"
#include "crypto/xmss/tweak_hash.hpp"

#include <gtest/gtest.h>

namespace lepton::crypto::xmss {
namespace {

TEST(WidenActivation, ends_at_whole_bottom_trees_and_holds_at_least_two) {
    const auto widened = widen_activation<TestParameters>;
    EXPECT_EQ(widened(0, 1), (SlotRange{0, 32}));
    EXPECT_EQ(widened(15, 2), (SlotRange{0, 32}));
    EXPECT_EQ(widened(16, 33), (SlotRange{16, 64}));
    EXPECT_EQ(widened(0, 256), (SlotRange{0, 256}));
    EXPECT_EQ(widened(17, 239), (SlotRange{16, 256}));
    EXPECT_EQ(widen_activation<ProdParameters>(0, 1), (SlotRange{0, 131072}));
    EXPECT_EQ(widen_activation<ProdParameters>(70000, 262144), (SlotRange{65536, 393216}));
}

TEST(WidenActivation, moves_down_at_the_end_of_the_lifetime) {
    EXPECT_EQ(widen_activation<TestParameters>(250, 6), (SlotRange{224, 256}));
    EXPECT_EQ(widen_activation<ProdParameters>((std::uint64_t{1} << 32) - 1, 1),
              (SlotRange{(std::uint64_t{1} << 32) - 131072, std::uint64_t{1} << 32}));
}

TEST(WidenActivation, empty_and_too_long_ranges_are_refused) {
    const auto refused = std::unexpected(SignatureError::activation_range);
    EXPECT_EQ(widen_activation<TestParameters>(0, 0), refused);
    EXPECT_EQ(widen_activation<TestParameters>(256, 1), refused);
    EXPECT_EQ(widen_activation<TestParameters>(1, 256), refused);
    EXPECT_EQ(widen_activation<TestParameters>(1, ~std::uint64_t{0}), refused);
    EXPECT_EQ(widen_activation<TestParameters>(~std::uint64_t{0}, 2), refused);
}

class KeyGeneration : public EachKernel {};
LEPTON_WITH_EACH_KERNEL(KeyGeneration);

// A leaf by another way: chains walked one by one from their starts, then a sponge of its own.
template <class P>
Digest leaf_plainly(const Prf& prf, const Parameter& parameter, std::uint32_t slot) {
    LeafSponge<Alone> sponge{leaf_capacity(P::kChains)};
    sponge.absorb_rows(parameter);
    sponge.absorb_rows(tree_tweak(0, slot));
    for (std::size_t chain = 0; chain < P::kChains; ++chain) {
        std::array<Prf::ChainPlace, kLanes> places;
        places.fill({slot, static_cast<std::uint8_t>(chain)});
        Lanes<8> starts;
        prf.chain_starts(places, starts);
        Digest value = digest_of(starts, 0);
        const ChainWalk walk{
            &parameter, slot, static_cast<std::uint8_t>(chain), 0, kChainLength - 1, &value};
        walk_chains({&walk, 1});
        sponge.absorb_rows(value);
    }
    return sponge.finish();
}

template <class P>
void expect_plain_leaves(std::uint64_t first_slot, std::size_t count) {
    const Prf prf{Bytes32{1, 2, 3}};
    const Parameter parameter{1, 2, 3, 4, kPrime - 1};
    std::vector<Digest> leaves(count), expected;
    build_leaves<P>(prf, parameter, first_slot, leaves);
    for (std::size_t i = 0; i < count; ++i) {
        const auto slot = static_cast<std::uint32_t>(first_slot + i);
        expected.push_back(leaf_plainly<P>(prf, parameter, slot));
    }
    EXPECT_EQ(leaves, expected);
}

TEST_P(KeyGeneration, leaves_equal_those_made_one_by_one) {
    expect_plain_leaves<TestParameters>(0, 35);
    expect_plain_leaves<ProdParameters>(70'000, 17);
    // The last slots of all, and tweaks whose low digit turns over.
    expect_plain_leaves<ProdParameters>((std::uint64_t{1} << 32) - 3, 3);
    expect_plain_leaves<ProdParameters>(120, 16);
}

TEST_P(KeyGeneration, leaves_do_not_depend_on_how_the_range_is_cut) {
    const Prf prf{Bytes32{1}};
    const Parameter parameter{1, 2, 3, 4, 5};
    std::vector<Digest> whole(40), pieces(40);
    build_leaves<TestParameters>(prf, parameter, 100, whole);
    build_leaves<TestParameters>(prf, parameter, 100, std::span{pieces}.first(7));
    build_leaves<TestParameters>(prf, parameter, 107, std::span{pieces}.subspan(7));
    EXPECT_EQ(whole, pieces);
    EXPECT_NE(whole[0], whole[1]);
}

TEST_P(KeyGeneration, progress_grows_to_the_total) {
    SeededRandom random{1};
    std::vector<std::uint64_t> seen;
    generate_key<TestParameters>(
        random, {32, 128}, run_in_order, [&](std::uint64_t done, std::uint64_t total) {
            EXPECT_EQ(total, 96u);
            seen.push_back(done);
        });
    EXPECT_EQ(seen, (std::vector<std::uint64_t>{16, 32, 48, 64, 80, 96}));
}

}  // namespace
}  // namespace lepton::crypto::xmss
