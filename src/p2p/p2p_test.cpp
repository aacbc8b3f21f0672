// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/p2p.hpp"

#include "base/log.hpp"
#include "libp2p/simulation/sim_identity.hpp"
#include "p2p/snappy_block.hpp"
#include "types/ssz.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>

namespace lepton::p2p {
namespace {

using libp2p::Multiaddr;
using libp2p::PeerId;
using network_api::ChainNode;
using network_api::ChainView;
using network_api::FetchOutcome;
using network_api::FetchStatus;
using network_api::PublishKind;
using network_api::PublishOutcome;
using network_api::PublishStatus;
using std::chrono::milliseconds;
using std::chrono::seconds;

PeerId peer(std::uint32_t number) {
    return PeerId::from_public_key(libp2p::sim_public_key(number));
}

Multiaddr address(std::uint32_t number) {
    return {libp2p::sim_ip(number), 9000, peer(number)};
}

Root root(std::uint8_t number) {
    Root root;
    root.bytes.fill(number);
    return root;
}

SignedBlock block(std::uint64_t slot) {
    SignedBlock block;
    block.block.slot = Slot{slot};
    block.block.parent_root = root(7);
    return block;
}

SignedAttestation vote(std::uint64_t validator, std::uint64_t slot, std::size_t signature_size) {
    SignedAttestation vote;
    vote.validator_index = ValidatorIndex{validator};
    vote.data.slot = Slot{slot};
    vote.signature.bytes = Bytes(signature_size, 1);
    return vote;
}

// Blocks by root.
class FakeReader final : public storage::BlockReader {
  public:
    Result<std::optional<Bytes>, IoError> signed_block_bytes(const Root& wanted) const override {
        const auto found = blocks.find(wanted);
        if (found == blocks.end()) return std::nullopt;
        return ssz::encode(found->second);
    }
    Result<std::optional<Bytes>, IoError> state_bytes(const Root&) const override {
        return std::nullopt;
    }
    Result<std::vector<Checkpoint>, IoError> canonical_blocks(Slot start,
                                                              std::uint64_t count) const override {
        std::vector<Checkpoint> found;
        for (const auto& [root, block] : blocks) {
            const Slot slot = block.block.slot;
            if (slot >= start && slot - start < count) found.push_back({root, slot});
        }
        std::ranges::sort(found, {}, &Checkpoint::slot);
        return found;
    }
    Result<std::optional<storage::Checkpoints>, IoError> checkpoints() const override {
        return std::nullopt;
    }

    std::map<Root, SignedBlock> blocks;
};

// The logic with a swarm and a verifier that only note what they are told.
class P2pTest : public testing::Test {
  protected:
    P2pTest() {
        config.profile = network_profile("leanspec-test").value();
        config.committee_count = 4;
        auto first = std::make_shared<ChainView>();
        first->time = Interval{500};  // the begin of slot 100
        first->last_tick_unix_ms = clock.unix_ms();
        first->current_slot = Slot{100};
        first->head = {root(90), Slot{90}};
        first->latest_finalized = {root(80), Slot{80}};
        chain.set(first);
    }

    P2p& start() {
        using network_api::ReceivedAggregatedAttestation;
        using network_api::ReceivedAttestation;
        using network_api::ReceivedBlock;
        const auto take = [this](auto& list) {
            return [this, &list](auto& message) -> actor::SendResult {
                if (is_verifier_full) return actor::SendError::full;
                list.push_back(std::move(message));
                return {};
            };
        };
        VerifierRecipients verifier{
            actor::Recipient<ReceivedBlock>::to(
                [to = take(blocks)](ReceivedBlock& m) { return to(m); }),
            actor::Recipient<ReceivedAttestation>::to(
                [to = take(votes)](ReceivedAttestation& m) { return to(m); }),
            actor::Recipient<ReceivedAggregatedAttestation>::to(
                [to = take(aggregates)](ReceivedAggregatedAttestation& m) { return to(m); })};
        p2p = std::make_unique<P2p>(
            config, verifier, P2pWorld{chain, reader, clock, random, metrics});
        collect();
        return *p2p;
    }

    // Sorts the commands into the lists below.
    void collect() {
        for (SwarmCommand& command : p2p->take_commands()) {
            std::visit([this](auto& one) { note(std::move(one)); }, command);
        }
    }
    void note(Asked<SwarmPublish> asked) { publishes.push_back(std::move(asked)); }
    void note(Asked<SwarmDial> asked) { dials.push_back(std::move(asked)); }
    void note(Asked<SwarmRequest> asked) { requests.push_back(std::move(asked)); }
    void note(Asked<SwarmRespond> asked) { responses.push_back(std::move(asked)); }
    void note(SwarmVerdict verdict) { verdicts.push_back(verdict); }
    void note(SwarmDisconnect disconnect) { disconnects.push_back(std::move(disconnect)); }

    template <class Event>
    void event(Event event) {
        SwarmEvents batch;
        batch.events.emplace_back(std::move(event));
        p2p->on_events(std::move(batch));
        collect();
    }

    void connect(std::uint32_t number) { event(PeerConnected{peer(number), true}); }
    void disconnect(std::uint32_t number) {
        event(PeerDisconnected{peer(number), true, {libp2p::CloseCause::timeout, "idle"}});
    }

