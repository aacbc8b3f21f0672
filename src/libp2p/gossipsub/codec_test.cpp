// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/gossipsub/codec.hpp"

#include "base/random.hpp"
#include "libp2p/protobuf.hpp"
#include "libp2p/varint.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lepton::libp2p::gossipsub {
namespace {

MessageId id(std::uint8_t value) {
    MessageId out;
    out.fill(value);
    return out;
}

Bytes control_with(const Bytes& entry, std::size_t times) {
    Bytes control;
    for (std::size_t i = 0; i < times; ++i) append(control, entry);
    Bytes rpc;
    append_bytes_field(rpc, 3, control);
    return rpc;
}

TEST(GossipCodec, everything_comes_back_as_it_was) {
    const std::string payload = "payload";
    Rpc rpc;
    rpc.subscriptions = {{true, "/a"}, {false, "/b"}};
    rpc.messages = {{"/a", as_bytes(payload), false}, {"/b", {}, false}};
    rpc.ihave = {{"/a", {id(1), id(2)}}, {"/b", {}}};
    rpc.iwant = {id(3)};
    rpc.idontwant = {id(4), id(5)};
    rpc.graft = {"/a", "/b"};
    rpc.prune = {{"/a", 60}, {"/b", std::nullopt}, {"/c", 0}};

    const Bytes encoded = encode_rpc(rpc);
    const auto decoded = decode_rpc(encoded);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->subscriptions, rpc.subscriptions);
    ASSERT_EQ(decoded->messages.size(), 2u);
    EXPECT_EQ(decoded->messages[0].topic, "/a");
    EXPECT_EQ(as_text(decoded->messages[0].data), payload);
    EXPECT_FALSE(decoded->messages[0].names_origin);
    EXPECT_TRUE(decoded->messages[1].data.empty());
    EXPECT_EQ(decoded->ihave, rpc.ihave);
    EXPECT_EQ(decoded->iwant, rpc.iwant);
    EXPECT_EQ(decoded->idontwant, rpc.idontwant);
    EXPECT_EQ(decoded->graft, rpc.graft);
    EXPECT_EQ(decoded->prune, rpc.prune);
    EXPECT_FALSE(decoded->control_too_large);

    Bytes frame;
    append_varint(frame, encoded.size());
    append(frame, encoded);
    EXPECT_EQ(encode_frame(rpc), frame);
}

TEST(GossipCodec, a_message_that_names_its_origin_is_marked) {
    for (const std::uint32_t field : {1u, 3u, 5u, 6u}) {
        Bytes message;
        append_string_field(message, 4, "/a");
        append_bytes_field(message, field, Bytes{1});
        Bytes rpc;
        append_bytes_field(rpc, 2, message);
        const auto decoded = decode_rpc(rpc);
        ASSERT_TRUE(decoded);
        EXPECT_TRUE(decoded->messages[0].names_origin) << field;
    }
}

TEST(GossipCodec, ids_of_another_length_are_left_out) {
    Bytes ids;
    append_bytes_field(ids, 1, Bytes(19, 1));
    append_bytes_field(ids, 1, id(7));
    append_bytes_field(ids, 1, Bytes(32, 1));
    Bytes iwant;
    append_bytes_field(iwant, 2, ids);
    EXPECT_EQ(decode_rpc(control_with(iwant, 1))->iwant, std::vector{id(7)});
}

TEST(GossipCodec, control_beyond_its_size_is_ignored_and_the_rest_is_not) {
    Bytes graft;
    append_bytes_field(graft, 3, Bytes{});
    Bytes rpc = control_with(Bytes(1, 0), 0);
    append_bytes_field(rpc, 3, graft);
    Bytes many;
    while (many.size() <= kControlSizeMax) append(many, graft);
    append_bytes_field(rpc, 3, many);
    Bytes subscription;
    append_varint_field(subscription, 1, 1);
    append_string_field(subscription, 2, "/a");
    append_bytes_field(rpc, 1, subscription);

    const auto decoded = decode_rpc(rpc);
    ASSERT_TRUE(decoded);
    EXPECT_TRUE(decoded->control_too_large);
    EXPECT_TRUE(decoded->graft.empty());
    EXPECT_EQ(decoded->subscriptions, (std::vector<Subscription>{{true, "/a"}}));
}

TEST(GossipCodec, entries_beyond_their_number_are_counted) {
    const Bytes graft = {0x1a, 0x00};
    const auto grafts = decode_rpc(control_with(graft, kControlEntriesMax + 5));
    EXPECT_EQ(grafts->graft.size(), kControlEntriesMax);
    EXPECT_EQ(grafts->control_entries_dropped, 5u);

    Bytes rpc;
    for (std::size_t i = 0; i < kMessagesPerRpcMax + 2; ++i) append_bytes_field(rpc, 2, {});
    for (std::size_t i = 0; i < kSubscriptionsMax + 3; ++i) append_bytes_field(rpc, 1, {});
    const auto decoded = decode_rpc(rpc);
    EXPECT_EQ(decoded->messages.size(), kMessagesPerRpcMax);
    EXPECT_EQ(decoded->messages_dropped, 2u);
    EXPECT_EQ(decoded->subscriptions.size(), kSubscriptionsMax);
    EXPECT_EQ(decoded->subscriptions_dropped, 3u);
}

TEST(GossipCodec, what_is_not_an_rpc_is_malformed) {
    const char* table[] = {
        "0e",              // wire type 6
        "0b",              // a group
        "1204",            // a message cut short
        "12020b0c",        // a group inside a message
        "1a041a020880",    // a GRAFT with half a varint
        "1a040a020a05",    // an IHAVE whose topic is cut short
        "0a0208",          // a subscription cut short
        "ffffffffffffff",  // an unfinished key
    };
    for (const char* text : table) {
        EXPECT_FALSE(decode_rpc(from_hex(text).value())) << text;
    }
}

TEST(GossipCodec, no_random_change_of_a_frame_does_harm) {
    Rpc rpc;
    const std::string payload(50, 'x');
    rpc.subscriptions = {{true, "/a"}};
    rpc.messages = {{"/a", as_bytes(payload), false}};
    rpc.ihave = {{"/a", {id(1), id(2)}}};
    rpc.prune = {{"/a", UINT64_MAX}};
    const Bytes original = encode_rpc(rpc);
    SeededRandom random(3);
    std::size_t accepted = 0;
    for (int i = 0; i < 20'000; ++i) {
        Bytes changed = original;
        for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
            changed[random.below(changed.size())] = static_cast<std::uint8_t>(random.below(256));
        }
        changed.resize(1 + random.below(changed.size()));
        const auto decoded = decode_rpc(changed);
        if (decoded) ++accepted;
    }
    EXPECT_GT(accepted, 0u);
    EXPECT_LT(accepted, 20'000u);
}

}  // namespace
}  // namespace lepton::libp2p::gossipsub
