// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Whole nodes of the P2P part: actor, adapter and swarm on a simulated network, with the verifier
// and the blockchain replaced by probes.
#include "p2p/p2p_actor.hpp"

#include "actor/system.hpp"
#include "libp2p/simulation/sim_identity.hpp"
#include "libp2p/simulation/sim_network.hpp"
#include "p2p/fake_block_reader.hpp"
#include "p2p/simulator_reactor.hpp"
#include "types/ssz.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>

namespace lepton::p2p {
namespace {

using libp2p::Multiaddr;
using libp2p::PeerId;
using network_api::BlockSource;
using network_api::FetchOutcome;
using network_api::FetchStatus;
using network_api::PublishOutcome;
using network_api::PublishStatus;
using std::chrono::milliseconds;
using std::chrono::seconds;

SignedBlock block(std::uint64_t slot) {
    SignedBlock block;
    block.block.slot = Slot{slot};
    block.block.parent_root.bytes.fill(7);
    block.proof.proof = ProofBytes(Bytes(3000, 5));
    return block;
}

Root root_of(const SignedBlock& block) {
    return hash_tree_root(block.block);
}

// Slots 1 to `length`, each block on the one before.
std::vector<SignedBlock> chain_of(std::uint64_t length) {
    std::vector<SignedBlock> chain;
    for (std::uint64_t slot = 1; slot <= length; ++slot) {
        SignedBlock next = block(slot);
        if (!chain.empty()) next.block.parent_root = root_of(chain.back());
        chain.push_back(std::move(next));
    }
    return chain;
}

// The simulated world of one test.
struct World {
    explicit World(std::uint64_t seed = 1)
        : simulator({.seed = seed, .unix_ms_at_start = 1'700'000'000'000}),
          random(seed),
          network(random) {}

    template <class Condition>
    bool run_until(Condition condition, Duration limit) {
        const Time end = simulator.now() + limit;
        while (!condition() && simulator.now() < end) simulator.run_for(milliseconds(10));
        return condition();
    }

    actor::Simulator simulator;
    SeededRandom random;
    libp2p::SimNetwork network;
};

// One node. Its verifier accepts everything at once, unless told otherwise.
class Node {
  public:
    Node(World& world, std::uint32_t number, const std::vector<std::uint32_t>& bootnodes = {})
        : id(PeerId::from_public_key(libp2p::sim_public_key(number))),
          world_(world),
          number_(number),
          random_(number),
          reactor_(world.simulator),
          system_(std::make_unique<actor::System>(actor::SystemOptions{
              .control = world.simulator, .offload = world.simulator, .random = random_})) {
        config_.profile = network_profile("leanspec-test").value();
        for (const std::uint32_t other : bootnodes) config_.bootnodes.push_back(address(other));
        set_head(0);
    }
    ~Node() { system_.reset(); }

    static Multiaddr address(std::uint32_t number) {
        return {
            libp2p::sim_ip(number), 9000, PeerId::from_public_key(libp2p::sim_public_key(number))};
    }

    void start() {
        auto actors = system_->wire<SwarmAdapter, P2pActor>(
            {{.name = "swarm", .scheduler = world_.simulator},
             {.name = "p2p", .scheduler = world_.simulator}},
            [this](const auto&) {
                Multiaddr listen = address(number_);
                listen.peer_id.reset();
                return SwarmAdapter(
                    swarm_adapter_config(
                        config_, libp2p::sim_public_key(number_), "lepton/test", listen),
                    reactor_,
                    world_.network.add_endpoint(
                        reactor_, libp2p::sim_public_key(number_), libp2p::sim_ip(number_)),
                    random_,
                    metrics);
            },
            [this](const auto& refs) {
                return P2pActor(config_,
                                verifier(),
                                SwarmRecipients(std::get<0>(refs)),
                                {chain, reader, world_.simulator.clock(), random_, metrics});
            });
        p2p.emplace(std::get<1>(actors));
        world_.simulator.run_ready();
    }