    // Connects and answers the question for the status, so that only other requests are left.
    void connect_quietly(std::uint32_t number) {
        connect(number);
        ASSERT_EQ(requests.size(), 1u);
        reply(take(requests), status_chunk({}));
    }

    template <class T>
    static T take(std::deque<T>& list) {
        T first = std::move(list.front());
        list.pop_front();
        return first;
    }

    void reply(Asked<SwarmRequest> asked, SwarmRequest::reply answer) {
        asked.then(std::move(answer));
        collect();
    }

    static std::vector<ResponseChunk> status_chunk(const Status& status) {
        return {{ResponseCode::success, ssz::encode(status)}};
    }
    static std::vector<ResponseChunk> block_chunk(const SignedBlock& block) {
        return {{ResponseCode::success, ssz::encode(block)}};
    }

    // Moves time to what is due next, at most `limit` ahead, until `until` holds.
    template <class Condition>
    bool wait(Condition until, Duration limit) {
        const Time end = clock.now() + limit;
        while (!until()) {
            const auto due = p2p->next_due();
            if (!due || *due > end) {
                clock.advance_to(end);
                return until();
            }
            clock.advance_to(*due);
            p2p->on_time();
            collect();
        }
        return true;
    }

    GossipReceived gossip(const Topic& topic, Bytes payload, std::uint32_t from = 1) {
        libp2p::gossipsub::Delivery delivery{.topic = topic_name(config.profile.fork_digest, topic),
                                             .id = {},
                                             .data = std::move(payload),
                                             .raw_size = 100,
                                             .peer = peer(from)};
        delivery.id.fill(++last_message);
        return {std::move(delivery)};
    }

    Bytes20 last_id() const {
        Bytes20 id;
        id.fill(last_message);
        return id;
    }

    void want(const Root& wanted) {
        p2p->fetch({wanted}, [this](const FetchOutcome& outcome) { fetched.push_back(outcome); });
        collect();
    }

    double metric(const std::string& line) const {
        const std::string text = metrics.text();
        const auto at = text.find("\n" + line + " ");
        return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size() + 2));
    }

    P2pConfig config;
    ManualClock clock{1'700'000'000'000};
    SeededRandom random{1};
    Metrics metrics;
    FakeReader reader;
    network_api::ChainViewSnapshot chain{std::make_shared<const ChainView>()};
    std::unique_ptr<P2p> p2p;

    std::deque<Asked<SwarmPublish>> publishes;
    std::deque<Asked<SwarmDial>> dials;
    std::deque<Asked<SwarmRequest>> requests;
    std::deque<Asked<SwarmRespond>> responses;
    std::deque<SwarmVerdict> verdicts;
    std::deque<SwarmDisconnect> disconnects;

    bool is_verifier_full = false;
    std::deque<network_api::ReceivedBlock> blocks;
    std::deque<network_api::ReceivedAttestation> votes;
    std::deque<network_api::ReceivedAggregatedAttestation> aggregates;
    std::vector<FetchOutcome> fetched;
    std::uint8_t last_message = 0;
};

// --- status

TEST_F(P2pTest, status_is_the_first_request_to_a_peer_on_both_sides) {
    start();
    want(root(1));
    event(PeerConnected{peer(1), true});
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[0].message.protocol, RequestProtocol::status);
    EXPECT_EQ(requests[0].message.peer, peer(1));
    EXPECT_EQ(requests[0].message.ssz,
              ssz::encode(Status{{root(80), Slot{80}}, {root(90), Slot{90}}}));
    EXPECT_EQ(requests[1].message.protocol, RequestProtocol::blocks_by_root);
    event(PeerConnected{peer(2), false});
    ASSERT_EQ(requests.size(), 3u);
    EXPECT_EQ(requests[2].message.protocol, RequestProtocol::status);
    EXPECT_EQ(requests[2].message.peer, peer(2));
}

TEST_F(P2pTest, status_is_polled_whatever_the_answer) {
    start();
    connect(1);
    const std::vector<SwarmRequest::reply> answers{
        status_chunk({}),
        std::unexpected(SwarmError{SwarmErrorKind::timeout, "10 s"}),
        std::vector<ResponseChunk>{},
        std::vector<ResponseChunk>{{ResponseCode::server_error, {}}},
        std::unexpected(SwarmError{SwarmErrorKind::unsupported, ""})};
    for (const auto& answer : answers) {
        ASSERT_EQ(requests.size(), 1u);
        EXPECT_EQ(requests.front().message.protocol, RequestProtocol::status);
        reply(take(requests), answer);
        const Time before = clock.now();
        ASSERT_TRUE(wait([&] { return !requests.empty(); }, seconds(60)));
        EXPECT_GE(clock.now() - before, kStatusInterval * 3 / 4);
        EXPECT_LE(clock.now() - before, kStatusInterval);
    }
    EXPECT_EQ(p2p->peers().points(peer(1), clock.now()), kPeerPointsMax);
    disconnect(1);
    take(requests);
    EXPECT_FALSE(wait([&] { return !requests.empty(); }, seconds(60)));
}

