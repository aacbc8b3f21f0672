// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Gossip between whole swarms on the simulated network.
#include "libp2p/multistream.hpp"
#include "libp2p/simulation/test_node.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <set>

namespace lepton::libp2p {
namespace {

using gossipsub::Verdict;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// `count` nodes, all subscribed to "/block".
struct Net {
    Net(std::size_t count, std::uint64_t seed, std::function<void(SwarmConfig&)> change = {})
        : random(seed), network(random) {
        for (std::uint32_t i = 1; i <= count; ++i) {
            SwarmConfig config = test_swarm_config(i);
            if (change) change(config);
            nodes.emplace_back(network, reactor, std::move(config), i).swarm.subscribe("/block");
        }
    }

    /// Everybody dials `degree` others.
    void connect_randomly(std::size_t degree) {
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            for (std::size_t n = 0; n < degree; ++n) {
                const auto other = static_cast<std::size_t>(random.below(nodes.size()));
                if (other != i) nodes[i].dial(nodes[other]);
            }
        }
        reactor.run_for(seconds(10));
    }
    void connect_all() {
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            for (std::size_t j = i + 1; j < nodes.size(); ++j) nodes[i].dial(nodes[j]);
        }
        reactor.run_for(seconds(10));
    }
    bool publish(std::size_t from, const std::string& payload) {
        return nodes[from].swarm.publish("/block", to_bytes(as_bytes(payload))).has_value();
    }
    double sum_events(const std::string& event) {
        double total = 0;
        for (TestNode& node : nodes) total += node.gossip_events(event);
        return total;
    }

    ManualReactor reactor;
    SeededRandom random;
    SimNetwork network;
    std::deque<TestNode> nodes;
};

TEST(GossipNetwork, every_message_reaches_everybody_once_with_few_copies) {
    Net net(20, 7);
    net.connect_randomly(6);
    for (const TestNode& node : net.nodes) {
        EXPECT_GE(node.swarm.mesh("/block").size(), 5u);
        EXPECT_LE(node.swarm.mesh("/block").size(), 12u);
    }
    std::set<std::string> sent;
    std::vector<std::size_t> own(net.nodes.size(), 0);
    for (int i = 0; i < 50; ++i) {
        const auto from = static_cast<std::size_t>(net.random.below(net.nodes.size()));
        const std::string payload = "message " + std::to_string(i);
        ASSERT_TRUE(net.publish(from, payload));
        sent.insert(payload);
        ++own[from];
        net.reactor.run_for(milliseconds(200));
    }
    net.reactor.run_for(seconds(5));
    for (std::size_t i = 0; i < net.nodes.size(); ++i) {
        const std::vector<std::string>& got = net.nodes[i].gossip;
        EXPECT_EQ(got.size() + own[i], sent.size()) << i;
        EXPECT_EQ(std::set<std::string>(got.begin(), got.end()).size(), got.size()) << i;
    }
    const double delivered = net.sum_events("delivered");
    EXPECT_EQ(delivered, 19 * 50);
    // Each node gets a copy from at most each of its mesh members.
    EXPECT_LT(net.sum_events("duplicate"), delivered * 8);
    EXPECT_GT(net.sum_events("duplicate"), 0);
}

TEST(GossipNetwork, meshes_agree_on_both_sides) {
    Net net(20, 8);
    net.connect_all();
    net.reactor.run_for(seconds(30));
    for (const TestNode& node : net.nodes) {
        for (const PeerId& member : node.swarm.mesh("/block")) {
            const auto other = std::ranges::find_if(
                net.nodes, [&](const TestNode& each) { return each.id() == member; });
            const std::vector<PeerId> back = other->swarm.mesh("/block");
            EXPECT_NE(std::ranges::find(back, node.id()), back.end());
        }
    }
}

TEST(GossipNetwork, no_node_breaks_the_rules_of_another) {
    Net net(30, 9);
    net.connect_all();
    for (int round = 0; round < 40; ++round) {
        TestNode& node = net.nodes[static_cast<std::size_t>(net.random.below(net.nodes.size()))];
        node.swarm.unsubscribe("/block");
        net.reactor.run_for(milliseconds(1500));
        node.swarm.subscribe("/block");
        net.publish(0, "message " + std::to_string(round));
        net.reactor.run_for(seconds(5));
    }
    for (TestNode& node : net.nodes) {
        EXPECT_TRUE(node.all<ConnectionClosed>().empty());
        EXPECT_EQ(node.gossip_events("promise_broken"), 0);
    }
}

