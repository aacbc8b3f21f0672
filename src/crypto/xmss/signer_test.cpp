// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/signer.hpp"

#include "crypto/xmss/each_kernel.hpp"
#include "crypto/xmss/little_endian.hpp"
#include "crypto/xmss/scheme.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lepton::crypto::xmss {
namespace {

using enum SignatureError;

KeyPair new_key(std::uint64_t seed, std::uint64_t first_slot, std::uint64_t count) {
    SeededRandom random{seed};
    return test_scheme().generate(random, first_slot, count, run_in_order, {}).value();
}

std::unique_ptr<Signer> load(const KeyPair& keys) {
    return test_scheme().load_secret_key(keys.public_key, keys.secret_key_ssz).value();
}

SignatureError load_error(const Bytes& public_key, const Bytes& secret_key) {
    const auto signer = test_scheme().load_secret_key(public_key, secret_key);
    EXPECT_FALSE(signer.has_value());
    return signer ? not_checked : signer.error();
}

bool is_valid(const Signer& signer, std::uint64_t slot, const Bytes& signature) {
    return test_scheme().verify({signer.public_key(), slot, Bytes32{7}, signature}).has_value();
}

class XmssSigner : public EachKernel {};
LEPTON_WITH_EACH_KERNEL(XmssSigner);

TEST_P(XmssSigner, fresh_keys_differ_and_are_sound) {
    const KeyPair first = new_key(1, 0, 64), second = new_key(2, 0, 64);
    EXPECT_NE(first.public_key, second.public_key);
    EXPECT_TRUE(load(first)->check_thoroughly(run_in_order).has_value());
    EXPECT_EQ(load(first)->prepared(), (SlotRange{0, 32}));
    EXPECT_EQ(load(first)->activation(), (SlotRange{0, 64}));
}

TEST_P(XmssSigner, slots_outside_are_a_typed_error) {
    const auto signer = load(new_key(1, 64, 96));
    EXPECT_EQ(signer->prepared(), (SlotRange{64, 96}));
    EXPECT_TRUE(signer->sign(64, {}).has_value());
    EXPECT_TRUE(signer->sign(95, {}).has_value());
    EXPECT_EQ(signer->sign(96, {}), std::unexpected(slot_not_prepared));
    EXPECT_EQ(signer->sign(63, {}), std::unexpected(slot_not_active));
    EXPECT_EQ(signer->sign(160, {}), std::unexpected(slot_not_active));
    EXPECT_EQ(signer->sign(~std::uint64_t{0}, {}), std::unexpected(slot_not_active));
    // Not the slot that equals 70 in 32 bits.
    EXPECT_EQ(signer->sign((std::uint64_t{1} << 32) + 70, {}), std::unexpected(slot_not_active));
}

TEST_P(XmssSigner, advances_tree_by_tree_up_to_the_end) {
    const auto signer = load(new_key(1, 64, 64));
    ASSERT_TRUE(signer->advance(run_in_order).has_value());
    EXPECT_EQ(signer->prepared(), (SlotRange{80, 112}));
    ASSERT_TRUE(signer->advance(run_in_order).has_value());
    EXPECT_EQ(signer->prepared(), (SlotRange{96, 128}));
    EXPECT_EQ(signer->advance(run_in_order), std::unexpected(window_at_end));
    EXPECT_EQ(signer->prepared(), (SlotRange{96, 128}));
    for (const std::uint64_t slot : {96u, 111u, 112u, 127u}) {
        EXPECT_TRUE(is_valid(*signer, slot, signer->sign(slot, Bytes32{7}).value()));
    }
}

TEST_P(XmssSigner, prepares_any_slot_directly) {
    const KeyPair keys = new_key(1, 0, 256);
    const auto window_after = [&](std::uint64_t slot) {
        const auto signer = load(keys);
        EXPECT_TRUE(signer->prepare(slot, run_in_order).has_value());
        EXPECT_TRUE(is_valid(*signer, slot, signer->sign(slot, Bytes32{7}).value())) << slot;
        return signer->prepared();
    };
    EXPECT_EQ(window_after(31), (SlotRange{0, 32}));
    EXPECT_EQ(window_after(32), (SlotRange{16, 48}));  // keeps the right tree
    EXPECT_EQ(window_after(100), (SlotRange{96, 128}));
    EXPECT_EQ(window_after(255), (SlotRange{224, 256}));  // nothing after the last tree
    const auto signer = load(keys);
    EXPECT_EQ(signer->prepare(256, run_in_order), std::unexpected(slot_not_active));
    ASSERT_TRUE(signer->prepare(200, run_in_order).has_value());
    ASSERT_TRUE(signer->prepare(3, run_in_order).has_value());  // and back
    EXPECT_EQ(signer->prepared(), (SlotRange{0, 32}));
}

TEST_P(XmssSigner, a_window_is_built_beside_signing_and_installed_later) {
    const auto signer = load(new_key(1, 0, 256));
    const Bytes before = signer->sign(20, Bytes32{7}).value();
    auto next = signer->build_window(signer->prepared().end, run_in_order);
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ((*next)->slots(), (SlotRange{16, 48}));
    EXPECT_EQ(signer->prepared(), (SlotRange{0, 32}));
    signer->install(*std::move(next));
    EXPECT_EQ(signer->prepared(), (SlotRange{16, 48}));
    EXPECT_EQ(signer->sign(20, Bytes32{7}), before);
    EXPECT_TRUE(is_valid(*signer, 40, signer->sign(40, Bytes32{7}).value()));
}

TEST_P(XmssSigner, a_written_key_goes_on_where_it_was) {
    KeyPair keys = new_key(1, 0, 256);
    const auto signer = load(keys);
    ASSERT_TRUE(signer->prepare(130, run_in_order).has_value());
    keys.secret_key_ssz = signer->serialize();
    const auto again = load(keys);
    EXPECT_EQ(again->prepared(), signer->prepared());
    EXPECT_EQ(again->sign(130, Bytes32{7}), signer->sign(130, Bytes32{7}));
}

// Places of the file of a key for slots 0..255: top tree of 5 layers with 16, 8, 4, 2, 2 nodes.
constexpr std::size_t kAtParameter = 32, kAtTop = 88, kAtTopLayers = kAtTop + 20;
constexpr std::size_t kAtBottomRoots = kAtTopLayers + 20 + 12;
constexpr std::size_t kAtSecondLayer = kAtBottomRoots + 16 * 32 + 12;
constexpr std::size_t kAtRoot = kAtSecondLayer + (8 + 4 + 2) * 32 + 3 * 12;
constexpr std::size_t kAtLeft = kAtRoot + 2 * 32;
constexpr std::size_t kAtFirstLeaf = kAtLeft + 20 + 20 + 12;
constexpr std::size_t kAtFirstParent = kAtFirstLeaf + 16 * 32 + 12;

TEST_P(XmssSigner, keys_that_do_not_belong_together_are_refused) {
    const KeyPair keys = new_key(1, 0, 256), other = new_key(2, 0, 256);
    const auto changed_at = [&](std::size_t at) {
        Bytes file = keys.secret_key_ssz;
        file[at] ^= 1;
        return load_error(keys.public_key, file);
    };
    EXPECT_EQ(load_error({}, keys.secret_key_ssz), public_key_size);
    EXPECT_EQ(load_error(other.public_key, keys.secret_key_ssz), secret_key_parameter);
    EXPECT_EQ(changed_at(kAtParameter), secret_key_parameter);
    EXPECT_EQ(changed_at(kAtRoot), secret_key_root);
    EXPECT_EQ(changed_at(kAtBottomRoots), secret_key_bottom_root);
    EXPECT_EQ(changed_at(kAtBottomRoots + 32), secret_key_bottom_root);
    EXPECT_EQ(changed_at(kAtFirstLeaf), secret_key_leaf);
    EXPECT_EQ(changed_at(0), secret_key_leaf);  // another PRF key
    Bytes right_root = keys.public_key;
    right_root[0] ^= 1;
    EXPECT_EQ(load_error(right_root, keys.secret_key_ssz), secret_key_root);
}

TEST_P(XmssSigner, damage_that_loading_cannot_see_is_found_before_a_signature_leaves) {
    KeyPair keys = new_key(1, 0, 256);
    keys.secret_key_ssz[kAtFirstParent] ^= 1;
    const auto signer = load(keys);
    // The changed node is on the path of slots 2 and 3.
    EXPECT_EQ(signer->sign(2, {}), std::unexpected(signature_self_check));
    EXPECT_EQ(signer->sign(3, {}), std::unexpected(signature_self_check));
    EXPECT_TRUE(signer->sign(4, {}).has_value());
    EXPECT_EQ(signer->check_thoroughly(run_in_order), std::unexpected(secret_key_node));

    keys = new_key(1, 0, 256);
    keys.secret_key_ssz[kAtFirstLeaf + 32] ^= 1;
    EXPECT_EQ(load(keys)->check_thoroughly(run_in_order), std::unexpected(secret_key_leaf));
    keys = new_key(1, 0, 256);
    keys.secret_key_ssz[kAtSecondLayer] ^= 1;
    EXPECT_EQ(load(keys)->check_thoroughly(run_in_order), std::unexpected(secret_key_node));
}

TEST_P(XmssSigner, a_window_that_does_not_fit_the_top_tree_is_not_used) {
    KeyPair keys = new_key(1, 0, 256);
    keys.secret_key_ssz[kAtBottomRoots + 5 * 32] ^= 1;
    const auto signer = load(keys);
    EXPECT_EQ(signer->prepare(80, run_in_order), std::unexpected(secret_key_bottom_root));
    EXPECT_EQ(signer->prepared(), (SlotRange{0, 32}));
}

TEST(SignatureError, every_error_has_a_name_of_its_own) {
    std::vector<std::string_view> names;
    for (int i = 0; i <= static_cast<int>(activation_range); ++i) {
        names.push_back(to_string(static_cast<SignatureError>(i)));
    }
    std::ranges::sort(names);
    EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
    EXPECT_FALSE(std::ranges::binary_search(names, "unknown"));
}

}  // namespace
}  // namespace lepton::crypto::xmss
