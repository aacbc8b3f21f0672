// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/gossipsub/router.hpp"

#include "libp2p/protobuf.hpp"
#include "libp2p/simulation/sim_identity.hpp"
#include "libp2p/varint.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

namespace lepton::libp2p::gossipsub {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

PeerId peer(std::uint32_t number) {
    return PeerId::from_public_key(sim_public_key(number));
}

/// The id of a payload: its first bytes. "!" makes a payload that cannot be read.
MessageId id_of(std::string_view payload) {
    MessageId id{};
    std::ranges::copy(as_bytes(payload.substr(0, id.size())), id.begin());
    return id;
}

/// A router whose peers are played by the test.
struct RouterTest : testing::Test {
    static Config config() {
        Config config;
        config.topics = {{"/block", 5000}, {"/vote", 5000}};
        return config;
    }

    Result<Transformed, std::string> transform(ByteView raw) {
        ++transforms;
        if (as_text(raw).starts_with("!")) return std::unexpected("not snappy");
        Bytes data = to_bytes(as_bytes("plain "));
        append(data, raw);
        return Transformed{id_of(as_text(raw)), data};
    }

    void connect(const PeerId& id, bool is_outbound = false, Version version = Version::v1_2) {
        router.add_peer(id, is_outbound, now);
        router.open_output(id, version);
        Rpc rpc;
        rpc.subscriptions = {{true, "/block"}};
        send(id, rpc);
        settle(id);
    }
    /// Connects peers 1 to `count`.
    void connect_all(std::uint32_t count) {
        for (std::uint32_t i = 1; i <= count; ++i) connect(peer(i));
    }
    void send(const PeerId& from, const Rpc& rpc) { router.on_rpc(from, encode_rpc(rpc), now); }
    void graft(const PeerId& from) {
        Rpc rpc;
        rpc.graft = {"/block"};
        send(from, rpc);
    }
    void message(const PeerId& from, std::string_view payload, std::string_view topic = "/block") {
        Rpc rpc;
        rpc.messages = {{topic, as_bytes(payload), false}};
        send(from, rpc);
    }
    void ihave(const PeerId& from, std::vector<MessageId> ids) {
        Rpc rpc;
        rpc.ihave = {{"/block", std::move(ids)}};
        send(from, rpc);
    }
    void iwant(const PeerId& from, std::vector<MessageId> ids) {
        Rpc rpc;
        rpc.iwant = std::move(ids);
        send(from, rpc);
    }

    Rpc decode(Bytes frame) {
        const Bytes& kept = frames.emplace_back(std::move(frame));
        const auto length = read_varint(kept);
        return decode_rpc(ByteView(kept).subspan(length->size)).value();
    }
    /// What goes to `to` next, or an empty RPC.
    Rpc receive_one(const PeerId& to) {
        auto frame = router.next_frame(to);
        return frame ? decode(std::move(*frame)) : Rpc{};
    }
    /// Everything that waits for `to`, in one.
    Rpc receive(const PeerId& to) {
        Rpc all;
        while (auto frame = router.next_frame(to)) {
            const Rpc rpc = decode(std::move(*frame));
            const auto add = [](auto& list, const auto& more) {
                list.insert(list.end(), more.begin(), more.end());
            };
            add(all.subscriptions, rpc.subscriptions);
            add(all.messages, rpc.messages);
            add(all.ihave, rpc.ihave);
            add(all.iwant, rpc.iwant);
            add(all.idontwant, rpc.idontwant);
            add(all.graft, rpc.graft);
            add(all.prune, rpc.prune);
        }
        return all;
    }
    void settle(const PeerId& to) { receive(to); }

    void beat(int times = 1) {
        for (int i = 0; i < times; ++i) {
            now += milliseconds(700);
            router.heartbeat(now);
        }
    }

    std::vector<std::string> payloads(const Rpc& rpc) {
        std::vector<std::string> out;
        for (const Message& message : rpc.messages) out.emplace_back(as_text(message.data));
        return out;
    }
    double dropped(const std::string& reason) {
        return metrics
            .counter("libp2p_gossipsub_dropped_total",
                     "What the gossip router dropped, by reason.",
                     {{"reason", reason}})
            .Value();
    }