    // Publishes the chain view of a node whose head is at `slot`; genesis was long ago.
    void set_head(std::uint64_t slot, const Root& root = {}) {
        auto view = std::make_shared<network_api::ChainView>();
        view->time = Interval{5000};
        view->last_tick_unix_ms = world_.simulator.clock().unix_ms();
        view->head = {root, Slot{slot}};
        chain.set(view);
    }

    void publish(const SignedBlock& own) {
        p2p->recipient<network_api::PublishBlock>().ask(
            {std::make_shared<const SignedBlock>(own), root_of(own)},
            into<PublishOutcome>(published));
    }

    void fetch(const Root& root) {
        p2p->recipient<network_api::FetchBlock>().ask({root}, into<FetchOutcome>(fetched));
    }

    void judge(const network_api::ReceivedBlock& message, GossipVerdict verdict) {
        p2p->recipient<network_api::GossipVerdictMessage>().send_or_count(
            {message.gossip_id.value(), message.peer, verdict, std::nullopt});
    }

    double metric(const std::string& line) const {
        const std::string text = metrics.text();
        const auto at = text.find("\n" + line + " ");
        return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size() + 2));
    }
    double connected() const { return metric(R"(lean_connected_peers{client="unknown"})"); }

    actor::System& system() { return *system_; }

    PeerId id;
    Metrics metrics;
    FakeBlockReader reader;
    network_api::ChainViewSnapshot chain{std::make_shared<const network_api::ChainView>()};
    std::optional<actor::ActorRef<P2pActor>> p2p;
    bool accepts_gossip = true;
    /// Whatever comes is in the tree at once.
    bool imports = false;
    std::vector<network_api::ReceivedBlock> received;
    std::vector<PublishOutcome> published;
    std::vector<FetchOutcome> fetched;
    std::vector<actor::AskError> unanswered;

  private:
    template <class R>
    actor::Reply<R> into(std::vector<R>& answers) {
        return actor::Reply<R>{[this, &answers](const actor::AskResult<R>& answer) {
            if (answer) {
                answers.push_back(*answer);
            } else {
                unanswered.push_back(answer.error());
            }
        }};
    }

    VerifierRecipients verifier() {
        using network_api::ReceivedAggregatedAttestation;
        using network_api::ReceivedAttestation;
        using network_api::ReceivedBlock;
        return {actor::Recipient<ReceivedBlock>::to([this](ReceivedBlock message) {
                    if (message.gossip_id && accepts_gossip) judge(message, GossipVerdict::accept);
                    if (imports) import(message);
                    received.push_back(std::move(message));
                }),
                actor::Recipient<ReceivedAttestation>::to([](const ReceivedAttestation&) {}),
                actor::Recipient<ReceivedAggregatedAttestation>::to(
                    [](const ReceivedAggregatedAttestation&) {})};
    }

    void import(const network_api::ReceivedBlock& message) {
        auto view = std::make_shared<network_api::ChainView>(*chain.get());
        auto nodes = *view->nodes;
        nodes.push_back({message.root, message.block.block.slot, {}, {}, 0});
        std::ranges::sort(nodes, {}, &network_api::ChainNode::root);
        view->nodes = std::make_shared<const std::vector<network_api::ChainNode>>(std::move(nodes));
        if (message.block.block.slot > view->head.slot) {
            view->head = {message.root, message.block.block.slot};
        }
        chain.set(view);
    }

    World& world_;
    std::uint32_t number_;
    SeededRandom random_;
    SimulatorReactor reactor_;
    P2pConfig config_;
    std::unique_ptr<actor::System> system_;
};

