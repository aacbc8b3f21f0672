// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/bootnodes.hpp"

#include "p2p/enr.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lepton::p2p {
namespace {

// The record of a node with its own key, at 10.0.0.<number>.
Enr record(std::uint8_t number) {
    const auto key = crypto::secp256k1::SecretKey::parse(Bytes(32, number)).value();
    EnrContent content;
    content.ip = {10, 0, 0, number};
    content.quic_port = 9000;
    return Enr::make(content, key).value();
}

TEST(Bootnodes, records_and_multiaddrs_in_every_list_form) {
    const auto self = record(9).peer_id();
    const std::vector expected{record(1).address().value(), record(2).address().value()};
    const std::string first = record(1).to_text();
    const std::string second = expected[1].to_string();
    for (const std::string& text : {fmt::format("- {}\n- {}\n", first, second),
                                    fmt::format("---\r\n- \"{}\"\r\n- '{}'", first, second),
                                    fmt::format("# nodes\n\n  -   {}   # one\n- {}", first, second),
                                    fmt::format("[{}, \"{}\"]", first, second),
                                    fmt::format("{},{}", first, second)}) {
        const Bootnodes nodes = parse_bootnodes(text, self);
        EXPECT_EQ(nodes.addresses, expected) << text;
        EXPECT_TRUE(nodes.warnings.empty()) << text;
    }
}

TEST(Bootnodes, empty_lists) {
    const auto self = record(9).peer_id();
    for (const std::string_view text : {"", "\n\n", "[]", "# nothing\n", "---\n[]\n"}) {
        const Bootnodes nodes = parse_bootnodes(text, self);
        EXPECT_TRUE(nodes.addresses.empty()) << text;
        EXPECT_TRUE(nodes.warnings.empty()) << text;
    }
}

TEST(Bootnodes, bad_lines_are_skipped_and_named) {
    std::string altered = record(2).to_text();
    altered[20] = altered[20] == 'A' ? 'B' : 'A';
    const std::string text = fmt::format("- {}\n- enr:nonsense\n- {}\n- hello\n- {}\n- {}\n",
                                         record(1).to_text(),
                                         altered,
                                         "/ip4/10.0.0.3/udp/9000/quic-v1",
                                         record(4).to_text());
    const Bootnodes nodes = parse_bootnodes(text, record(9).peer_id());
    EXPECT_EQ(nodes.addresses,
              (std::vector{record(1).address().value(), record(4).address().value()}));
    ASSERT_EQ(nodes.warnings.size(), 4u);
    EXPECT_TRUE(nodes.warnings[0].starts_with("line 2: \"enr:nonsense\"")) << nodes.warnings[0];
    EXPECT_TRUE(nodes.warnings[1].ends_with("signature does not verify")) << nodes.warnings[1];
    EXPECT_TRUE(nodes.warnings[2].starts_with("line 4: \"hello\"")) << nodes.warnings[2];
    EXPECT_TRUE(nodes.warnings[3].ends_with("no /p2p/ peer id")) << nodes.warnings[3];
}

TEST(Bootnodes, this_node_and_repeated_peers_are_left_out) {
    const std::string text =
        fmt::format("- {}\n- {}\n- {}\n",
                    record(1).to_text(),
                    record(9).to_text(),
                    "/ip4/10.9.9.9/udp/1/quic-v1/p2p/" + record(1).peer_id().to_base58());
    const Bootnodes nodes = parse_bootnodes(text, record(9).peer_id());
    EXPECT_EQ(nodes.addresses, std::vector{record(1).address().value()});
    ASSERT_EQ(nodes.warnings.size(), 1u);
    EXPECT_EQ(nodes.warnings[0],
              fmt::format("line 3: {}: peer listed before", record(1).peer_id().to_base58()));
}

TEST(Bootnodes, control_bytes_do_not_reach_the_log) {
    const Bootnodes nodes = parse_bootnodes("- \x1b[31mred\x07", record(9).peer_id());
    ASSERT_FALSE(nodes.warnings.empty());
    for (const std::string& warning : nodes.warnings) {
        for (const char character : warning) EXPECT_GE(character, ' ');
    }
}

}  // namespace
}  // namespace lepton::p2p
