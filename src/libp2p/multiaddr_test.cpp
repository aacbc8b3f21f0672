// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/multiaddr.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

namespace lepton::libp2p {
namespace {

constexpr const char* kPeer = "16Uiu2HAmSH2XVgZqYHWucap5kuPzLnt2TsNQkoppVxB5eJGvaXwm";

TEST(Multiaddr, text_form_in_both_directions) {
    const std::string texts[] = {
        "/ip4/127.0.0.1/udp/9000/quic-v1",
        "/ip4/255.255.255.255/udp/65535/quic-v1",
        "/ip6/::1/udp/0/quic-v1",
        "/ip6/2001:db8::a:0:1/udp/9000/quic-v1",
        std::string("/ip4/10.0.0.7/udp/9001/quic-v1/p2p/") + kPeer,
    };
    for (const std::string& text : texts) {
        const auto address = Multiaddr::from_string(text);
        ASSERT_TRUE(address) << text << ": " << address.error();
        EXPECT_EQ(address->to_string(), text);
        EXPECT_EQ(Multiaddr::from_bytes(address->to_bytes()).value(), *address) << text;
    }
}

TEST(Multiaddr, binary_form_is_that_of_the_multiformats_table) {
    const auto address = Multiaddr::from_string("/ip4/127.0.0.1/udp/9000/quic-v1").value();
    EXPECT_EQ(to_hex(address.to_bytes()),
              "047f000001"
              "91022328"
              "cd03");
    const auto with_peer =
        Multiaddr::from_string(std::string("/ip6/::1/udp/1/quic-v1/p2p/") + kPeer).value();
    EXPECT_EQ(to_hex(with_peer.to_bytes()),
              "29"
              "00000000000000000000000000000001"
              "91020001"
              "cd03"
              "a503"
              "27"
              "00250802122103ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd3138");
}

TEST(Multiaddr, other_texts_are_refused) {
    using namespace std::string_literals;
    const std::string refused[] = {
        "",
        "/",
        "ip4/127.0.0.1/udp/9000/quic-v1",
        "/ip4/127.0.0.1/udp/9000",
        "/ip4/127.0.0.1/udp/9000/quic",
        "/ip4/127.0.0.1/tcp/9000",
        "/ip4/127.0.0.1/udp/9000/quic-v1/",
        "/ip4/127.0.0.1/udp/9000/quic-v1/p2p",
        "/ip4/127.0.0.1/udp/9000/quic-v1/p2p/",
        "/ip4/127.0.0.1/udp/9000/quic-v1/p2p/xyz",
        "/ip4/127.0.0.1/udp/9000/quic-v1/p2p/"s + kPeer + "/",
        "/ip4/127.0.0.1/udp/9000/quic-v1/p2p/"s + kPeer + "/p2p-circuit",
        "/ip4/127.0.0.1/udp/65536/quic-v1",
        "/ip4/127.0.0.1/udp/-1/quic-v1",
        "/ip4/127.0.0.1/udp/+1/quic-v1",
        "/ip4/127.0.0.1/udp/09000/quic-v1",
        "/ip4/127.0.0.1/udp//quic-v1",
        "/ip4/127.0.0.256/udp/1/quic-v1",
        "/ip4/127.1/udp/1/quic-v1",
        "/ip4/::1/udp/1/quic-v1",
        "/ip6/127.0.0.1/udp/1/quic-v1",
        "/ip6/fe80::1%eth0/udp/1/quic-v1",
        "/dns4/localhost/udp/1/quic-v1",
        "/ip4/127.0.0.1\0x/udp/1/quic-v1"s,
        "/ip4/"s + std::string(300, '1') + "/udp/1/quic-v1",
    };
    for (const std::string& text : refused) EXPECT_FALSE(Multiaddr::from_string(text)) << text;
}

TEST(Multiaddr, error_names_the_component_that_was_not_understood) {
    EXPECT_EQ(Multiaddr::from_string("/ip4/127.0.0.1/tcp/1").error(),
              "expected /udp, found \"tcp\"");
    EXPECT_EQ(Multiaddr::from_string("/ip4/1.2.3/udp/1/quic-v1").error(), "no address: \"1.2.3\"");
}

TEST(Multiaddr, every_shortened_binary_form_is_refused) {
    const auto address =
        Multiaddr::from_string(std::string("/ip4/1.2.3.4/udp/5/quic-v1/p2p/") + kPeer).value();
    const Bytes bytes = address.to_bytes();
    Multiaddr without_peer = address;
    without_peer.peer_id.reset();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const auto parsed = Multiaddr::from_bytes(ByteView{bytes}.first(size));
        if (size == without_peer.to_bytes().size()) {
            EXPECT_EQ(parsed.value(), without_peer);
        } else {
            EXPECT_FALSE(parsed) << size;
        }
    }
    Bytes longer = bytes;
    longer.push_back(0);
    EXPECT_FALSE(Multiaddr::from_bytes(longer));
}

TEST(Multiaddr, whatever_binary_form_is_accepted_is_the_only_one) {
    SeededRandom random{4};
    const Bytes valid =
        Multiaddr::from_string(std::string("/ip4/1.2.3.4/udp/5/quic-v1/p2p/") + kPeer)->to_bytes();
    int accepted = 0;
    for (int i = 0; i < 20000; ++i) {
        Bytes bytes = valid;
        for (auto flips = 1 + random.below(3); flips > 0; --flips) {
            bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.below(256));
        }
        const auto parsed = Multiaddr::from_bytes(bytes);
        if (!parsed) continue;
        ++accepted;
        EXPECT_EQ(parsed->to_bytes(), bytes);
    }
    EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace lepton::libp2p