TEST_F(P2pTest, unknown_head_far_ahead_is_fetched_from_the_peer_that_told_of_it) {
    start();
    for (std::uint32_t i = 1; i <= 5; ++i) connect_quietly(i);
    connect(6);
    const SignedBlock head = block(99);
    const Root head_root = hash_tree_root(head.block);
    reply(take(requests), status_chunk({{}, {head_root, Slot{99}}}));
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests.front().message.protocol, RequestProtocol::blocks_by_root);
    EXPECT_EQ(requests.front().message.peer, peer(6));
    BlocksByRootRequest expected;
    expected.roots.push_back(head_root);
    EXPECT_EQ(requests.front().message.ssz, ssz::encode(expected));
    reply(take(requests), block_chunk(head));
    ASSERT_EQ(blocks.size(), 1u);
    EXPECT_EQ(blocks[0].block, head);
    EXPECT_EQ(blocks[0].root, head_root);
    EXPECT_EQ(blocks[0].peer, peer(6).to_base58());
    EXPECT_EQ(blocks[0].source, network_api::BlockSource::sync);
    EXPECT_EQ(blocks[0].gossip_id, std::nullopt);
    EXPECT_EQ(p2p->fetches().size(), 0u);
}

TEST_F(P2pTest, heads_that_are_near_known_or_impossible_are_not_followed) {
    auto view = std::make_shared<ChainView>(*chain.get());
    ChainNode known;
    known.root = root(5);
    known.slot = Slot{98};
    view->nodes = std::make_shared<const std::vector<ChainNode>>(1, known);
    chain.set(view);
    start();
    connect(1);
    const std::vector<Checkpoint> heads{{root(1), Slot{91}},
                                        {root(1), Slot{50}},
                                        {root(5), Slot{98}},
                                        {root(1), Slot{200}},
                                        {root(1), Slot{UINT64_MAX}}};
    for (const Checkpoint& head : heads) {
        reply(take(requests), status_chunk({{}, head}));
        EXPECT_TRUE(requests.empty());
        ASSERT_TRUE(wait([&] { return !requests.empty(); }, seconds(60)));
        ASSERT_EQ(requests.front().message.protocol, RequestProtocol::status);
    }
}

TEST_F(P2pTest, same_head_is_followed_again_only_after_a_while) {
    start();
    connect(1);
    const SignedBlock head = block(99);
    const Status ahead{{}, {hash_tree_root(head.block), Slot{99}}};
    std::vector<Time> followed;
    const Time end = clock.now() + seconds(100);
    while (clock.now() < end) {
        ASSERT_TRUE(wait([&] { return !requests.empty(); }, seconds(100)));
        auto next = take(requests);
        if (next.message.protocol == RequestProtocol::status) {
            reply(std::move(next), status_chunk(ahead));
        } else {
            followed.push_back(clock.now());
            reply(std::move(next), block_chunk(head));
        }
    }
    ASSERT_GE(followed.size(), 2u);
    for (std::size_t i = 1; i < followed.size(); ++i) {
        EXPECT_GE(followed[i] - followed[i - 1], kFollowAgain);
    }
}

TEST_F(P2pTest, status_requests_are_answered_from_the_view_and_taken_as_hint) {
    start();
    connect_quietly(1);
    const Status theirs{{}, {root(3), Slot{99}}};
    event(RequestReceived{{17, peer(1), RequestProtocol::status}, ssz::encode(theirs)});
    ASSERT_EQ(responses.size(), 1u);
    EXPECT_EQ(responses[0].message.to.id, 17u);
    EXPECT_TRUE(responses[0].message.is_last);
    EXPECT_EQ(
        responses[0].message.bytes,
        encode_response_chunk(ssz::encode(Status{{root(80), Slot{80}}, {root(90), Slot{90}}})));
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].message.protocol, RequestProtocol::blocks_by_root);
}

// --- publishing

TEST_F(P2pTest, publish_outcome_comes_after_the_router_has_spoken) {
    start();
    const auto own = std::make_shared<const SignedBlock>(block(100));
    const Root own_root = hash_tree_root(own->block);
    std::vector<PublishOutcome> outcomes;
    p2p->publish(network_api::PublishBlock{own, own_root},
                 [&](const PublishOutcome& outcome) { outcomes.push_back(outcome); });
    collect();
    EXPECT_TRUE(outcomes.empty());
    ASSERT_EQ(publishes.size(), 1u);
    EXPECT_EQ(publishes[0].message.topic, "/leanconsensus/12345678/block/ssz_snappy");
    EXPECT_EQ(snappy_block_decode(publishes[0].message.data, 1 << 20).value(), ssz::encode(*own));
    const std::string published = R"(lepton_published_total{kind="block",status="published"})";
    EXPECT_EQ(metric(published), -1);
    take(publishes).then({PublishStatus::published, 3});
    EXPECT_EQ(outcomes,
              std::vector{(PublishOutcome{
                  PublishKind::block, Slot{100}, own_root, PublishStatus::published, 3})});
    EXPECT_EQ(metric(published), 1);
}

TEST_F(P2pTest, every_failure_to_publish_is_reported_as_what_it_is) {
    start();
    for (const PublishStatus status : {PublishStatus::no_peers,
                                       PublishStatus::duplicate,
                                       PublishStatus::queue_full,
                                       PublishStatus::stopped}) {
        std::vector<PublishOutcome> outcomes;
        SignedAggregatedAttestation aggregate;
        aggregate.data.slot = Slot{100};
        p2p->publish(network_api::PublishAggregatedAttestation{aggregate, root(4)},
                     [&](const PublishOutcome& outcome) { outcomes.push_back(outcome); });
        collect();
        take(publishes).then({status, 0});
        EXPECT_EQ(outcomes,
                  std::vector{(PublishOutcome{
                      PublishKind::aggregated_attestation, Slot{100}, root(4), status, 0})});
    }
}

