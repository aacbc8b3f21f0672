// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/p2p_fixture.hpp"
#include "p2p/snappy_block.hpp"

#include <gtest/gtest.h>

namespace lepton::p2p {
namespace {

using namespace test;

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
    EXPECT_EQ(metric("lepton_peer_decode_failures_total{peer=\"" + peer(1).to_base58() +
                     "\",protocol=\"block\",reason=\"wrong_size\"}"),
              3);
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

}  // namespace
}  // namespace lepton::p2p