    Time now{seconds(1000)};
    SeededRandom random{1};
    Metrics metrics;
    int transforms = 0;
    std::deque<Bytes> frames;
    Router router{config(),
                  peer(0),
                  [this](std::string_view, ByteView raw) { return transform(raw); },
                  random,
                  metrics};
};

// ---- subscriptions and meshes

TEST_F(RouterTest, subscribing_tells_everybody_and_fills_the_mesh) {
    connect_all(20);
    router.subscribe("/block", now);
    const std::vector<PeerId> mesh = router.mesh("/block");
    EXPECT_EQ(mesh.size(), 8u);
    for (std::uint32_t i = 1; i <= 20; ++i) {
        const Rpc rpc = receive(peer(i));
        EXPECT_EQ(rpc.subscriptions, (std::vector<Subscription>{{true, "/block"}}));
        const bool is_member = std::ranges::binary_search(mesh, peer(i));
        EXPECT_EQ(rpc.graft.size(), is_member ? 1u : 0u) << i;
    }
}

TEST_F(RouterTest, a_peer_that_connects_later_learns_the_subscriptions) {
    router.subscribe("/block", now);
    router.subscribe("/vote", now);
    router.add_peer(peer(1), false, now);
    EXPECT_FALSE(router.next_frame(peer(1))) << "no stream yet";
    router.open_output(peer(1), Version::v1_1);
    EXPECT_EQ(router.take_effects().writable, std::set{peer(1)});
    EXPECT_EQ(receive(peer(1)).subscriptions,
              (std::vector<Subscription>{{true, "/block"}, {true, "/vote"}}));
}

TEST_F(RouterTest, the_heartbeat_fills_a_small_mesh_and_shrinks_a_large_one) {
    router.subscribe("/block", now);
    connect_all(5);
    beat();
    EXPECT_EQ(router.mesh("/block").size(), 5u);

    for (std::uint32_t i = 6; i <= 16; ++i) connect(peer(i), true);
    for (std::uint32_t i = 6; i <= 16; ++i) graft(peer(i));
    EXPECT_EQ(router.mesh("/block").size(), 16u) << "dialled peers may exceed the limit";
    for (std::uint32_t i = 1; i <= 16; ++i) settle(peer(i));
    beat();
    const std::vector<PeerId> mesh = router.mesh("/block");
    EXPECT_EQ(mesh.size(), 8u);
    std::size_t pruned = 0;
    for (std::uint32_t i = 1; i <= 16; ++i) {
        const Rpc rpc = receive(peer(i));
        if (std::ranges::binary_search(mesh, peer(i))) continue;
        EXPECT_EQ(rpc.prune, (std::vector<Prune>{{"/block", 60}})) << i;
        ++pruned;
    }
    EXPECT_EQ(pruned, 8u);
}

TEST_F(RouterTest, a_full_mesh_refuses_grafts_of_those_who_dialled) {
    router.subscribe("/block", now);
    connect_all(13);
    for (std::uint32_t i = 1; i <= 13; ++i) graft(peer(i));
    EXPECT_EQ(router.mesh("/block").size(), 12u);
    EXPECT_EQ(receive(peer(13)).prune, (std::vector<Prune>{{"/block", 60}}));
}

TEST_F(RouterTest, two_dialled_peers_are_kept_in_the_mesh) {
    router.subscribe("/block", now);
    connect_all(12);
    for (std::uint32_t i = 1; i <= 12; ++i) graft(peer(i));
    for (std::uint32_t i = 21; i <= 22; ++i) connect(peer(i), true);
    for (int round = 0; round < 5; ++round) {
        beat();
        const std::vector<PeerId> mesh = router.mesh("/block");
        EXPECT_TRUE(std::ranges::binary_search(mesh, peer(21)));
        EXPECT_TRUE(std::ranges::binary_search(mesh, peer(22)));
        EXPECT_LE(mesh.size(), 14u);
    }
}

TEST_F(RouterTest, a_pruned_node_does_not_graft_before_the_backoff_is_over) {
    router.subscribe("/block", now);
    connect(peer(1));
    beat();
    ASSERT_EQ(router.mesh("/block").size(), 1u);
    Rpc rpc;
    rpc.prune = {{"/block", 10}};
    send(peer(1), rpc);
    settle(peer(1));
    EXPECT_TRUE(router.mesh("/block").empty());
    const Time pruned = now;
    while (router.mesh("/block").empty()) beat();
    EXPECT_GT(now - pruned, seconds(10));
    EXPECT_LT(now - pruned, seconds(13));
}

TEST_F(RouterTest, a_backoff_of_any_size_is_clamped) {
    router.subscribe("/block", now);
    connect(peer(1));
    Rpc rpc;
    rpc.prune = {{"/block", UINT64_MAX}};
    send(peer(1), rpc);
    beat();
    EXPECT_TRUE(router.mesh("/block").empty());
    now += seconds(3590);
    beat();
    EXPECT_TRUE(router.mesh("/block").empty());
    now += seconds(15);
    beat(2);
    EXPECT_EQ(router.mesh("/block").size(), 1u);
}

TEST_F(RouterTest, a_prune_without_a_time_means_the_usual_time) {
    router.subscribe("/block", now);
    connect(peer(1), false, Version::v1_0);
    Rpc rpc;
    rpc.prune = {{"/block", std::nullopt}};
    send(peer(1), rpc);
    now += seconds(58);
    beat();
    EXPECT_TRUE(router.mesh("/block").empty());
    now += seconds(2);
    beat(2);
    EXPECT_EQ(router.mesh("/block").size(), 1u);
}

TEST_F(RouterTest, the_backoff_outlives_the_connection) {
    router.subscribe("/block", now);
    connect(peer(1));
    Rpc rpc;
    rpc.prune = {{"/block", 60}};
    send(peer(1), rpc);
    router.remove_peer(peer(1), now);
    connect(peer(1));
    beat(3);
    EXPECT_TRUE(router.mesh("/block").empty());
}

TEST_F(RouterTest, grafts_within_the_backoff_end_in_a_disconnect) {
    router.subscribe("/block", now);
    connect(peer(1));
    Rpc rpc;
    rpc.prune = {{"/block", 60}};
    send(peer(1), rpc);
    for (int i = 0; i < 9; ++i) graft(peer(1));
    EXPECT_TRUE(router.take_effects().disconnects.empty());
    EXPECT_EQ(receive(peer(1)).prune.size(), 9u);
    for (int i = 0; i < 1000; ++i) graft(peer(1));
    const Effects effects = router.take_effects();
    ASSERT_EQ(effects.disconnects.size(), 1u);
    EXPECT_EQ(effects.disconnects[0].peer, peer(1));
    EXPECT_EQ(effects.disconnects[0].why, "GRAFT within the backoff");
    EXPECT_EQ(dropped("disconnecting"), 999);
}

TEST_F(RouterTest, unsubscribing_prunes_with_a_short_backoff_and_subscribing_again_obeys_it) {
    router.subscribe("/block", now);
    connect(peer(1));
    beat();
    settle(peer(1));
    router.unsubscribe("/block", now);
    const Rpc first = receive_one(peer(1));
    EXPECT_EQ(first.prune, (std::vector<Prune>{{"/block", 10}}));
    EXPECT_TRUE(first.subscriptions.empty()) << "it would be read before the PRUNE";
    EXPECT_EQ(receive_one(peer(1)).subscriptions, (std::vector<Subscription>{{false, "/block"}}));
    EXPECT_TRUE(router.mesh("/block").empty());

    router.subscribe("/block", now);
    EXPECT_TRUE(router.mesh("/block").empty());
    beat(10);
    EXPECT_TRUE(router.mesh("/block").empty());
    beat(10);
    EXPECT_EQ(router.mesh("/block").size(), 1u);
}

TEST_F(RouterTest, a_dialled_peer_that_says_nothing_is_given_up_once) {
    const auto connect_silently = [&](std::uint32_t number, bool is_outbound) {
        router.add_peer(peer(number), is_outbound, now);
        router.open_output(peer(number), Version::v1_2);
    };
    connect_silently(1, true);
    beat(30);
    EXPECT_TRUE(router.take_effects().disconnects.empty()) << "who wants nothing misses nothing";
    router.remove_peer(peer(1), now);

    router.subscribe("/block", now);
    connect_silently(1, true);
    connect_silently(2, false);
    connect(peer(3), true);
    beat(21);
    EXPECT_TRUE(router.take_effects().disconnects.empty()) << "within 15 s";
    beat();
    const Effects effects = router.take_effects();
    ASSERT_EQ(effects.disconnects.size(), 1u);
    EXPECT_EQ(effects.disconnects[0].peer, peer(1));
    EXPECT_EQ(effects.disconnects[0].why, "tells of no subscription");
    router.remove_peer(peer(1), now);
    connect_silently(1, true);
    beat(60);
    EXPECT_TRUE(router.take_effects().disconnects.empty()) << "it may have nothing to say";
}

TEST_F(RouterTest, control_entries_are_counted) {
    const auto counted = [&](const std::string& event) {
        return metrics
            .counter("libp2p_gossipsub_control_total",
                     "Entries of gossip control messages, by what became of them.",
                     {{"event", event}})
            .Value();
    };
    router.subscribe("/block", now);
    connect_all(2);
    beat();
    EXPECT_EQ(counted("graft_sent"), 2);
    message(peer(1), std::string(2000, 'x'));
    EXPECT_EQ(counted("idontwant_sent"), 1);
    Rpc rpc;
    rpc.idontwant = {id_of("a"), id_of("b")};
    rpc.prune = {{"/block", 60}};
    send(peer(2), rpc);
    EXPECT_EQ(counted("idontwant_received"), 2);
    EXPECT_EQ(counted("prune_received"), 1);
    graft(peer(2));
    EXPECT_EQ(counted("graft_received"), 1);
    EXPECT_EQ(counted("prune_sent"), 1) << "it came within the backoff";
}

TEST_F(RouterTest, a_peer_that_unsubscribes_or_leaves_is_in_no_mesh) {
    router.subscribe("/block", now);
    connect_all(2);
    beat();
    Rpc rpc;
    rpc.subscriptions = {{false, "/block"}};
    send(peer(1), rpc);
    router.remove_peer(peer(2), now);
    EXPECT_TRUE(router.mesh("/block").empty());
    const Effects effects = router.take_effects();
    ASSERT_EQ(effects.subscriptions.size(), 3u);
    EXPECT_EQ(effects.subscriptions[2].peer, peer(1));
    EXPECT_FALSE(effects.subscriptions[2].subscribed);
}

TEST_F(RouterTest, a_lost_stream_takes_the_peer_out_of_the_mesh_and_says_everything_again) {
    router.subscribe("/block", now);
    connect(peer(1));
    beat();
    router.lose_output(peer(1));
    EXPECT_TRUE(router.mesh("/block").empty());
    EXPECT_FALSE(router.next_frame(peer(1)));
    router.open_output(peer(1), Version::v1_2);
    EXPECT_EQ(receive(peer(1)).subscriptions, (std::vector<Subscription>{{true, "/block"}}));
    beat();
    EXPECT_EQ(receive(peer(1)).graft.size(), 1u);
}

TEST_F(RouterTest, a_peer_that_starts_over_is_told_everything_again) {
    router.subscribe("/block", now);
    connect_all(2);
    beat();
    settle(peer(1));
    Rpc prune;
    prune.prune = {{"/block", 60}};
    send(peer(2), prune);
    settle(peer(2));

    router.repeat_greeting(peer(1), now);
    const Rpc rpc = receive(peer(1));
    EXPECT_EQ(rpc.subscriptions, (std::vector<Subscription>{{true, "/block"}}));
    EXPECT_EQ(rpc.graft, std::vector<std::string_view>{"/block"});
    EXPECT_EQ(router.mesh("/block"), std::vector{peer(1)});

    router.repeat_greeting(peer(2), now);
    EXPECT_TRUE(receive(peer(2)).graft.empty()) << "it is not in the mesh";
    for (std::size_t i = 1; i < kGreetingsMax; ++i) {
        router.repeat_greeting(peer(1), now);
        EXPECT_EQ(receive(peer(1)).subscriptions.size(), 1u);
    }
    router.repeat_greeting(peer(1), now);
    EXPECT_FALSE(router.next_frame(peer(1))) << "so often in a heartbeat";
    beat();
    settle(peer(1));
    router.repeat_greeting(peer(1), now);
    EXPECT_EQ(receive(peer(1)).subscriptions.size(), 1u);
}

TEST_F(RouterTest, topics_that_are_not_listed_leave_no_trace) {
    connect(peer(1));
    std::deque<std::string> names;
    Rpc rpc;
    for (std::size_t i = 0; i < kSubscriptionsMax - 1; ++i) {
        rpc.subscriptions.push_back({true, names.emplace_back("/flood/" + std::to_string(i))});
    }
    router.take_effects();
    send(peer(1), rpc);
    EXPECT_TRUE(router.take_effects().subscriptions.empty());
    EXPECT_EQ(dropped("subscriptions"), 0);
    for (int i = 0; i < 5; ++i) send(peer(1), rpc);
    EXPECT_EQ(router.take_effects().disconnects.size(), 1u) << "a flood of them is held against it";
    EXPECT_EQ(dropped("subscriptions"), 5 * (kSubscriptionsMax - 1));
}

// ---- messages

TEST_F(RouterTest, a_message_is_delivered_once_and_forwarded_only_after_its_verdict) {
    router.subscribe("/block", now);
    connect_all(4);
    beat();
    for (std::uint32_t i = 1; i <= 4; ++i) settle(peer(i));
    message(peer(1), "hello");
    message(peer(2), "hello");
    const Effects effects = router.take_effects();
    ASSERT_EQ(effects.deliveries.size(), 1u);
    const Delivery& delivery = effects.deliveries[0];
    EXPECT_EQ(delivery.topic, "/block");
    EXPECT_EQ(delivery.id, id_of("hello"));
    EXPECT_EQ(as_text(delivery.data), "plain hello");
    EXPECT_EQ(delivery.raw_size, 5u);
    EXPECT_EQ(delivery.peer, peer(1));
    EXPECT_EQ(transforms, 1) << "the copy was recognised by its bytes";
    beat();
    for (std::uint32_t i = 1; i <= 4; ++i) EXPECT_TRUE(receive(peer(i)).messages.empty());

    router.report_validation(delivery.id, delivery.peer, Verdict::accept, now);
    EXPECT_TRUE(receive(peer(1)).messages.empty());
    EXPECT_TRUE(receive(peer(2)).messages.empty()) << "it has the message too";
    EXPECT_EQ(payloads(receive(peer(3))), std::vector<std::string>{"hello"});
    EXPECT_EQ(payloads(receive(peer(4))), std::vector<std::string>{"hello"});
}

TEST_F(RouterTest, ignored_and_rejected_messages_go_nowhere) {
    router.subscribe("/block", now);
    connect_all(3);
    beat();
    message(peer(1), "ignored");
    message(peer(1), "rejected");
    router.report_validation(id_of("ignored"), peer(1), Verdict::ignore, now);
    router.report_validation(id_of("rejected"), peer(1), Verdict::reject, now);
    beat(3);
    for (std::uint32_t i = 1; i <= 3; ++i) {
        const Rpc rpc = receive(peer(i));
        EXPECT_TRUE(rpc.messages.empty());
        EXPECT_TRUE(rpc.ihave.empty());
    }
    iwant(peer(2), {id_of("ignored"), id_of("rejected")});
    EXPECT_TRUE(receive(peer(2)).messages.empty());
    message(peer(2), "rejected");
    EXPECT_EQ(router.take_effects().deliveries.size(), 2u) << "not delivered again";
}

TEST_F(RouterTest, three_invalid_messages_lead_to_a_disconnect) {
    router.subscribe("/block", now);
    connect(peer(1));
    message(peer(1), "bad 1");
    router.report_validation(id_of("bad 1"), peer(1), Verdict::reject, now);
    message(peer(1), "!not readable");
    EXPECT_TRUE(router.take_effects().disconnects.empty());
    message(peer(1), std::string(5001, 'x'));
    const Effects effects = router.take_effects();
    ASSERT_EQ(effects.disconnects.size(), 1u);
    EXPECT_EQ(effects.disconnects[0].why, "messages too large");
    message(peer(1), "good");
    EXPECT_TRUE(router.take_effects().deliveries.empty());

    router.remove_peer(peer(1), now);
    connect(peer(1));
    beat();
    message(peer(1), "good");
    EXPECT_EQ(router.take_effects().deliveries.size(), 1u);
    EXPECT_EQ(router.mesh("/block").size(), 1u) << "a second chance";
    message(peer(1), "!again");
    message(peer(1), "!and again");
    EXPECT_EQ(router.take_effects().disconnects.size(), 1u);
}

TEST_F(RouterTest, valid_messages_make_up_for_invalid_ones) {
    router.subscribe("/block", now);
    connect(peer(1));
    for (int round = 0; round < 10; ++round) {
        const std::string bad = "bad " + std::to_string(round);
        message(peer(1), bad);
        router.report_validation(id_of(bad), peer(1), Verdict::reject, now);
        for (int i = 0; i < 40; ++i) {
            const std::string good = std::to_string(round) + " good " + std::to_string(i);
            message(peer(1), good);
            router.report_validation(id_of(good), peer(1), Verdict::accept, now);
        }
    }
    EXPECT_TRUE(router.take_effects().disconnects.empty());
}

TEST_F(RouterTest, a_distrusted_peer_is_in_no_mesh_and_gets_no_gossip) {
    router.subscribe("/block", now);
    connect(peer(1));
    beat();
    message(peer(1), "!1");
    message(peer(1), "!2");
    beat();
    EXPECT_TRUE(router.mesh("/block").empty());
    EXPECT_EQ(receive(peer(1)).prune.size(), 1u);
    ihave(peer(1), {id_of("other")});
    EXPECT_TRUE(receive(peer(1)).iwant.empty());
    EXPECT_EQ(dropped("distrusted"), 1);
    now += seconds(600);
    beat(2);
    EXPECT_EQ(router.mesh("/block").size(), 1u) << "half is forgiven after ten minutes";
}

TEST_F(RouterTest, messages_with_an_origin_and_of_other_topics_are_dropped) {
    router.subscribe("/block", now);
    connect(peer(1));
    Bytes signed_message;
    append_string_field(signed_message, 2, "data");
    append_bytes_field(signed_message, 3, Bytes{1});
    append_string_field(signed_message, 4, "/block");
    Bytes rpc;
    append_bytes_field(rpc, 2, signed_message);
    router.on_rpc(peer(1), rpc, now);
    message(peer(1), "hello", "/vote");
    message(peer(1), "hello", "/unknown");
    EXPECT_TRUE(router.take_effects().deliveries.empty());
    EXPECT_EQ(dropped("names_origin"), 1);
    EXPECT_EQ(dropped("not_subscribed"), 1);
    EXPECT_EQ(dropped("unknown_topic"), 1);
    EXPECT_EQ(transforms, 0);
}

TEST_F(RouterTest, verdicts_that_never_come_or_come_late_are_counted) {
    router.subscribe("/block", now);
    connect_all(2);
    beat();
    message(peer(1), "slow");
    settle(peer(2));
    now += kVerdictTimeout;
    beat();
    EXPECT_EQ(dropped("verdict_timeout"), 1);
    router.report_validation(id_of("slow"), peer(1), Verdict::accept, now);
    EXPECT_EQ(dropped("verdict_late"), 1);
    EXPECT_TRUE(receive(peer(2)).messages.empty());
}

TEST_F(RouterTest, a_flood_fills_only_the_share_of_its_peer) {
    router.subscribe("/block", now);
    connect_all(2);
    for (std::size_t i = 0; i < kPendingCountPerPeerMax + 100; ++i) {
        message(peer(1), "flood " + std::to_string(i));
    }
    EXPECT_EQ(router.take_effects().deliveries.size(), kPendingCountPerPeerMax);
    EXPECT_EQ(dropped("validation_full"), 100);
    message(peer(2), "honest");
    message(peer(2), "flood 2100");
    EXPECT_EQ(router.take_effects().deliveries.size(), 2u)
        << "what was refused may come from another peer";
}

// ---- publishing

TEST_F(RouterTest, an_own_message_goes_to_the_mesh_and_does_not_come_back) {
    router.subscribe("/block", now);
    connect_all(10);
    beat();
    for (std::uint32_t i = 1; i <= 10; ++i) settle(peer(i));
    const auto receipt = router.publish("/block", to_bytes(as_bytes("mine")), now);
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->peers, 8u);
    EXPECT_EQ(receipt->id, id_of("mine"));
    std::size_t got = 0;
    for (std::uint32_t i = 1; i <= 10; ++i) got += receive(peer(i)).messages.size();
    EXPECT_EQ(got, 8u);
    message(peer(1), "mine");
    EXPECT_TRUE(router.take_effects().deliveries.empty());
    EXPECT_EQ(router.publish("/block", to_bytes(as_bytes("mine")), now).error(),
              PublishError::duplicate);
}