TEST(GossipNetwork, nothing_passes_a_node_before_its_verdict) {
    Net net(3, 1);
    net.nodes[1].verdict.reset();
    net.nodes[0].dial(net.nodes[1]);
    net.nodes[1].dial(net.nodes[2]);
    net.reactor.run_for(seconds(3));
    ASSERT_TRUE(net.publish(0, "accepted"));
    ASSERT_TRUE(net.publish(0, "rejected"));
    ASSERT_TRUE(net.publish(0, "ignored"));
    net.reactor.run_for(seconds(5));
    ASSERT_EQ(net.nodes[1].gossip.size(), 3u);
    EXPECT_TRUE(net.nodes[2].gossip.empty());

    const auto judge = [&](const std::string& payload, Verdict verdict) {
        net.nodes[1].swarm.report_validation(test_message_id(payload), net.nodes[0].id(), verdict);
    };
    judge("accepted", Verdict::accept);
    judge("rejected", Verdict::reject);
    judge("ignored", Verdict::ignore);
    net.reactor.run_for(seconds(5));
    EXPECT_EQ(net.nodes[2].gossip, std::vector<std::string>{"accepted"});
}

TEST(GossipNetwork, a_peer_that_sends_invalid_messages_is_disconnected) {
    Net net(2, 2);
    net.nodes[1].verdict = Verdict::reject;
    net.connect_all();
    for (int i = 0; i < 3; ++i) {
        net.publish(0, "bad " + std::to_string(i));
        net.reactor.run_for(milliseconds(500));
    }
    const auto closed = net.nodes[1].all<ConnectionClosed>();
    ASSERT_EQ(closed.size(), 1u);
    EXPECT_EQ(closed[0]->reason.cause, CloseCause::local);
    EXPECT_EQ(closed[0]->reason.what, "gossipsub: invalid messages");
}

TEST(GossipNetwork, gossip_alone_recovers_what_the_mesh_does_not_carry) {
    Net net(12, 3, [](SwarmConfig& config) {
        config.gossip.degree = 1;
        config.gossip.degree_low = 1;
        config.gossip.degree_high = 1;
        config.gossip.degree_outbound = 0;
    });
    net.connect_all();
    ASSERT_TRUE(net.publish(0, "whisper"));
    net.reactor.run_for(seconds(6));
    for (std::size_t i = 1; i < net.nodes.size(); ++i) {
        EXPECT_EQ(net.nodes[i].gossip, std::vector<std::string>{"whisper"}) << i;
    }
    EXPECT_GT(net.sum_events("answered"), 0);
    EXPECT_EQ(net.sum_events("promise_broken"), 0);
}

TEST(GossipNetwork, idontwant_saves_copies_of_large_messages) {
    const auto copies = [](std::size_t idontwant_size_min) {
        Net net(20, 4, [&](SwarmConfig& config) {
            config.gossip.idontwant_size_min = idontwant_size_min;
        });
        net.connect_all();
        // Validation takes a while, so that the announcement is ahead of the message.
        for (TestNode& node : net.nodes) node.verdict.reset();
        for (int i = 0; i < 5; ++i) {
            net.publish(static_cast<std::size_t>(i),
                        std::to_string(i) + " large" + std::string(5000, 'x'));
            for (int step = 0; step < 40; ++step) {
                net.reactor.run_for(milliseconds(50));
                for (TestNode& node : net.nodes) {
                    while (!node.events.empty()) {
                        SwarmEvent event = std::move(node.events.front());
                        node.events.pop_front();
                        if (const auto* message = std::get_if<GossipMessage>(&event)) {
                            node.swarm.report_validation(
                                message->id, message->peer, Verdict::accept);
                        }
                    }
                }
            }
        }
        EXPECT_EQ(net.sum_events("delivered"), 5 * 19);
        return net.sum_events("duplicate");
    };
    const double without = copies(1'000'000);
    const double with = copies(1024);
    EXPECT_LT(with, without / 2) << with << " and " << without;
}

