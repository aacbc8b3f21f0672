// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/decode_failures.hpp"

#include "libp2p/simulation/sim_identity.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lepton::libp2p {
namespace {

constexpr const char* kFamily = "lepton_peer_decode_failures_total";

PeerId peer(std::uint8_t number) {
    return PeerId::from_public_key(sim_public_key(number));
}
std::string line(const std::string& name, const char* reason, int count) {
    return fmt::format("{}{{peer=\"{}\",protocol=\"gossipsub\",reason=\"{}\"}} {}\n",
                       kFamily,
                       name,
                       reason,
                       count);
}

TEST(DecodeFailures, are_counted_by_peer_protocol_and_reason) {
    Metrics metrics;
    const auto failures = DecodeFailures::make(metrics);
    failures->count(peer(1), "gossipsub", "bad_snappy");
    failures->count(peer(1), "gossipsub", "bad_snappy");
    failures->count(peer(2), "gossipsub", "malformed_rpc");
    const std::string text = metrics.text();
    EXPECT_NE(text.find(line(peer(1).to_base58(), "bad_snappy", 2)), std::string::npos) << text;
    EXPECT_NE(text.find(line(peer(2).to_base58(), "malformed_rpc", 1)), std::string::npos) << text;
}

TEST(DecodeFailures, the_peer_that_failed_longest_ago_makes_room_and_its_count_is_kept) {
    Metrics metrics;
    const auto failures = DecodeFailures::make(metrics);
    for (std::size_t i = 0; i < DecodeFailures::kPeersMax; ++i) {
        failures->count(peer(static_cast<std::uint8_t>(i)), "gossipsub", "x");
    }
    failures->count(peer(0), "gossipsub", "x");
    failures->count(peer(200), "gossipsub", "x");
    const std::string text = metrics.text();
    EXPECT_NE(text.find(line(peer(0).to_base58(), "x", 2)), std::string::npos);
    EXPECT_EQ(text.find(peer(1).to_base58()), std::string::npos);
    EXPECT_NE(text.find(line("other", "x", 1)), std::string::npos);
    EXPECT_NE(text.find(line(peer(200).to_base58(), "x", 1)), std::string::npos);
}

}  // namespace
}  // namespace lepton::libp2p
