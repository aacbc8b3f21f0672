// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/network_files.hpp"

#include "base/test_directory.hpp"
#include "node/genesis_files.hpp"
#include "p2p/bootnodes.hpp"
#include "p2p/enr.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace lepton::node {
namespace {

TEST(NetworkFiles, a_new_network_can_be_read_back_and_its_keys_loaded) {
    const test::TestDirectory directory;
    const NetworkFilesOptions options{.directory = directory.path() + "/genesis",
                                      .validators = 3,
                                      .scheme = "test",
                                      .log_active_slots = std::nullopt,
                                      .nodes = 2,
                                      .genesis_time = 1000,
                                      .seconds_to_genesis = 0,
                                      .base_port = 24000};
    const auto files = write_network_files(options);
    ASSERT_TRUE(files) << files.error().what;
    ASSERT_EQ(files->nodes.size(), 2U);
    EXPECT_EQ(files->nodes[1].name, "lepton_1");
    EXPECT_EQ(files->nodes[1].multiaddr,
              "/ip4/127.0.0.1/udp/24003/quic-v1/p2p/" + files->nodes[1].peer_id);

    const auto profile = network_profile("leanspec-test").value();
    const auto& scheme = *crypto::find_signature_scheme(profile.signature_scheme);
    const auto genesis = read_genesis_file(options.directory + "/config.yaml", profile, scheme);
    ASSERT_TRUE(genesis) << genesis.error().what;
    EXPECT_EQ(genesis->genesis_time, 1000U);
    ASSERT_EQ(genesis->validators.size(), 3U);

    const auto own = read_annotated_validators(options.directory + "/annotated_validators.yaml",
                                               "lepton_0",
                                               options.directory + "/hash-sig-keys",
                                               genesis->validators);
    ASSERT_TRUE(own.has_value() && own->has_value()) << (own ? "not named" : own.error().what);
    ASSERT_EQ((*own)->size(), 2U);
    const auto keys = validator::KeyStore::load(**own, genesis->validators, scheme);
    ASSERT_TRUE(keys) << keys.error().what;
    EXPECT_EQ(keys->indices(), (std::vector{ValidatorIndex{0}, ValidatorIndex{2}}));

    const auto key = read_node_key(options.directory + "/lepton_0.key");
    ASSERT_TRUE(key) << key.error().what;
    const auto text = read_text_file(options.directory + "/nodes.yaml", 1 << 20);
    const auto self = libp2p::PeerId::from_base58(files->nodes[0].peer_id).value();
    const auto bootnodes = p2p::parse_bootnodes(*text, self);
    EXPECT_TRUE(bootnodes.warnings.empty());
    ASSERT_EQ(bootnodes.addresses.size(), 1U);
    EXPECT_EQ(bootnodes.addresses[0].to_string(), files->nodes[1].multiaddr);

    EXPECT_FALSE(write_network_files(options)) << "a genesis is never overwritten";
}

TEST(NetworkFiles, keys_cannot_outlive_their_scheme) {
    const auto refused = write_keys({.directory = testing::TempDir() + "never_made",
                                     .validators = 1,
                                     .scheme = "test",
                                     .log_active_slots = 9,
                                     .nodes = 1,
                                     .genesis_time = std::nullopt,
                                     .seconds_to_genesis = 0,
                                     .base_port = 24000});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().what, "keys of --scheme test live for 2^8 slots, not 2^9");
    EXPECT_FALSE(std::filesystem::exists(testing::TempDir() + "never_made"));
}

}  // namespace
}  // namespace lepton::node