TEST_F(RouterTest, publishing_names_what_went_wrong) {
    EXPECT_EQ(router.publish("/block", {1}, now).error(), PublishError::no_peers);
    EXPECT_EQ(router.publish("/block", Bytes(5001, 1), now).error(), PublishError::too_large);
    EXPECT_EQ(router.publish("/block", to_bytes(as_bytes("!")), now).error(),
              PublishError::invalid);
    connect(peer(1));
    EXPECT_TRUE(router.publish("/block", {1}, now)) << "what found no peer may be tried again";
    for (std::uint32_t i = 0; i < kOwnQueueMax - 1; ++i) {
        ASSERT_TRUE(router.publish("/block", to_bytes(as_bytes(std::to_string(i))), now));
    }
    EXPECT_EQ(router.publish("/block", to_bytes(as_bytes("more")), now).error(),
              PublishError::queue_full);
    EXPECT_EQ(dropped("own_queue"), 1);
    settle(peer(1));
    EXPECT_TRUE(router.publish("/block", to_bytes(as_bytes("more")), now));
}

TEST_F(RouterTest, a_topic_without_subscription_is_published_through_a_fanout) {
    connect_all(12);
    ASSERT_EQ(router.publish("/block", to_bytes(as_bytes("one")), now)->peers, 8u);
    std::set<std::uint32_t> fanout;
    for (std::uint32_t i = 1; i <= 12; ++i) {
        if (!receive(peer(i)).messages.empty()) fanout.insert(i);
    }
    EXPECT_EQ(fanout.size(), 8u);
    now += seconds(50);
    beat();
    ASSERT_TRUE(router.publish("/block", to_bytes(as_bytes("two")), now));
    for (std::uint32_t i = 1; i <= 12; ++i) {
        EXPECT_EQ(receive(peer(i)).messages.size(), fanout.contains(i) ? 1u : 0u)
            << "the same peers within a minute";
    }
    router.subscribe("/block", now);
    for (const std::uint32_t i : fanout) EXPECT_EQ(receive(peer(i)).graft.size(), 1u);
}