TEST(P2pActor, two_nodes_exchange_a_block_by_gossip) {
    World world;
    Node a(world, 1);
    Node b(world, 2, {1});
    a.start();
    b.start();
    ASSERT_TRUE(
        world.run_until([&] { return a.connected() == 1 && b.connected() == 1; }, seconds(5)));
    world.simulator.run_for(seconds(3));
    a.publish(block(1000));
    ASSERT_TRUE(world.run_until([&] { return !b.received.empty(); }, seconds(5)));
    EXPECT_EQ(b.received[0].block, block(1000));
    EXPECT_EQ(b.received[0].root, root_of(block(1000)));
    EXPECT_EQ(b.received[0].peer, a.id.to_base58());
    EXPECT_EQ(b.received[0].source, BlockSource::gossip);
    ASSERT_EQ(a.published.size(), 1u);
    EXPECT_EQ(a.published[0].status, PublishStatus::published);
    EXPECT_EQ(a.published[0].peers, 1u);
    EXPECT_TRUE(a.received.empty());
    EXPECT_EQ(b.metric("lean_gossip_block_size_bytes_count"), 1);
    // The mesh is reported at intervals.
    ASSERT_TRUE(world.run_until(
        [&] { return b.metric(R"(lean_gossip_mesh_peers{client="unknown"})") == 1; }, seconds(11)));
}

TEST(P2pActor, block_is_relayed_only_after_its_verdict) {
    World world;
    Node a(world, 1);
    Node b(world, 2, {1});
    Node c(world, 3, {2});
    b.accepts_gossip = false;
    for (Node* node : {&a, &b, &c}) node->start();
    ASSERT_TRUE(world.run_until([&] { return b.connected() == 2; }, seconds(5)));
    world.simulator.run_for(seconds(3));
    a.publish(block(1000));
    ASSERT_TRUE(world.run_until([&] { return !b.received.empty(); }, seconds(5)));
    world.simulator.run_for(seconds(5));
    EXPECT_TRUE(c.received.empty());
    b.judge(b.received[0], GossipVerdict::accept);
    ASSERT_TRUE(world.run_until([&] { return !c.received.empty(); }, seconds(5)));
    EXPECT_EQ(c.received[0].peer, b.id.to_base58());
}

TEST(P2pActor, wanted_block_comes_by_root) {
    World world;
    Node a(world, 1);
    Node b(world, 2, {1});
    a.reader.add(block(5));
    a.start();
    b.start();
    // Before there is any peer.
    b.fetch(root_of(block(5)));
    ASSERT_TRUE(world.run_until([&] { return !b.fetched.empty(); }, seconds(5)));
    EXPECT_EQ(b.fetched, std::vector{(FetchOutcome{root_of(block(5)), FetchStatus::delivered, 1})});
    ASSERT_EQ(b.received.size(), 1u);
    EXPECT_EQ(b.received[0].block, block(5));
    EXPECT_EQ(b.received[0].peer, a.id.to_base58());
    EXPECT_EQ(b.received[0].source, BlockSource::sync);
    EXPECT_EQ(b.received[0].gossip_id, std::nullopt);
}

TEST(P2pActor, unknown_block_is_given_up) {
    World world;
    Node a(world, 1);
    Node b(world, 2, {1});
    a.start();
    b.start();
    ASSERT_TRUE(world.run_until([&] { return b.connected() == 1; }, seconds(5)));
    b.fetch(root_of(block(5)));
    ASSERT_TRUE(world.run_until([&] { return !b.fetched.empty(); }, seconds(30)));
    EXPECT_EQ(b.fetched, std::vector{(FetchOutcome{root_of(block(5)), FetchStatus::gave_up, 10})});
    EXPECT_TRUE(b.received.empty());
}

TEST(P2pActor, node_that_is_a_little_behind_gets_the_head_of_its_peer) {
    World world;
    Node a(world, 1);
    Node b(world, 2, {1});
    a.reader.add(block(10));
    a.set_head(10, root_of(block(10)));
    a.start();
    b.start();
    ASSERT_TRUE(world.run_until([&] { return !b.received.empty(); }, seconds(5)));
    EXPECT_EQ(b.received[0].block, block(10));
    EXPECT_EQ(b.received[0].source, BlockSource::sync);
    // A later head is found by asking again, without a new connection.
    a.reader.add(block(15));
    a.set_head(15, root_of(block(15)));
    ASSERT_TRUE(world.run_until([&] { return b.received.size() == 2; }, seconds(15)));
    EXPECT_EQ(b.received[1].block, block(15));
    EXPECT_TRUE(a.received.empty());
}