TEST_F(P2pTest, votes_go_to_the_subnet_of_their_validator) {
    start();
    const auto own = vote(6, 100, config.profile.signature_size);
    p2p->publish(network_api::PublishAttestation{own, root(4)}, [](const PublishOutcome&) {});
    collect();
    ASSERT_EQ(publishes.size(), 1u);
    EXPECT_EQ(publishes[0].message.topic, "/leanconsensus/12345678/attestation_2/ssz_snappy");
}

TEST_F(P2pTest, message_above_the_wire_limit_is_not_even_tried) {
    start();
    SignedAggregatedAttestation huge;
    huge.proof.proof = ProofBytes(Bytes(kProofSizeMax + 1000));
    std::vector<PublishOutcome> outcomes;
    p2p->publish(network_api::PublishAggregatedAttestation{huge, root(4)},
                 [&](const PublishOutcome& outcome) { outcomes.push_back(outcome); });
    collect();
    EXPECT_TRUE(publishes.empty());
    ASSERT_EQ(outcomes.size(), 1u);
    EXPECT_EQ(outcomes[0].status, PublishStatus::too_large);
}

// --- gossip

TEST_F(P2pTest, good_gossip_goes_to_the_verifier_without_a_verdict) {
    start();
    connect_quietly(1);
    event(gossip({TopicKind::block, {}}, ssz::encode(block(100))));
    ASSERT_EQ(blocks.size(), 1u);
    EXPECT_EQ(blocks[0].block, block(100));
    EXPECT_EQ(blocks[0].peer, peer(1).to_base58());
    EXPECT_EQ(blocks[0].gossip_id, last_id());
    const auto other = vote(5, 100, config.profile.signature_size);
    event(gossip({TopicKind::attestation, SubnetId{1}}, ssz::encode(other)));
    ASSERT_EQ(votes.size(), 1u);
    EXPECT_EQ(votes[0].attestation, other);
    EXPECT_EQ(votes[0].gossip_id, last_id());
    SignedAggregatedAttestation aggregate;
    aggregate.data.slot = Slot{100};
    aggregate.proof.participants.push_back(true);
    event(gossip({TopicKind::aggregation, {}}, ssz::encode(aggregate)));
    ASSERT_EQ(aggregates.size(), 1u);
    EXPECT_EQ(aggregates[0].attestation, aggregate);
    EXPECT_EQ(aggregates[0].gossip_id, last_id());
    EXPECT_TRUE(verdicts.empty());
}

TEST_F(P2pTest, full_verifier_means_ignore_and_is_counted) {
    start();
    connect_quietly(1);
    is_verifier_full = true;
    event(gossip({TopicKind::block, {}}, ssz::encode(block(100))));
    ASSERT_EQ(verdicts.size(), 1u);
    EXPECT_EQ(verdicts[0].id, last_id());
    EXPECT_EQ(verdicts[0].peer, peer(1));
    EXPECT_EQ(verdicts[0].verdict, GossipVerdict::ignore);
    EXPECT_EQ(metric(R"(lepton_gossip_messages_total{result="verifier_full",topic="block"})"), 1);
    EXPECT_EQ(p2p->peers().points(peer(1), clock.now()), kPeerPointsMax);
}

TEST_F(P2pTest, early_and_final_blocks_are_ignored_without_blame) {
    start();
    connect_quietly(1);
    event(gossip({TopicKind::block, {}}, ssz::encode(block(102))));
    event(gossip({TopicKind::block, {}}, ssz::encode(block(80))));
    ASSERT_EQ(verdicts.size(), 2u);
    EXPECT_EQ(verdicts[0].verdict, GossipVerdict::ignore);
    EXPECT_EQ(verdicts[1].verdict, GossipVerdict::ignore);
    EXPECT_TRUE(blocks.empty());
    EXPECT_EQ(p2p->peers().points(peer(1), clock.now()), kPeerPointsMax);
}

TEST_F(P2pTest, undecodable_gossip_is_rejected_and_the_third_time_the_sender_goes) {
    start();
    connect_quietly(1);
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(disconnects.empty());
        event(gossip({TopicKind::block, {}}, Bytes{1, 2, 3}));
        EXPECT_EQ(verdicts.back().verdict, GossipVerdict::reject);
    }
    ASSERT_EQ(disconnects.size(), 1u);
    EXPECT_EQ(disconnects[0].peer, peer(1));
    EXPECT_EQ(metric(R"(lepton_gossip_messages_total{result="wrong_size",topic="block"})"), 3);
    EXPECT_EQ(metric("lepton_peers_banned_total"), 1);
    disconnect(1);
    requests.clear();
    connect(1);
    EXPECT_EQ(disconnects.size(), 2u);
    EXPECT_TRUE(requests.empty());
}