TEST_F(RouterTest, a_mesh_that_is_not_full_is_helped_out) {
    connect_all(10);
    router.subscribe("/block", now);
    Rpc rpc;
    rpc.prune = {{"/block", 3600}};
    for (std::uint32_t i = 1; i <= 9; ++i) send(peer(i), rpc);
    EXPECT_LE(router.mesh("/block").size(), 1u);
    EXPECT_EQ(router.publish("/block", to_bytes(as_bytes("mine")), now)->peers, 8u);
}

// ---- gossip

TEST_F(RouterTest, those_outside_the_mesh_hear_of_messages_and_may_ask) {
    router.subscribe("/block", now);
    connect_all(20);
    beat();
    for (std::uint32_t i = 1; i <= 20; ++i) settle(peer(i));
    message(peer(1), "news");
    router.report_validation(id_of("news"), peer(1), Verdict::accept, now);
    for (std::uint32_t i = 1; i <= 20; ++i) settle(peer(i));
    beat();
    const std::vector<PeerId> mesh = router.mesh("/block");
    std::vector<PeerId> told;
    for (std::uint32_t i = 1; i <= 20; ++i) {
        if (!receive(peer(i)).ihave.empty()) told.push_back(peer(i));
    }
    EXPECT_EQ(told.size(), 6u);
    for (const PeerId& id : told) EXPECT_FALSE(std::ranges::binary_search(mesh, id));

    for (unsigned i = 0; i < kRetransmissionsMax + 2; ++i) iwant(told[0], {id_of("news")});
    EXPECT_EQ(receive(told[0]).messages.size(), kRetransmissionsMax);
    EXPECT_EQ(dropped("iwant_limit"), 2);
    beat(6);
    iwant(told[1], {id_of("news")});
    EXPECT_TRUE(receive(told[1]).messages.empty()) << "no longer kept";
}