TEST(P2pActor, node_that_is_far_behind_catches_up_by_range) {
    World world;
    Node a(world, 1);
    Node b(world, 2, {1});
    const std::vector<SignedBlock> chain = chain_of(150);
    for (const SignedBlock& each : chain) a.reader.add(each);
    a.set_head(150, root_of(chain.back()));
    b.imports = true;
    a.start();
    b.start();
    ASSERT_TRUE(world.run_until([&] { return b.received.size() >= 140; }, seconds(30)));
    // The last few slots come by the head, and in a whole node by gossip.
    std::set<Root> distinct;
    for (const auto& message : b.received) {
        EXPECT_EQ(message.source, BlockSource::sync);
        distinct.insert(message.root);
    }
    EXPECT_EQ(distinct.size(), b.received.size());
    for (std::size_t i = 0; i < 130; ++i) ASSERT_EQ(b.received[i].block, chain[i]) << i;
}

TEST(P2pActor, large_answer_arrives_whole) {
    World world;
    Node a(world, 1);
    Node b(world, 2, {1});
    SignedBlock large = block(5);
    Bytes noise(kProofSizeMax);
    world.random.fill(noise);
    large.proof.proof = ProofBytes(noise);
    a.reader.add(large);
    a.start();
    b.start();
    b.fetch(root_of(large));
    ASSERT_TRUE(world.run_until([&] { return !b.received.empty(); }, seconds(20)));
    EXPECT_EQ(b.received[0].block, large);
}

TEST(P2pActor, publishing_alone_says_so) {
    World world;
    Node a(world, 1);
    a.start();
    a.publish(block(1000));
    world.simulator.run_ready();
    ASSERT_EQ(a.published.size(), 1u);
    EXPECT_EQ(a.published[0].status, PublishStatus::no_peers);
    EXPECT_EQ(a.published[0].peers, 0u);
    EXPECT_EQ(a.published[0].root, root_of(block(1000)));
}

TEST(P2pActor, lost_connection_is_dialled_again) {
    World world;
    Node a(world, 1);
    Node b(world, 2, {1});
    a.start();
    b.start();
    ASSERT_TRUE(world.run_until([&] { return b.connected() == 1; }, seconds(5)));
    world.network.drop_connections(a.id, b.id);
    ASSERT_TRUE(world.run_until([&] { return b.connected() == 0; }, seconds(2)));
    ASSERT_TRUE(world.run_until([&] { return b.connected() == 1; }, seconds(14)));
}

TEST(P2pActor, bootnode_that_starts_late_is_found) {
    World world;
    Node a(world, 1);
    Node b(world, 2, {1});
    b.start();
    world.simulator.run_for(seconds(60));
    EXPECT_EQ(b.connected(), 0);
    a.start();
    EXPECT_TRUE(world.run_until([&] { return b.connected() == 1; }, seconds(70)));
}

TEST(P2pActor, address_that_cannot_be_had_ends_the_node_with_a_reason) {
    World world;
    Node a(world, 1);
    Node same(world, 1);
    a.start();
    same.start();
    world.simulator.run_for(seconds(1));
    EXPECT_FALSE(a.system().exit().has_value());
    ASSERT_TRUE(same.system().exit().has_value());
    EXPECT_EQ(same.system().exit()->code, actor::kExitSupervision);
    EXPECT_NE(same.system().exit()->reason.find("listen on /ip4/10.0.0.1/udp/9000/quic-v1 failed"),
              std::string::npos)
        << same.system().exit()->reason;
}

TEST(P2pActor, stop_answers_what_is_open_and_is_no_failure) {
    World world;
    Node a(world, 1);
    Node b(world, 2, {1});
    a.start();
    b.start();
    ASSERT_TRUE(world.run_until([&] { return b.connected() == 1; }, seconds(5)));
    b.fetch(root_of(block(5)));
    world.simulator.run_ready();
    EXPECT_TRUE(b.fetched.empty());
    // One ask is under way, one still waits in the mailbox.
    b.publish(block(1000));
    b.system().shutdown();
    world.simulator.run_for(seconds(3));
    ASSERT_TRUE(b.system().exit().has_value());
    EXPECT_EQ(b.system().exit()->code, actor::kExitClean);
    EXPECT_EQ(b.fetched, std::vector{(FetchOutcome{root_of(block(5)), FetchStatus::stopped, 1})});
    EXPECT_EQ(b.published.size() + b.unanswered.size(), 1u);
    // The other side hears of it at once.
    EXPECT_EQ(a.connected(), 0);
}