TEST(GossipNetwork, a_peer_that_does_not_read_loses_messages_and_harms_nobody) {
    struct Reader final : ConnectionHandler, StreamHandler {
        void on_stream(Connection&, std::unique_ptr<Stream> stream) override {
            stream->set_handler(this);
            Bytes answer;
            MultistreamLines::append_line(answer, "/multistream/1.0.0");
            MultistreamLines::append_line(answer, "/meshsub/1.2.0");
            stream->write(std::move(answer));
            streams.push_back(std::move(stream));
        }
        void on_closed(Connection&, const CloseReason&) override { is_closed = true; }
        void on_data(ByteView) override {}
        void on_end() override {}
        void on_error(const StreamError&) override {}
        void on_writable() override {}
        std::unique_ptr<Connection> connection;
        std::vector<std::unique_ptr<Stream>> streams;
        bool is_closed = false;
    } reader;
    Net net(2, 5);
    net.connect_all();
    auto transport = net.network.add_endpoint(net.reactor, sim_public_key(50), sim_ip(50));
    transport->dial(net.nodes[0].address, [&](Result<std::unique_ptr<Connection>, DialError> made) {
        reader.connection = std::move(*made);
        reader.connection->set_handler(&reader);
    });
    net.reactor.run_for(seconds(1));
    gossipsub::Rpc rpc;
    rpc.subscriptions = {{true, "/block"}};
    rpc.graft = {"/block"};
    Bytes flight;
    MultistreamLines::append_line(flight, "/multistream/1.0.0");
    MultistreamLines::append_line(flight, "/meshsub/1.2.0");
    append(flight, gossipsub::encode_frame(rpc));
    auto stream = reader.connection->open_stream();
    stream->set_handler(&reader);
    stream->write(std::move(flight));
    net.reactor.run_for(seconds(1));
    ASSERT_EQ(net.nodes[0].swarm.mesh("/block").size(), 2u);

    for (int i = 0; i < 60; ++i) {
        const std::string payload = std::to_string(i) + std::string(900'000, 'x');
        EXPECT_TRUE(net.publish(1, payload)) << i;
        net.reactor.run_for(milliseconds(100));
    }
    net.reactor.run_for(seconds(5));
    EXPECT_EQ(net.nodes[0].gossip.size(), 60u);
    EXPECT_GT(net.nodes[0].gossip_drops("forward_queue"), 30);
    EXPECT_TRUE(net.nodes[0].swarm.is_connected(net.nodes[1].id()));
    stream.reset();
    reader.streams.clear();
    reader.connection.reset();
}

TEST(GossipNetwork, nodes_that_were_cut_off_catch_up_on_their_meshes) {
    Net net(10, 6);
    net.connect_all();
    for (std::size_t i = 1; i < net.nodes.size(); ++i) {
        net.network.partition(net.nodes[0].id(), net.nodes[i].id());
    }
    net.reactor.run_for(seconds(30));
    EXPECT_EQ(net.nodes[0].swarm.peer_count(), 0u);
    for (std::size_t i = 1; i < net.nodes.size(); ++i) {
        net.network.heal(net.nodes[0].id(), net.nodes[i].id());
        net.nodes[0].dial(net.nodes[i]);
    }
    net.reactor.run_for(seconds(3));
    EXPECT_GE(net.nodes[0].swarm.mesh("/block").size(), 6u);
    ASSERT_TRUE(net.publish(5, "after"));
    net.reactor.run_for(seconds(1));
    EXPECT_EQ(net.nodes[0].gossip, std::vector<std::string>{"after"});
}

TEST(GossipNetwork, the_same_seed_gives_the_same_run) {
    const auto trace = [](std::uint64_t seed) {
        Net net(12, seed);
        net.connect_randomly(4);
        for (int i = 0; i < 10; ++i) {
            net.publish(static_cast<std::size_t>(i), "message " + std::to_string(i));
            net.reactor.run_for(milliseconds(300));
        }
        net.reactor.run_for(seconds(3));
        std::string text;
        for (TestNode& node : net.nodes) {
            for (const SwarmEvent& event : node.events) text += std::to_string(event.index());
            for (const std::string& payload : node.gossip) text += payload;
            text += node.metrics.text();
        }
        return text;
    };
    EXPECT_EQ(trace(11), trace(11));
    EXPECT_NE(trace(11), trace(12));
}

TEST(GossipNetwork, a_peer_that_crashed_and_came_back_is_spoken_to_on_its_new_connection) {
    ManualReactor reactor;
    SeededRandom random{3};
    SimNetwork network{random};
    TestNode node{network, reactor, 1};
    node.swarm.subscribe("/block");
    std::optional<TestNode> peer;
    const auto start_peer = [&] {
        peer.emplace(network, reactor, 2);
        peer->swarm.subscribe("/block");
        peer->dial(node);
    };
    start_peer();
    reactor.run_for(seconds(5));
    network.crash(peer->swarm.peer_id());
    start_peer();
    // The old connection, which nobody answers on, is closed as a duplicate.
    reactor.run_for(kDuplicateGrace + milliseconds(500));
    ASSERT_EQ(node.all<ConnectionClosed>().size(), 1U);
    ASSERT_EQ(node.all<ConnectionClosed>()[0]->remaining, 1U);
    ASSERT_TRUE(node.swarm.publish("/block", to_bytes(as_bytes(std::string_view{"block"}))));
    reactor.run_for(milliseconds(500));
    EXPECT_EQ(peer->gossip, std::vector<std::string>{"block"});
}

}  // namespace
}  // namespace lepton::libp2p