TEST_F(RouterTest, a_missing_message_is_asked_for_once_and_recovered) {
    router.subscribe("/block", now);
    connect_all(3);
    beat();
    ihave(peer(1), {id_of("lost")});
    ihave(peer(2), {id_of("lost")});
    EXPECT_EQ(receive(peer(1)).iwant, std::vector{id_of("lost")});
    EXPECT_TRUE(receive(peer(2)).iwant.empty()) << "peer 1 promised it";
    message(peer(1), "lost");
    EXPECT_EQ(router.take_effects().deliveries.size(), 1u);
    ihave(peer(2), {id_of("lost")});
    EXPECT_TRUE(receive(peer(2)).iwant.empty());
    now += seconds(5);
    beat();
    EXPECT_EQ(metrics
                  .counter("libp2p_gossipsub_messages_total",
                           "Gossip messages, by what happened to them.",
                           {{"event", "promise_broken"}})
                  .Value(),
              0);
}

TEST_F(RouterTest, a_broken_promise_lets_another_peer_be_asked_and_is_held_against_the_first) {
    router.subscribe("/block", now);
    connect_all(2);
    for (int i = 0; i < 60; ++i) {
        ihave(peer(1), {id_of("lie " + std::to_string(i))});
        settle(peer(1));
        beat(5);
    }
    ihave(peer(2), {id_of("lie 0")});
    EXPECT_EQ(receive(peer(2)).iwant.size(), 1u);
    const Effects effects = router.take_effects();
    ASSERT_EQ(effects.disconnects.size(), 0u);
    ihave(peer(1), {id_of("once more")});
    EXPECT_TRUE(receive(peer(1)).iwant.empty()) << "it is not believed any more";
}