TEST(P2pActor, same_seed_gives_the_same_run) {
    const auto run = [](std::uint64_t seed) {
        World world(seed);
        Node a(world, 1);
        Node b(world, 2, {1});
        Node c(world, 3, {1, 2});
        for (Node* node : {&a, &b, &c}) node->start();
        world.simulator.run_for(seconds(5));
        a.publish(block(1000));
        c.fetch(root_of(block(3)));
        world.simulator.run_for(seconds(20));
        return world.simulator.trace_hash();
    };
    EXPECT_EQ(run(1), run(1));
    EXPECT_NE(run(1), run(2));
}

// --- the actor alone, with an adapter that does what the test says

struct FakeAdapter {
    struct Quit {};
    using accepts = actor::Accepts<actor::On<SwarmNextEvents, 4>,
                                   actor::On<SwarmPublish, 2>,
                                   actor::On<SwarmDial, 4>,
                                   actor::On<SwarmRequest, 4>,
                                   actor::On<SwarmRespond, 4>,
                                   actor::On<SwarmVerdict, 4>,
                                   actor::On<SwarmDisconnect, 4>,
                                   actor::On<Quit, 1>>;
    struct Notes {
        std::vector<bool> first_demands;
        std::optional<actor::Demand<SwarmEvents>> demand;
        std::vector<actor::Reply<SwarmPublish::reply>> publishes;
        std::vector<Multiaddr> dials;
    };
    using Context = actor::Context<FakeAdapter>;

    void handle(SwarmNextEvents next, Context&) {
        notes.first_demands.push_back(next.is_first);
        notes.demand.emplace(std::move(next.demand));
    }
    void handle(SwarmPublish, actor::Reply<SwarmPublish::reply> reply, Context&) {
        notes.publishes.push_back(std::move(reply));
    }
    SwarmDial::reply handle(SwarmDial dial, Context&) {
        notes.dials.push_back(dial.address);
        return std::unexpected(SwarmError{SwarmErrorKind::unreachable, "fake"});
    }
    SwarmRequest::reply handle(SwarmRequest, Context&) {
        return std::unexpected(SwarmError{SwarmErrorKind::disconnected, "fake"});
    }
    SwarmRespond::reply handle(SwarmRespond, Context&) { return {}; }
    void handle(SwarmVerdict, Context&) {}
    void handle(SwarmDisconnect, Context&) {}
    void handle(Quit, Context& context) { context.stop(); }

    Notes& notes;
};

class P2pActorAlone : public testing::Test {
  protected:
    P2pActorAlone()
        : system({.control = world.simulator,
                  .offload = world.simulator,
                  .random = world.random,
                  .root = {.max_restarts = 2, .backoff_min = milliseconds(10)}}) {
        P2pConfig config;
        config.profile = network_profile("leanspec-test").value();
        config.bootnodes = {Node::address(9)};
        auto actors = system.wire<FakeAdapter, P2pActor>(
            {{.name = "swarm", .scheduler = world.simulator, .restart = actor::Restart::temporary},
             {.name = "p2p", .scheduler = world.simulator}},
            [this](const auto&) { return FakeAdapter{notes}; },
            [this, config](const auto& refs) {
                return P2pActor(config,
                                nobody(),
                                SwarmRecipients(std::get<0>(refs)),
                                {chain, reader, world.simulator.clock(), world.random, metrics});
            });
        adapter.emplace(std::get<0>(actors));
        p2p.emplace(std::get<1>(actors));
        world.simulator.run_ready();
    }

    static VerifierRecipients nobody() {
        return {actor::Recipient<network_api::ReceivedBlock>::to(
                    [](const network_api::ReceivedBlock&) {}),
                actor::Recipient<network_api::ReceivedAttestation>::to(
                    [](const network_api::ReceivedAttestation&) {}),
                actor::Recipient<network_api::ReceivedAggregatedAttestation>::to(
                    [](const network_api::ReceivedAggregatedAttestation&) {})};
    }