TEST_F(P2pTest, verdicts_reach_the_router_and_the_peer_pays_by_the_table) {
    start();
    connect_quietly(1);
    network_api::GossipVerdictMessage verdict;
    verdict.id.fill(9);
    verdict.peer = peer(1).to_base58();
    verdict.verdict = GossipVerdict::accept;
    p2p->on_verdict(verdict);
    verdict.verdict = GossipVerdict::ignore;
    verdict.reason = Rejection::UNKNOWN_HEAD_BLOCK;
    p2p->on_verdict(verdict);
    EXPECT_EQ(p2p->peers().points(peer(1), clock.now()), kPeerPointsMax);
    verdict.verdict = GossipVerdict::reject;
    verdict.reason = Rejection::INVALID_SIGNATURE;
    p2p->on_verdict(verdict);
    collect();
    ASSERT_EQ(verdicts.size(), 3u);
    EXPECT_EQ(verdicts[0].verdict, GossipVerdict::accept);
    EXPECT_EQ(verdicts[1].verdict, GossipVerdict::ignore);
    EXPECT_EQ(verdicts[2].verdict, GossipVerdict::reject);
    EXPECT_EQ(verdicts[2].id, verdict.id);
    EXPECT_EQ(verdicts[2].peer, peer(1));
    EXPECT_EQ(p2p->peers().points(peer(1), clock.now()),
              kPeerPointsMax - rejection_row(Rejection::INVALID_SIGNATURE).penalty);
}

TEST_F(P2pTest, reports_cost_points_and_own_blocks_blame_nobody) {
    start();
    connect_quietly(1);
    p2p->on_report({peer(1).to_base58(), Rejection::STATE_ROOT_MISMATCH, root(1)});
    p2p->on_report({"", Rejection::STATE_ROOT_MISMATCH, root(1)});
    EXPECT_EQ(p2p->peers().points(peer(1), clock.now()),
              kPeerPointsMax - rejection_row(Rejection::STATE_ROOT_MISMATCH).penalty);
}

// --- fetching

TEST_F(P2pTest, fetch_without_peers_waits_for_one) {
    start();
    const SignedBlock wanted = block(95);
    const Root wanted_root = hash_tree_root(wanted.block);
    want(wanted_root);
    EXPECT_TRUE(requests.empty());
    EXPECT_TRUE(fetched.empty());
    EXPECT_EQ(metric("lepton_block_fetches_stalled"), 1);
    connect(1);
    ASSERT_EQ(requests.size(), 2u);
    take(requests);
    reply(take(requests), block_chunk(wanted));
    EXPECT_EQ(fetched, std::vector{(FetchOutcome{wanted_root, FetchStatus::delivered, 1})});
    ASSERT_EQ(blocks.size(), 1u);
    EXPECT_EQ(metric("lepton_block_fetches_stalled"), 0);
}

// Everything but the wanted block counts as a failed attempt, goes to another peer and leaves
// nothing behind.
TEST_F(P2pTest, every_wrong_answer_is_a_failed_attempt) {
    const std::vector<std::pair<SwarmRequest::reply, double>> answers{
        {std::vector<ResponseChunk>{}, 0},
        {block_chunk(block(96)), kPenaltyWrongBlock},
        {std::vector<ResponseChunk>{{ResponseCode::resource_unavailable, {}}}, 0},
        {std::vector<ResponseChunk>{{ResponseCode::invalid_request, {}}}, 0},
        {std::vector<ResponseChunk>{{ResponseCode::success, Bytes{1, 2, 3}}}, 20},
        {std::vector<ResponseChunk>{{ResponseCode::success, {}}}, 20},
        {std::unexpected(SwarmError{SwarmErrorKind::timeout, ""}), 0},
        {std::unexpected(SwarmError{SwarmErrorKind::malformed, ""}), 20},
        {std::unexpected(SwarmError{SwarmErrorKind::unsupported, ""}), 0},
        {std::unexpected(SwarmError{SwarmErrorKind::disconnected, ""}), 0},
    };
    start();
    std::uint32_t number = 0;
    for (const auto& answer : answers) {
        const PeerId first = peer(++number);
        connect_quietly(number);
        want(root(1));
        ASSERT_EQ(requests.size(), 1u);
        ASSERT_EQ(requests.front().message.peer, first);
        reply(take(requests), answer.first);
        EXPECT_TRUE(fetched.empty());
        EXPECT_EQ(p2p->peers().points(first, clock.now()), kPeerPointsMax - answer.second);
        EXPECT_EQ(p2p->fetches().in_flight(), 0u);
        EXPECT_EQ(p2p->fetches().size(), 1u);
        // Another peer comes, and is asked next.
        connect_quietly(++number);
        ASSERT_TRUE(wait([&] { return !requests.empty(); }, seconds(1)));
        EXPECT_EQ(requests.front().message.peer, peer(number));
        requests.clear();
        disconnect(number);
        disconnect(number - 1);
        p2p->stop();
        fetched.clear();
    }
    EXPECT_TRUE(blocks.empty());
}

TEST_F(P2pTest, give_up_is_reported_after_ten_attempts) {
    start();
    connect_quietly(1);
    want(root(1));
    for (unsigned i = 0; i < kFetchAttemptsMax; ++i) {
        ASSERT_TRUE(fetched.empty());
        ASSERT_TRUE(wait([&] { return !requests.empty(); }, seconds(3)));
        reply(take(requests), std::vector<ResponseChunk>{});
    }
    EXPECT_EQ(fetched, std::vector{(FetchOutcome{root(1), FetchStatus::gave_up, 10})});
    EXPECT_EQ(p2p->fetches().size(), 0u);
    EXPECT_EQ(metric(R"(lepton_block_fetches_total{kind="root",status="gave_up"})"), 1);
}