TEST_F(RouterTest, floods_of_ihave_and_iwant_are_cut) {
    router.subscribe("/block", now);
    connect(peer(1));
    beat();
    settle(peer(1));
    std::size_t asked = 0;
    for (std::uint32_t rpc = 0; rpc < 30; ++rpc) {
        std::vector<MessageId> ids;
        for (std::uint32_t i = 0; i < 700; ++i) ids.push_back(id_of(std::to_string(rpc * 700 + i)));
        ihave(peer(1), ids);
        asked += receive(peer(1)).iwant.size();
    }
    EXPECT_EQ(asked, kIdsMax);
    EXPECT_EQ(dropped("ihave_limit"), 20 + 7000 - 5000);

    std::vector<MessageId> unknown(700, id_of("unknown"));
    for (int i = 0; i < 10; ++i) iwant(peer(1), unknown);
    EXPECT_EQ(dropped("iwant_limit"), 7000 - static_cast<double>(kIdsMax));
}

TEST_F(RouterTest, answers_keep_to_their_bytes_per_second) {
    Config large = config();
    large.topics[0].size_max = kRpcSizeMax;
    Router serving(
        large,
        peer(0),
        [](std::string_view, ByteView raw) {
            return Transformed{id_of(as_text(raw.first(2))), Bytes{}};
        },
        random,
        metrics);
    serving.add_peer(peer(1), false, now);
    serving.open_output(peer(1), Version::v1_2);
    Rpc subscribe;
    subscribe.subscriptions = {{true, "/block"}};
    serving.on_rpc(peer(1), encode_rpc(subscribe), now);
    std::vector<MessageId> ids;
    for (const char* name : {"m0", "m1", "m2", "m3"}) {
        Bytes payload(10 * 1024 * 1024, 0);
        std::ranges::copy(as_bytes(name), payload.begin());
        ASSERT_TRUE(serving.publish("/block", std::move(payload), now));
        while (serving.next_frame(peer(1))) {
        }
        ids.push_back(id_of(name));
    }
    Rpc want;
    want.iwant = ids;
    const auto answered = [&] {
        serving.on_rpc(peer(1), encode_rpc(want), now);
        std::size_t frames_sent = 0;
        while (serving.next_frame(peer(1))) ++frames_sent;
        return frames_sent;
    };
    EXPECT_EQ(answered(), 1u) << "16 MiB at once at most";
    EXPECT_EQ(answered(), 0u);
    now += milliseconds(700);
    serving.heartbeat(now);
    EXPECT_EQ(answered(), 1u);
}

