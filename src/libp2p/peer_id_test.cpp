// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/peer_id.hpp"

#include <gtest/gtest.h>

namespace lepton::libp2p {
namespace {

// The key of EIP-778's example record.
constexpr const char* kSecp256k1Key =
    "0802122103ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd3138";
constexpr const char* kSecp256k1Text = "16Uiu2HAmSH2XVgZqYHWucap5kuPzLnt2TsNQkoppVxB5eJGvaXwm";

TEST(PeerId, small_key_is_carried_in_the_id) {
    const Bytes key = from_hex(kSecp256k1Key).value();
    const PeerId id = PeerId::from_public_key(key);
    EXPECT_EQ(id.to_base58(), kSecp256k1Text);
    EXPECT_EQ(to_bytes(id.inline_public_key()), key);
    EXPECT_EQ(id.bytes().size(), 39u);
}

TEST(PeerId, large_key_is_named_by_its_hash) {
    const PeerId id = PeerId::from_public_key(Bytes(43, 7));
    EXPECT_EQ(id.bytes().size(), 34u);
    EXPECT_TRUE(id.to_base58().starts_with("Qm"));
    EXPECT_TRUE(id.inline_public_key().empty());
    EXPECT_EQ(PeerId::from_public_key(Bytes(42, 7)).inline_public_key().size(), 42u);
}

TEST(PeerId, text_and_bytes_survive_the_round_trip) {
    const PeerId small = PeerId::from_base58(kSecp256k1Text).value();
    const PeerId large = PeerId::from_public_key(Bytes(99, 1));
    for (const PeerId& id : {small, large}) {
        EXPECT_EQ(PeerId::from_base58(id.to_base58()).value(), id);
        EXPECT_EQ(PeerId::from_bytes(id.bytes()).value(), id);
    }
    EXPECT_NE(small, large);
}

TEST(PeerId, anything_but_a_permitted_multihash_is_refused) {
    const char* refused[] = {
        "",
        "00",
        "0000",      // identity of nothing
        "0002aa",    // shorter than it says
        "0001aabb",  // longer than it says
        "1120"
        "0000000000000000000000000000000000000000000000000000000000000000",  // SHA-1
        "121f"
        "00000000000000000000000000000000000000000000000000000000000000",  // 31 bytes
        "8000"
        "01aa",  // a varint that is not the shortest
    };
    for (const char* hex : refused) EXPECT_FALSE(PeerId::from_bytes(from_hex(hex).value())) << hex;

    Bytes identity_of_43{0x00, 43};
    identity_of_43.resize(45, 1);
    EXPECT_FALSE(PeerId::from_bytes(identity_of_43));
    for (const char* text : {"",
                             "1",
                             "0",
                             "16Uiu2HAmSH2XVgZqYHWucap5kuPzLnt2TsNQkoppVxB5eJGvaXw",
                             "16Uiu2HAmSH2XVgZqYHWucap5kuPzLnt2TsNQkoppVxB5eJGvaXwm1"}) {
        EXPECT_FALSE(PeerId::from_base58(text)) << text;
    }
}

}  // namespace
}  // namespace lepton::libp2p