    void publish() {
        p2p->recipient<network_api::PublishBlock>().ask(
            {std::make_shared<const SignedBlock>(block(1)), root_of(block(1))},
            actor::Reply<PublishOutcome>{[this](const actor::AskResult<PublishOutcome>& outcome) {
                if (outcome) statuses.push_back(outcome->status);
            }});
        world.simulator.run_ready();
    }

    std::uint32_t incarnation() const {
        for (const actor::CellSnapshot& cell : system.snapshot()) {
            if (cell.name == "p2p") return cell.incarnation;
        }
        return 0;
    }

    World world;
    FakeBlockReader reader;
    Metrics metrics;
    network_api::ChainViewSnapshot chain{std::make_shared<const network_api::ChainView>()};
    FakeAdapter::Notes notes;
    actor::System system;
    std::optional<actor::ActorRef<FakeAdapter>> adapter;
    std::optional<actor::ActorRef<P2pActor>> p2p;
    std::vector<PublishStatus> statuses;
};

TEST_F(P2pActorAlone, listens_and_dials_from_the_start) {
    EXPECT_EQ(notes.first_demands, std::vector{true});
    EXPECT_EQ(notes.dials, std::vector{Node::address(9)});
    std::move(*std::exchange(notes.demand, std::nullopt)).item({});
    world.simulator.run_ready();
    EXPECT_EQ(notes.first_demands, (std::vector{true, false}));
    world.simulator.run_for(seconds(120));
    EXPECT_GE(notes.dials.size(), 4u);
    EXPECT_EQ(incarnation(), 1u);
}

TEST_F(P2pActorAlone, network_that_ends_is_a_failure_and_the_next_start_listens_anew) {
    std::move(*std::exchange(notes.demand, std::nullopt))
        .end({.source = "swarm", .why = "socket", .is_failure = true});
    world.simulator.run_for(seconds(1));
    EXPECT_EQ(incarnation(), 2u);
    EXPECT_EQ(notes.first_demands, (std::vector{true, true}));
}

TEST_F(P2pActorAlone, network_that_keeps_ending_ends_the_node_and_says_why) {
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(notes.demand) << i;
        EXPECT_FALSE(system.exit()) << i;
        std::move(*std::exchange(notes.demand, std::nullopt))
            .end({.source = "swarm", .why = "socket", .is_failure = true});
        world.simulator.run_for(seconds(1));
    }
    ASSERT_TRUE(system.exit().has_value());
    EXPECT_EQ(system.exit()->code, actor::kExitSupervision);
    EXPECT_NE(system.exit()->reason.find("swarm ended: socket"), std::string::npos)
        << system.exit()->reason;
}

TEST_F(P2pActorAlone, outcome_of_publishing_is_that_of_the_adapter) {
    publish();
    EXPECT_TRUE(statuses.empty());
    std::move(notes.publishes.at(0))({PublishStatus::published, 2});
    world.simulator.run_ready();
    EXPECT_EQ(statuses, std::vector{PublishStatus::published});
}

TEST_F(P2pActorAlone, adapter_that_lets_a_message_go_is_not_a_success) {
    publish();
    notes.publishes.clear();
    world.simulator.run_ready();
    EXPECT_EQ(statuses, std::vector{PublishStatus::stopped});
    EXPECT_EQ(incarnation(), 1u);
}

// "Stopped" is not to be retried: the node ends and says why.
TEST_F(P2pActorAlone, adapter_that_has_stopped_for_good_ends_the_node) {
    ASSERT_TRUE(adapter->send(FakeAdapter::Quit{}));
    // The next dial finds it out.
    world.simulator.run_for(seconds(30));
    ASSERT_TRUE(system.exit().has_value());
    EXPECT_EQ(system.exit()->code, actor::kExitSupervision);
    EXPECT_NE(system.exit()->reason.find("the swarm adapter has stopped"), std::string::npos)
        << system.exit()->reason;
}

}  // namespace
}  // namespace lepton::p2p