TEST_F(RouterTest, large_messages_are_announced_to_peers_of_version_1_2) {
    router.subscribe("/block", now);
    connect(peer(1));
    connect(peer(2));
    connect(peer(3), false, Version::v1_1);
    beat();
    for (std::uint32_t i = 1; i <= 3; ++i) settle(peer(i));
    message(peer(1), "small");
    const std::string large = "large " + std::string(2000, 'x');
    message(peer(1), large);
    EXPECT_TRUE(receive(peer(1)).idontwant.empty());
    EXPECT_EQ(receive(peer(2)).idontwant, std::vector{id_of(large)});
    EXPECT_TRUE(receive(peer(3)).idontwant.empty());
}

TEST_F(RouterTest, a_declined_message_is_not_forwarded_even_from_the_queue) {
    router.subscribe("/block", now);
    connect_all(3);
    beat();
    for (std::uint32_t i = 1; i <= 3; ++i) settle(peer(i));
    Rpc declined;
    declined.idontwant = {id_of("news")};
    send(peer(2), declined);
    message(peer(1), "news");
    router.report_validation(id_of("news"), peer(1), Verdict::accept, now);
    send(peer(3), declined);
    EXPECT_TRUE(receive(peer(2)).messages.empty());
    EXPECT_TRUE(receive(peer(3)).messages.empty());
    EXPECT_EQ(dropped("unwanted"), 2);
}