TEST_F(P2pTest, fetched_block_that_the_verifier_cannot_take_is_asked_for_again) {
    start();
    connect_quietly(1);
    const SignedBlock wanted = block(95);
    want(hash_tree_root(wanted.block));
    is_verifier_full = true;
    reply(take(requests), block_chunk(wanted));
    EXPECT_TRUE(fetched.empty());
    is_verifier_full = false;
    ASSERT_TRUE(wait([&] { return !requests.empty(); }, seconds(1)));
    reply(take(requests), block_chunk(wanted));
    EXPECT_EQ(fetched.size(), 1u);
    EXPECT_EQ(blocks.size(), 1u);
}

TEST_F(P2pTest, answer_after_the_connection_was_lost_changes_nothing) {
    start();
    connect_quietly(1);
    const SignedBlock wanted = block(95);
    want(hash_tree_root(wanted.block));
    auto late = take(requests);
    disconnect(1);
    reply(std::move(late), std::unexpected(SwarmError{SwarmErrorKind::disconnected, ""}));
    EXPECT_EQ(p2p->fetches().size(), 1u);
    EXPECT_EQ(p2p->fetches().in_flight(), 0u);
    EXPECT_TRUE(fetched.empty());
}

TEST_F(P2pTest, stop_answers_whoever_waits_for_a_block) {
    start();
    want(root(1));
    p2p->stop();
    EXPECT_EQ(fetched, std::vector{(FetchOutcome{root(1), FetchStatus::stopped, 0})});
}

// --- catching up by range

class RangeTest : public P2pTest {
  protected:
    RangeTest() {
        Root parent = root(7);
        for (std::uint64_t slot = 1; slot <= 100; ++slot) {
            chain_blocks.push_back(block(slot));
            chain_blocks.back().block.parent_root = parent;
            parent = hash_tree_root(chain_blocks.back().block);
        }
        set_imported(0);
    }

    // The own tree is the chain up to `slot`.
    void set_imported(std::uint64_t slot) {
        auto view = std::make_shared<ChainView>(*chain.get());
        std::vector<ChainNode> nodes;
        for (std::uint64_t i = 1; i <= slot; ++i) nodes.push_back({root_at(i), Slot{i}, {}, {}, 0});
        std::ranges::sort(nodes, {}, &ChainNode::root);
        view->nodes = std::make_shared<const std::vector<ChainNode>>(std::move(nodes));
        view->head = {slot == 0 ? Root{} : root_at(slot), Slot{slot}};
        view->latest_finalized = {};
        chain.set(view);
    }

    Root root_at(std::uint64_t slot) const {
        return hash_tree_root(chain_blocks.at(slot - 1).block);
    }

    std::vector<ResponseChunk> chunks(std::uint64_t first, std::uint64_t last) const {
        std::vector<ResponseChunk> chunks;
        for (std::uint64_t slot = first; slot <= last; ++slot) {
            chunks.push_back({ResponseCode::success, ssz::encode(chain_blocks.at(slot - 1))});
        }
        return chunks;
    }

    void connect_ahead(std::uint32_t number) {
        connect(number);
        auto status = take(requests);
        while (status.message.protocol != RequestProtocol::status) status = take(requests);
        reply(std::move(status), status_chunk({{}, {root_at(100), Slot{100}}}));
    }

    void expect_range(const Asked<SwarmRequest>& asked, std::uint64_t start) {
        EXPECT_EQ(asked.message.protocol, RequestProtocol::blocks_by_range);
        EXPECT_EQ(asked.message.ssz, ssz::encode(BlocksByRangeRequest{Slot{start}, kRangeBatch}));
        EXPECT_EQ(asked.message.chunks_max, kRangeBatch);
    }

    // Takes the next request for blocks, and answers statuses meanwhile.
    std::optional<Asked<SwarmRequest>> next_blocks_request(Duration limit) {
        const Time end = clock.now() + limit;
        while (wait([&] { return !requests.empty(); }, end - clock.now())) {
            auto next = take(requests);
            if (next.message.protocol != RequestProtocol::status) return next;
            reply(std::move(next), status_chunk({{}, {root_at(100), Slot{100}}}));
        }
        return std::nullopt;
    }

    std::vector<SignedBlock> chain_blocks;
};

TEST_F(RangeTest, batches_go_to_the_verifier_and_the_next_waits_for_the_import) {
    start();
    connect_ahead(1);
    ASSERT_EQ(requests.size(), 1u);
    expect_range(requests.front(), 1);
    reply(take(requests), chunks(1, 32));
    ASSERT_EQ(blocks.size(), 32u);
    for (std::size_t i = 0; i < 32; ++i) {
        EXPECT_EQ(blocks[i].block, chain_blocks[i]);
        EXPECT_EQ(blocks[i].root, root_at(i + 1));
        EXPECT_EQ(blocks[i].source, network_api::BlockSource::sync);
        EXPECT_EQ(blocks[i].peer, peer(1).to_base58());
    }
    EXPECT_FALSE(next_blocks_request(seconds(5)));
    set_imported(32);
    auto second = next_blocks_request(milliseconds(100));
    ASSERT_TRUE(second);
    expect_range(*second, 33);
    // Cut short: the rest is asked for again.
    reply(*std::move(second), chunks(33, 40));
    set_imported(40);
    auto third = next_blocks_request(milliseconds(100));
    ASSERT_TRUE(third);
    expect_range(*third, 41);
}

