// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/identify.hpp"

#include "libp2p/protobuf.hpp"
#include "libp2p/simulation/sim_identity.hpp"

#include <gtest/gtest.h>

namespace lepton::libp2p {
namespace {

IdentifyInfo example() {
    IdentifyInfo info;
    info.protocol_version = "/ipfs/0.1.0";
    info.agent_version = "lepton/0.1.0";
    info.public_key = sim_public_key(1);
    info.listen_addresses = {Multiaddr{{127, 0, 0, 1}, 9000, {}},
                             Multiaddr{{10, 0, 0, 1}, 9001, {}}};
    info.observed_address = Multiaddr{{192, 168, 1, 7}, 40000, {}};
    info.protocols = {"/ipfs/ping/1.0.0", "/meshsub/1.2.0"};
    return info;
}

TEST(Identify, a_message_comes_back_as_it_was) {
    EXPECT_EQ(decode_identify(encode_identify(example())), example());
}

TEST(Identify, fields_have_the_numbers_of_the_specification) {
    IdentifyInfo info;
    info.public_key = {9};
    info.protocols = {"/p"};
    info.protocol_version = "v";
    info.agent_version = "a";
    EXPECT_EQ(to_hex(encode_identify(info)),
              "0a0109"
              "1a022f70"
              "2a0176"
              "320161");
}

TEST(Identify, unknown_fields_and_addresses_of_other_kinds_are_left_out) {
    Bytes message = encode_identify(example());
    append_bytes_field(message, 2, Bytes{4, 127, 0, 0, 1, 6, 0x1f, 0x90});  // ip4/tcp
    append_bytes_field(message, 4, Bytes{0xff});
    append_bytes_field(message, 8, Bytes(100, 1));  // a signed peer record
    append_varint_field(message, 77, 5);
    EXPECT_EQ(decode_identify(message), example());
}

TEST(Identify, what_is_too_much_is_refused) {
    Bytes protocols;
    for (std::size_t i = 0; i < kIdentifyProtocolsMax; ++i) append_string_field(protocols, 3, "/p");
    EXPECT_TRUE(decode_identify(protocols));
    append_string_field(protocols, 3, "/p");
    EXPECT_EQ(decode_identify(protocols), std::unexpected(IdentifyError::too_many_entries));

    Bytes addresses;
    for (std::size_t i = 0; i <= kIdentifyAddressesMax; ++i) append_bytes_field(addresses, 2, {});
    EXPECT_EQ(decode_identify(addresses), std::unexpected(IdentifyError::too_many_entries));

    Bytes large;
    append_string_field(large, 6, std::string(kIdentifySizeMax, 'a'));
    EXPECT_EQ(decode_identify(large), std::unexpected(IdentifyError::too_large));

    EXPECT_EQ(decode_identify(Bytes{0x0a, 0x05, 0x01}), std::unexpected(IdentifyError::malformed));
}

TEST(Identify, long_texts_are_cut) {
    Bytes message;
    append_string_field(message, 6, std::string(1000, 'a'));
    EXPECT_EQ(decode_identify(message)->agent_version, std::string(kIdentifyTextMax, 'a'));
}

}  // namespace
}  // namespace lepton::libp2p