TEST_F(RouterTest, a_flood_of_idontwant_is_cut) {
    connect(peer(1));
    for (std::uint32_t rpc = 0; rpc < 20; ++rpc) {
        Rpc declined;
        for (std::uint32_t i = 0; i < 700; ++i) {
            declined.idontwant.push_back(id_of(std::to_string(rpc * 700 + i)));
        }
        send(peer(1), declined);
    }
    EXPECT_EQ(dropped("idontwant_limit"), 10 + 7000 - static_cast<double>(kDontWantMax));
}

// ---- what is not gossip

TEST_F(RouterTest, bytes_that_are_no_rpc_lead_to_a_disconnect) {
    connect(peer(1));
    connect(peer(2));
    router.on_rpc(peer(1), Bytes{0x0b, 0x0c}, now);
    router.on_malformed_frame(peer(2), now);
    const Effects effects = router.take_effects();
    ASSERT_EQ(effects.disconnects.size(), 2u);
    EXPECT_EQ(effects.disconnects[0].why, "malformed gossip frame");
    EXPECT_EQ(dropped("malformed_rpc"), 2);
}

TEST_F(RouterTest, a_peer_that_does_not_read_is_given_up) {
    connect(peer(1));
    for (int i = 0; i < 1000; ++i) {
        router.subscribe("/block", now);
        router.unsubscribe("/block", now);
    }
    const Effects effects = router.take_effects();
    ASSERT_EQ(effects.disconnects.size(), 1u);
    EXPECT_EQ(effects.disconnects[0].why, "does not read gossip");
}

TEST_F(RouterTest, peers_that_are_unknown_do_nothing) {
    router.on_rpc(peer(9), Bytes{1, 2, 3}, now);
    router.on_malformed_frame(peer(9), now);
    router.open_output(peer(9), Version::v1_2);
    router.lose_output(peer(9));
    router.remove_peer(peer(9), now);
    router.report_validation(id_of("x"), peer(9), Verdict::reject, now);
    EXPECT_FALSE(router.next_frame(peer(9)));
    const Effects effects = router.take_effects();
    EXPECT_TRUE(effects.disconnects.empty());
    EXPECT_TRUE(effects.writable.empty());
}

}  // namespace
}  // namespace lepton::libp2p::gossipsub