TEST_F(RangeTest, answers_that_are_not_what_was_asked_for_cost_points) {
    auto gap = chunks(1, 5);
    gap.erase(gap.begin() + 2);
    auto reversed = chunks(1, 2);
    std::swap(reversed[0], reversed[1]);
    const std::vector<std::pair<std::vector<ResponseChunk>, double>> answers{
        {gap, kPenaltyWrongBlock},
        {reversed, kPenaltyWrongBlock},
        {chunks(33, 33), kPenaltyWrongBlock},
        {{{ResponseCode::success, Bytes{1}}}, 20},
        {{{ResponseCode::server_error, {}}}, 0}};
    start();
    for (std::uint32_t i = 1; i <= answers.size(); ++i) {
        connect_ahead(i);
        auto asked = next_blocks_request(seconds(1));
        ASSERT_TRUE(asked);
        EXPECT_EQ(asked->message.peer, peer(i));
        reply(*std::move(asked), answers[i - 1].first);
        EXPECT_TRUE(blocks.empty());
        EXPECT_NEAR(
            p2p->peers().points(peer(i), clock.now()), kPeerPointsMax - answers[i - 1].second, 0.5);
    }
}

TEST_F(RangeTest, what_came_before_an_error_is_used) {
    start();
    connect_ahead(1);
    auto answer = chunks(1, 3);
    answer.push_back({ResponseCode::resource_unavailable, {}});
    reply(take(requests), answer);
    EXPECT_EQ(blocks.size(), 3u);
    EXPECT_TRUE(p2p->range().is_active());
}

TEST_F(RangeTest, blocks_wait_for_room_at_the_verifier) {
    start();
    connect_ahead(1);
    is_verifier_full = true;
    reply(take(requests), chunks(1, 32));
    EXPECT_TRUE(blocks.empty());
    is_verifier_full = false;
    EXPECT_TRUE(wait([&] { return blocks.size() == 32; }, milliseconds(200)));
}

// Nothing but time and the peers that are there is needed to start over.
TEST_F(RangeTest, starts_over_with_the_peers_it_has) {
    start();
    connect_ahead(1);
    reply(take(requests), std::unexpected(SwarmError{SwarmErrorKind::timeout, ""}));
    const Time failed_at = clock.now();
    auto again = next_blocks_request(seconds(60));
    ASSERT_TRUE(again);
    expect_range(*again, 1);
    EXPECT_EQ(clock.now() - failed_at, kRangeForgiveTime);
    // Blocks that are lost on their way to the tree are asked for again too.
    reply(*std::move(again), chunks(1, 32));
    again = next_blocks_request(seconds(60));
    ASSERT_TRUE(again);
    expect_range(*again, 1);
}

TEST_F(RangeTest, peer_without_the_protocol_is_followed_by_its_head) {
    start();
    connect_ahead(1);
    reply(take(requests), std::unexpected(SwarmError{SwarmErrorKind::unsupported, ""}));
    auto next = next_blocks_request(seconds(20));
    ASSERT_TRUE(next);
    EXPECT_EQ(next->message.protocol, RequestProtocol::blocks_by_root);
}

// --- peers

TEST_F(P2pTest, bootnodes_are_dialled_until_they_are_there) {
    config.bootnodes = {address(1), address(2)};
    start();
    ASSERT_EQ(dials.size(), 2u);
    // One fails at once, the other after a while: both are tried again.
    take(dials).then(std::unexpected(SwarmError{SwarmErrorKind::busy, "too many dials"}));
    clock.advance(seconds(5));
    take(dials).then(std::unexpected(SwarmError{SwarmErrorKind::timeout, "no answer"}));
    ASSERT_TRUE(wait([&] { return dials.size() == 2; }, seconds(13)));
    take(dials).then({});
    connect(1);
    take(dials).then(std::unexpected(SwarmError{SwarmErrorKind::stopped, ""}));
    ASSERT_TRUE(wait([&] { return !dials.empty(); }, seconds(25)));
    EXPECT_EQ(dials.size(), 1u);
    EXPECT_EQ(take(dials).message.address, address(2));
    disconnect(1);
    ASSERT_TRUE(wait([&] { return !dials.empty(); }, seconds(13)));
    EXPECT_EQ(take(dials).message.address, address(1));
    EXPECT_EQ(metric(R"(lean_peer_connection_events_total{direction="outbound",result="timeout"})"),
              1);
    EXPECT_EQ(metric(R"(lean_peer_connection_events_total{direction="outbound",result="error"})"),
              2);
}

TEST_F(P2pTest, gauges_follow_connections_and_name_the_clients) {
    config.peer_names = {{peer(1), "ethlambda_0"}};
    start();
    EXPECT_EQ(metric(R"(lean_connected_peers{client="ethlambda_0"})"), 0);
    EXPECT_EQ(metric(R"(lean_connected_peers{client="unknown"})"), 0);
    for (std::uint32_t i = 1; i <= 3; ++i) connect_quietly(i);
    EXPECT_EQ(metric(R"(lean_connected_peers{client="ethlambda_0"})"), 1);
    EXPECT_EQ(metric(R"(lean_connected_peers{client="unknown"})"), 2);
    event(IncomingRefused{"wrong key"});
    EXPECT_EQ(metric(R"(lean_peer_connection_events_total{direction="inbound",result="error"})"),
              1);
    event(MeshReport{{peer(1), peer(3)}});
    EXPECT_EQ(metric(R"(lean_gossip_mesh_peers{client="ethlambda_0"})"), 1);
    EXPECT_EQ(metric(R"(lean_gossip_mesh_peers{client="unknown"})"), 1);
    disconnect(1);
    EXPECT_EQ(metric(R"(lean_connected_peers{client="ethlambda_0"})"), 0);
    EXPECT_EQ(
        metric(R"(lean_peer_disconnection_events_total{direction="outbound",reason="timeout"})"),
        1);
}

// --- serving

TEST_F(P2pTest, blocks_are_served_by_root_and_by_range) {
    for (const std::uint64_t slot : {91u, 93u, 94u}) {
        reader.blocks.emplace(hash_tree_root(block(slot).block), block(slot));
    }
    start();
    connect_quietly(1);
    BlocksByRootRequest by_root;
    by_root.roots = {hash_tree_root(block(94).block), root(1), hash_tree_root(block(91).block)};
    event(RequestReceived{{1, peer(1), RequestProtocol::blocks_by_root}, ssz::encode(by_root)});
    event(RequestReceived{{2, peer(1), RequestProtocol::blocks_by_range},
                          ssz::encode(BlocksByRangeRequest{Slot{91}, 3})});
    std::map<std::uint64_t, std::vector<SignedBlock>> served;
    std::set<std::uint64_t> finished;
    while (!responses.empty()) {
        auto part = take(responses);
        ResponseDecoder decoder(part.message.to.protocol);
        std::vector<ResponseChunk> chunks;
        ASSERT_TRUE(decoder.feed(part.message.bytes, chunks));
        for (const ResponseChunk& chunk : chunks) {
            served[part.message.to.id].push_back(
                ssz::decode<SignedBlock>(chunk.payload, decode_context(config.profile)).value());
        }
        if (part.message.is_last) finished.insert(part.message.to.id);
        part.then({});
        collect();
    }
    EXPECT_EQ(served[1], (std::vector{block(94), block(91)}));
    EXPECT_EQ(served[2], (std::vector{block(91), block(93)}));
    EXPECT_EQ(finished, (std::set<std::uint64_t>{1, 2}));
}

TEST_F(P2pTest, malformed_requests_are_answered_and_cost_points) {
    start();
    connect_quietly(1);
    event(RequestReceived{{1, peer(1), RequestProtocol::status}, Bytes(79)});
    event(RequestReceived{{2, peer(1), RequestProtocol::blocks_by_range},
                          ssz::encode(BlocksByRangeRequest{Slot{1}, 0})});
    std::map<std::uint64_t, ResponseCode> codes;
    while (!responses.empty()) {
        auto part = take(responses);
        EXPECT_TRUE(part.message.is_last);
        codes[part.message.to.id] = response_code(part.message.bytes.at(0));
        part.then({});
        collect();
    }
    EXPECT_EQ(codes,
              (std::map<std::uint64_t, ResponseCode>{{1, ResponseCode::invalid_request},
                                                     {2, ResponseCode::invalid_request}}));
    // A count of zero is a wrong question, not wrong bytes.
    EXPECT_EQ(p2p->peers().points(peer(1), clock.now()), kPeerPointsMax - 20);
}

TEST_F(P2pTest, reply_that_cannot_be_sent_ends_its_request_only) {
    reader.blocks.emplace(hash_tree_root(block(91).block), block(91));
    reader.blocks.emplace(hash_tree_root(block(92).block), block(92));
    start();
    connect_quietly(1);
    event(RequestReceived{{1, peer(1), RequestProtocol::blocks_by_range},
                          ssz::encode(BlocksByRangeRequest{Slot{90}, 5})});
    event(RequestReceived{{2, peer(1), RequestProtocol::blocks_by_range},
                          ssz::encode(BlocksByRangeRequest{Slot{92}, 1})});
    ASSERT_EQ(responses.size(), 1u);
    take(responses).then(std::unexpected(SwarmError{SwarmErrorKind::disconnected, "reset"}));
    collect();
    ASSERT_EQ(responses.size(), 1u);
    EXPECT_EQ(responses.front().message.to.id, 2u);
    EXPECT_EQ(
        metric(
            R"(lepton_requests_received_total{protocol="blocks_by_range",result="disconnected"})"),
        1);
    event(RequestReceived{{3, peer(1), RequestProtocol::status}, ssz::encode(Status{})});
    ASSERT_EQ(responses.size(), 2u);
    responses.back().then(std::unexpected(SwarmError{SwarmErrorKind::timeout, ""}));
    EXPECT_EQ(metric(R"(lepton_requests_received_total{protocol="status",result="timeout"})"), 1);
}

}  // namespace
}  // namespace lepton::p2p
